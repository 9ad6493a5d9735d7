# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The life of one container: registered, prepared, started, ended, accounted for."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from . import messages, trees
from .addresses import Addresses
from .network import STORE, Network
from .patience import AWAY_S, LAST_WORDS_S, Patience
from .problems import Failed, Refused, Stopped, Unavailable
from .registration import Identity, Task, register, servers
from .server import TIMEOUT_S, Server
from .settings import Settings

if TYPE_CHECKING:
    from . import engine, sandbox
    from .disk import Watch
    from .layers import Made
    from .limits import Group
    from .serving import Serving

    Surroundings = sandbox.Root | sandbox.Built | engine.Given

PIPES_S = 5  # until the pipes of a killed namespace end
CLUSTERS_LIMIT = (
    "the node gave it no more. A cluster that does not allow oversubscription of memory gives what is reserved: ask for more, as by "
    "memory=1024"
)
LEASE_S = 5  # for one answer; another server is asked then
RENEW_S = 60  # a new server is found by then; one that has gone is noticed at once


class Outcome(NamedTuple):
    """What the server is told, and what our own exit code follows."""

    code: int | None
    signum: int | None
    reason: str

    @property
    def exit_code(self) -> int:
        return 128 + self.signum if self.signum else self.code or 0


class Signals:
    """SIGINT and SIGTERM from the cluster. Before the runtime runs they end us, then they are passed on to it."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._held = False
        self._pass_on: Callable[[int], None] | None = None

    def install(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # what our parent blocked would be blocked in the runtime
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, self._handle)

    def hold(self) -> None:
        """From here on a signal is only remembered."""
        self._held, self._pass_on = True, None

    def release(self, pass_on: Callable[[int], None]) -> None:
        """From here on a signal is passed on; so is one that came while they were held."""
        self._pass_on = pass_on
        if self.received:
            pass_on(self.received)

    def _handle(self, signum: int, _: object) -> None:
        self.received = signum
        if self._pass_on:
            self._pass_on(signum)
        elif not self._held:
            raise Stopped(signum)


class Timing:
    """How long each step of a start took, for the operator."""

    def __init__(self, began: float) -> None:
        self._began = self._last = began
        self._steps: list[str] = []

    def mark(self, step: str) -> None:
        now = time.perf_counter()
        self._steps.append(f"{step} {1e3 * (now - self._last):.0f}")
        self._last = now

    def __str__(self) -> str:
        return f"{1e3 * (self._last - self._began):.0f} ms ({', '.join(self._steps)})"


class Container:
    """One container of this allocation. Not to be run twice."""

    def __init__(
        self,
        settings: Settings,
        task: Task,
        identity: Identity,
        network: Network | None,
        signals: Signals,
        timing: Timing,
    ) -> None:
        """@param network: None: the node's"""
        from .logs import Logs

        self._settings, self._task, self._identity, self._network = settings, task, identity, network
        self._signals, self._timing = signals, timing
        self._http, self._rpc = Addresses(identity.http), Addresses(identity.rpc)
        self._scratch = os.path.join(settings.scratch, identity.container)
        self._logs = Logs(self._connect, identity.container)
        self._serving: Serving | None = None
        self._kept: Made | None = None
        self._process: sandbox.Process | engine.Process | None = None

    def run(self) -> Outcome:
        """From its files to its exit report. What can go wrong is in the outcome."""
        self._logs.start()
        try:
            outcome = self._live()
        except Stopped as e:
            outcome = Outcome(None, e.signum, str(e))
        except Exception as e:
            outcome = Outcome(1, None, messages.reason(e))
            self._logs.tell(f"The container could not be started: {outcome.reason}")
        self._signals.hold()
        if self._network:
            self._network.close()
        self._account(outcome)
        left = trees.remove(self._scratch)
        if left:
            messages.say(f"{self._scratch} could not be removed: {left}")
        return outcome

    def _connect(self, timeout_s: float = TIMEOUT_S) -> Server:
        return Server(self._http, self._identity.token, timeout_s)

    def _live(self) -> Outcome:
        from .relay import Relay
        from .store import Store
        from .vouch import can_vouch

        root = self._prepare()
        identity = self._write_identity()
        self._timing.mark("prepare")
        store = Store(self._network.store, self._http, self._logs.tell) if self._network else None
        relay = Relay(
            os.path.join(identity.directory, "serai.sock"),
            self._rpc,
            self._logs.tell,
            fields=None if can_vouch(self._task.version) else self._proof(),
        )
        try:
            relay.start()
            if store:
                store.start()
            self._serving = self._open_door()
            threading.Thread(target=self._renew, name="servers", daemon=True).start()
            return self._keep(root, identity, self._limited(root, identity))
        finally:
            if self._serving:
                self._serving.close()
            relay.close()
            if store:
                store.close()
            if _is_kept(root):
                root.keeping.forget()

    def _keep(self, root: Surroundings, identity: sandbox.Identity, outcome: Outcome) -> Outcome:
        """What it wrote becomes a layer, if it ended well and the server says that its function did, too."""
        from . import sandbox

        if not _is_kept(root):
            return outcome
        try:
            if outcome.exit_code or not self._is_wanted(Patience(AWAY_S)):
                return outcome
            with _repeated(lambda: self._is_wanted(Patience(0)), self._identity.heartbeat_interval_s or LEASE_S):
                root.stage.remove(root.path)
                self._kept = root.keeping.keep(root.written, sandbox.built_arguments(root, identity, {}), self._announce)
        except (Failed, OSError) as e:
            self._logs.tell(f"What the function wrote could not be kept: {e}")
            return Outcome(1, None, f"what it wrote could not be kept: {e}")
        return outcome

    def _is_wanted(self, patience: Patience) -> bool:
        """Asks the server whether it shall be kept, which is also a sign of life.

        @raise Failed: patience is over, or the server does not know us any more
        """
        server = self._connect()
        try:
            return bool(json.loads(server.insist(f"{self._path}/layer/wish", {}, patience))["wanted"])
        except (Refused, Unavailable) as e:
            raise Failed(f"the server does not say that it is wanted: {e}") from e
        finally:
            server.close()

    def _announce(self, tags: Sequence[str]) -> None:
        """@raise Failed: the server does not take it"""
        server = self._connect()
        try:
            for tag in tags:
                server.insist(f"{self._path}/layer/push", {"tag": tag, "proof": self._settings.secret}, Patience(AWAY_S))
        except (Refused, Unavailable) as e:
            raise Failed(f"the server does not take that it is pushed: {e}") from e
        finally:
            server.close()

    def _tell_kept(self, server: Server, patience: Patience) -> None:
        if not self._kept:
            return
        try:
            body = {**self._kept._asdict(), "proof": self._settings.secret}
            server.insist(f"{self._path}/layer", body, patience)
        except Refused as e:
            messages.say(f"the server does not take what was kept: {e}")  # the build was ended meanwhile

    @property
    def _path(self) -> str:
        return f"/internal/v1/containers/{self._identity.container}"

    def _prepare(self) -> Surroundings:
        if self._settings.by_engine:
            from . import engine

            return engine.prepare(self._task, self._connect, self._logs.tell)
        from . import sandbox
        from .prepare import prepare, prepare_built

        sandbox.find_bwrap()  # before there is work to be lost
        make = prepare_built if self._task.root else prepare
        return make(self._task, self._settings.cache, self._scratch, self._connect, self._logs.tell, self._network)

    def _open_door(self) -> Serving | None:
        if not self._task.serve:
            return None
        from .serving import Serving

        it = self._identity
        return Serving(
            self._task.serve,
            self._network,
            self._http,
            lambda: self._connect(LEASE_S),
            it.container,
            it.heartbeat_interval_s,
        )

    def _renew(self) -> None:
        """Asks now and then which servers there are. They may come and go while a container lives."""
        server = self._connect()
        while True:
            time.sleep(RENEW_S)
            try:
                http, rpc = servers(server, self._identity.container)
            except Unavailable:
                continue  # the next one is asked the next time
            except (Refused, Failed) as e:
                messages.say(f"the servers are not known any more: {e}")
                return
            self._http.renew(http)
            self._rpc.renew(rpc)

    def _proof(self) -> dict[str, str]:
        """Fields of each request: who it is, and where it finds large values."""
        proof = {"x-serai-container": self._identity.container, "x-serai-secret": self._identity.token}
        if self._network:
            proof["x-serai-store"] = "http://{}:{}".format(*STORE)
        return proof

    def _write_identity(self) -> sandbox.Identity:
        from . import devices, sandbox

        it, settings = self._identity, self._settings
        given = devices.NONE if settings.by_engine else devices.find(settings.gpus, settings.visible, settings.device_root)
        identity = sandbox.Identity(
            container=it.container,
            directory=os.path.dirname(sandbox.SOCKET) if settings.by_engine else os.path.join(self._scratch, "modal"),
            names=os.path.join(self._scratch, "names"),
            environment={
                "MODAL_TASK_ID": it.container,
                "MODAL_OVERRIDE_HEADERS": ",".join(f"{name}: {value}" for name, value in self._proof().items()),
                **({"MODAL_HEARTBEAT_INTERVAL": f"{it.heartbeat_interval_s:g}"} if it.heartbeat_interval_s else {}),
                **given.environment,
            },
            devices=given,
        )
        if settings.by_engine:
            sandbox.write_arguments(identity, it.arguments)
        else:
            sandbox.write_identity(identity, it.arguments, self._network)
        return identity

    def _limited(self, root: Surroundings, identity: sandbox.Identity) -> Outcome:
        if self._settings.by_engine:
            from . import engine, limits

            limits.raise_files()
            group = engine.Group(self._task.limits.memory_mb is not None)
            group.check_cpu(self._task.limits.milli_cpu, self._logs.tell)
            return self._watch(root, identity, group)
        from . import limits

        limits.lower_own()
        if not any(self._task.limits):
            return self._watch(root, identity, None)
        group = limits.make_group(limits.PREFIX + identity.container)
        try:
            for name in group.limit(self._task.limits):
                if name in ("pids", limits.REQUEST):
                    continue  # the platform's, for which the node's doctor speaks; and what is reserved all the same
                self._logs.tell(f"The {name} limit of this container does not hold: this node gives no control group for it")
            return self._watch(root, identity, group)
        finally:
            try:
                group.remove()
            except OSError as e:
                messages.say(f"a control group of {identity.container} is left: {e}")

    def _start(self, root: Surroundings, identity: sandbox.Identity, held: bool) -> sandbox.Process | engine.Process:
        if self._settings.by_engine:
            from . import engine

            return engine.start(root, identity)
        from . import sandbox

        return sandbox.start(sandbox.find_bwrap(), root, identity, held)

    def _watch(self, root: Surroundings, identity: sandbox.Identity, group: Group | engine.Group | None) -> Outcome:
        """Runs the sandbox to its end. On the main thread: bubblewrap dies with the thread that started it."""
        from .logs import Collector

        self._signals.hold()
        if self._signals.received:
            raise Stopped(self._signals.received)
        disk = self._disk(root, group)
        process = self._process = self._start(root, identity, held=bool(group or self._network))
        try:
            if group and process.init:
                group.add(process.init)
            if self._network:
                self._network.ready(keep=self._serving is not None)  # it has come beside the sandbox
            if self._serving:
                self._serving.start(process.interrupt, process.kill)
            process.release()
            disk.start(process.kill)
            collector = Collector(process.pipes, self._logs)
            collector.start()
            self._signals.release(self._serving.signal if self._serving else process.interrupt)
            self._timing.mark("start")
            messages.say(f"{identity.container} started in {self._timing}")
            ended = process.wait()
        finally:
            self._signals.hold()
            process.kill()  # does nothing after its end
        if _is_kept(root):
            disk.finish()
        else:
            disk.close()
        collector.join(PIPES_S)
        return self._judge(ended, group, disk, collector.last_error)

    def _disk(self, root: Surroundings, group: Group | engine.Group | None) -> Watch:
        """Looks at what will be written."""
        from . import disk

        asked = self._task.limits.disk_mb
        if self._settings.by_engine:
            limit = disk.limit(asked, "/")
            return disk.Watch(limit, root.count(limit * disk.MIB))
        limit = disk.limit(asked, root.written)
        return disk.Watch(limit, disk.Written(root.written, lambda: self._processes(group), limit * disk.MIB))

    def _processes(self, group: Group | None) -> list[int]:
        if group and group.places:
            return group.processes()
        return self._process.processes() if self._process else []

    def _judge(self, ended: sandbox.Exit, group: Group | engine.Group | None, disk: Watch, last_error: bytes) -> Outcome:
        if not ended.set_up:
            said = last_error.decode("utf-8", "replace").strip().removeprefix("bwrap: ")
            return Outcome(ended.code or 1, None, f"the sandbox could not be set up on this node: {said}")
        if disk.reason:
            return Outcome(None, signal.SIGKILL, f"out of disk: {disk.reason}")
        oom_kills = group.oom_kills() if group else 0
        is_over = self._serving is not None and bool(self._serving.reason)
        if oom_kills and ended.signum == signal.SIGKILL and not is_over:
            its_own = group.used_its_memory_up()
            why = f"it used more than {self._task.limits.memory_mb} MiB" if its_own else CLUSTERS_LIMIT
            return Outcome(None, ended.signum, f"out of memory: {why}")
        if oom_kills:
            self._logs.tell(f"{oom_kills} processes of this container were killed: out of memory")
        if is_over and ended.signum == signal.SIGKILL:
            return Outcome(1, None, self._serving.reason)
        if ended.signum:
            asked = " by the cluster" if ended.signum == self._signals.received else ""
            return Outcome(None, ended.signum, f"ended{asked} by {signal.Signals(ended.signum).name}")
        return Outcome(ended.code, None, f"exited with code {ended.code}" if ended.code else "ended")

    def _account(self, outcome: Outcome) -> None:
        """The logs first: who sees a container ended may then read them whole."""
        patience = Patience(AWAY_S)
        self._signals.release(lambda _: patience.shorten(LAST_WORDS_S))
        self._logs.close(patience)
        body = {"exit_code": outcome.code, "signal": outcome.signum, "reason": outcome.reason}
        server = Server(self._http, self._identity.token, timeout_s=5)
        try:
            self._tell_kept(server, patience)
            server.insist(f"{self._path}/exit", body, patience)
        except Refused as e:
            messages.say(f"the server does not take the report of the end: {e}")
        except Unavailable as e:
            messages.say(f"the server was away at the end; it will learn it from the cluster: {e}")
        finally:
            server.close()
        messages.say(f"{self._identity.container} {outcome.reason}")


def _is_kept(root: Surroundings) -> bool:
    """Whether what is written there may become a layer."""
    from . import sandbox

    return isinstance(root, sandbox.Built) and root.keeping is not None


@contextmanager
def _repeated(work: Callable[[], object], interval_s: float) -> Iterator[None]:
    """Does something now and then, on another thread, for as long as something else is done."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(interval_s):
            try:
                work()
            except Failed as e:
                messages.say(str(e))  # the next time may go better

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def run(settings: Settings, began: float) -> int:
    """@param began: when this program started, by perf_counter
    @return our exit code: 0 if the runtime ended well, else its own, 128 + n after signal n
    @raise Failed, Stopped: before there was a container to account for
    """
    signals, timing = Signals(), Timing(began)
    signals.install()
    if settings.by_engine:
        from . import engine

        engine.withdraw(settings.secrets)
    timing.mark("load")
    networks: list[Network] = []

    def meanwhile() -> None:
        """Begins what is needed next, and imports it, while the server looks into our request."""
        if os.geteuid() == 0 and not settings.by_engine:
            from . import namespaces  # noqa: F401 - what the network's processes need as well
        if not settings.shares_network and not settings.by_engine and not networks:
            networks.append(Network(forwarded=settings.node_ports))  # before there are threads
        _load()

    task, identity = register(settings, meanwhile)
    network = networks.pop() if networks else None
    if not settings.by_engine and (task.block_network or task.outbound is not None):  # also where others share the node's
        if network:
            network.close()
        forwarded = () if task.block_network else settings.node_ports  # a list of networks is of what leaves by eth0
        network = Network(outside=not task.block_network, forwarded=forwarded, outbound=task.outbound)
    timing.mark("register")
    return Container(settings, task, identity, network, signals, timing).run().exit_code


def _load() -> None:
    import subprocess  # noqa: F401

    from . import disk, limits, logs, prepare, relay, store  # noqa: F401
