# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A platform of its own, and what goes wrong with it: parts are killed, stopped and cut off, in an order that a seed gives."""

import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from serai_conformance.gateway import Gateway
from serai_conformance.operator import UP_WITHIN, exported
from serai_conformance.poll import eventually
from serai_conformance.processes import all_pids, begin, is_running, kill, parent, read, signalled, tree

KEPT = {"SERAI_PYTHON", "SERAI_YES"}
LEASE = 8
TUNED = {
    "SERAI_CALL_LEASE": f"PT{LEASE}S",  # a stopped runner is given up within the test
    "SERAI_CALL_MAX_LOSSES": "100",  # what is killed so often is no poison
    "SERAI_AUTOSCALE_CRASH_LIMIT": "100",
    "SERAI_RUNNER_SHARES_NETWORK": "true",  # the book that functions write to is on the loopback, as all of a test is
}
LONGEST_STOP = 5.0
LONGEST_CUT = 4.0
ENDED_WITHIN = 180  # its lease, or its time to start, and the time that a container has to end by itself
RUNNER_WITHIN = 20  # where there is work; there may be none


class Installation:
    """Serai in a directory of its own, on ports of its own. Its containers reach it through gateways."""

    def __init__(self, cli: Path, home: Path, servers: int = 1, tuned: Mapping[str, str] = TUNED):
        self.cli, self.home, self.servers = cli, home, servers
        others = {k: v for k, v in os.environ.items() if k in KEPT or not k.startswith(("SERAI_", "MODAL_", "NOMAD_"))}
        numbers = range(1, servers + 1)
        names = ["SERAI_NOMAD_PORT", "SERAI_DB_PORT"]
        names += [numbered(f"SERAI_{kind}_PORT", n) for n in numbers for kind in ("RPC", "HTTP", "WEB", "ADMIN")]
        ports = dict(zip(names, map(str, free_ports(len(names))), strict=True))
        self.environment = others | dict(tuned) | ports | {"SERAI_HOME": str(home)}

        def leading_to(*names: str) -> Gateway:
            return Gateway(",".join(f"http://127.0.0.1:{ports[name]}" for name in names))

        self.clients = leading_to(*(numbered("SERAI_RPC_PORT", n) for n in numbers))
        self.ways = {
            numbered(f"SERAI_{kind}_URL", n): leading_to(numbered(f"SERAI_{kind}_PORT", n))
            for n in numbers
            for kind in ("RPC", "HTTP")
        }

    def __enter__(self) -> "Installation":
        with ExitStack() as opened:
            opened.enter_context(self.clients)
            for name, way in self.ways.items():
                self.environment[name] = opened.enter_context(way)
            opened.callback(self.run, "down")
            self.up()
            self.opened = opened.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self.opened.close()

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [self.cli, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=2 * UP_WITHIN,
            check=False,
        )
        assert done.returncode == 0, f"./serai {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def up(self) -> None:
        self.run("up", "--servers", str(self.servers))

    def login(self) -> dict[str, str]:
        """Of a client, which has a way of its own."""
        return exported(self.run("env")) | {"MODAL_SERVER_URL": self.clients.address}

    def pids(self) -> dict[str, int]:
        """Of each part that was started."""
        state = json.loads((self.home / "run.json").read_text())
        return {name: part["process"]["pid"] for name, part in state["parts"].items()}

    def processes(self) -> set[int]:
        """Everything that runs out of this directory, the containers with it."""
        return {pid for pid in all_pids() if str(self.home).encode() in traces(pid)}

    def runners(self) -> list[int]:
        """The processes that allocations started."""
        return sorted(pid for pid in self.processes() if b"serai-runner.pyz" in read(pid, "cmdline"))

    def mounts(self) -> list[str]:
        return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(self.home) in line]


def numbered(setting: str, server: int) -> str:
    return setting if server == 1 else f"{setting}_{server}"


def free_ports(many: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(many)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def traces(pid: int) -> bytes:
    """By which a process is known as one of an installation: what it was started with, and where."""
    try:
        where = os.readlink(f"/proc/{pid}/cwd").encode()
    except OSError:
        where = b""
    return b"\0".join((read(pid, "cmdline"), read(pid, "environ"), where)) if is_running(pid) else b""


class Havoc:
    """What goes wrong, one after the other, and what `./serai up` has to mend after it. Stopped runners sleep beside it."""

    ALWAYS = ("kill server", "oversleep runner", "freeze runner", "orphan runner", "cut runners")
    OTHERS = (
        "kill database",
        "kill agent",
        *["kill runner"] * 3,
        "stop server",
        "stop database",
        "stop agent",
        "stop runner",
        *["cut clients"] * 2,
        "cut database",
    )
    EACH = len(ALWAYS) + len(OTHERS)

    def __init__(self, installation: Installation, seed: int):
        self.installation, self.random = installation, random.Random(seed)
        self.story: list[str] = []
        self.asleep: list[threading.Timer] = []
        self.frozen: list[tuple[int, bytes]] = []  # with when each began: pids come again

    def round(self, troubles: int = EACH) -> Iterator[Callable[[], None]]:
        """That many of all kinds, in some order. Each happens when it is called, and is over and mended when it returns."""
        drawn = [*self.ALWAYS, *self.random.sample(self.OTHERS, troubles - len(self.ALWAYS))]
        self.random.shuffle(drawn)
        for trouble in drawn:
            yield lambda trouble=trouble: self._happen(trouble)

    def over(self) -> None:
        """All who sleep are awake again, and those that never wake were ended by the platform."""
        for timer in self.asleep:
            timer.join()
        eventually(lambda: not self._still_frozen(), ENDED_WITHIN, "frozen containers are ended")

    def _still_frozen(self) -> list[int]:
        return [pid for pid, began in self.frozen if is_running(pid) and begin(pid) == began]

    def _happen(self, trouble: str) -> None:
        what, whom = trouble.split()
        time.sleep(self.random.uniform(0, 1))  # some work is done in between, how much does not matter
        began = time.monotonic()
        told = getattr(self, what)(whom)
        self.story.append(f"{trouble}{f' ({told})' if told else ''}: {time.monotonic() - began:.1f} s")

    def kill(self, whom: str) -> str | None:
        if whom == "runner":
            return self._to_a_runner(lambda pid: signalled([pid], signal.SIGKILL))
        kill(self._part(whom))
        self.installation.up()
        return None

    def stop(self, whom: str) -> str | None:
        """SIGSTOP for a while: it is there, and does not answer."""
        if whom == "runner":
            return self._to_a_runner(lambda pid: self._sleep(pid, self.random.uniform(0.5, LONGEST_STOP)))
        pid = self._part(whom)
        everyone = [pid] if whom == "agent" else tree(pid)
        signalled(everyone, signal.SIGSTOP)
        time.sleep(self.random.uniform(0.5, LONGEST_STOP))  # that long is what is tested
        signalled(everyone, signal.SIGCONT)
        return None

    def oversleep(self, _: str) -> str | None:
        """It wakes when its lease is over and others have what it worked on."""
        return self._to_a_runner(lambda pid: self._sleep(pid, self.random.uniform(1.5, 2) * LEASE))

    def freeze(self, _: str) -> str | None:
        """It never wakes, and nothing that it is asked for reaches it."""
        return self._to_a_runner(self._forever)

    def orphan(self, _: str) -> str | None:
        """It never wakes, and whoever watches over it is killed."""

        def left_alone(pid: int) -> None:
            self._forever(pid)
            signalled({parent(pid)} & self.installation.processes(), signal.SIGKILL)

        told = self._to_a_runner(left_alone)
        self.kill("agent")
        return told

    def _forever(self, pid: int) -> None:
        everyone = tree(pid)
        self.frozen += [(each, begin(each)) for each in everyone]
        signalled(everyone, signal.SIGSTOP)

    def _sleep(self, pid: int, seconds: float) -> None:
        everyone = tree(pid)
        signalled(everyone, signal.SIGSTOP)
        timer = threading.Timer(seconds, signalled, (everyone, signal.SIGCONT))
        timer.start()
        self.asleep.append(timer)

    def cut(self, whom: str) -> None:
        seconds = self.random.uniform(0.2, LONGEST_CUT)
        if whom == "database":
            self._cut_database(seconds)
            return
        gateways = [self.installation.clients] if whom == "clients" else self.installation.ways.values()
        for cut in [gateway.cut(seconds) for gateway in gateways]:
            cut.result(seconds + 30)

    def _cut_database(self, seconds: float) -> None:
        """Every session is broken off, and nobody lets new ones in; what was under way is committed or not, without an answer."""
        accepts, *others = tree(self._part("database"))
        sessions = [pid for pid in others if b"127.0.0.1(" in read(pid, "cmdline")]
        signalled([accepts], signal.SIGSTOP)
        signalled(sessions, signal.SIGTERM)
        time.sleep(seconds)
        signalled([accepts], signal.SIGCONT)

    def _part(self, whom: str) -> int:
        pids = self.installation.pids()
        names = sorted(name for name in pids if name == whom or name.startswith(f"{whom}-"))
        return pids[self.random.choice(names)]

    def _to_a_runner(self, happens: Callable[[int], None]) -> str | None:
        begun = time.monotonic()
        while not (runners := self.installation.runners()):
            if time.monotonic() - begun > RUNNER_WITHIN:
                return "nobody was there"
            time.sleep(0.1)
        happens(self.random.choice(runners))
        return None
