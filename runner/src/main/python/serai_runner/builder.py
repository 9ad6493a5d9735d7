# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The life of one build: registered, done layer by layer, accounted for. A layer that is not whole is never kept."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from . import collect, copying, devices, disk, limits, messages, remains, sandbox, trees, unused
from .bases import Base, apt_options, copy_python
from .built import Assembly
from .files import Cache, lay_out_for_layer
from .interpreter import of_image, this
from .layers import Layers, bases_of
from .lent import Lender
from .logs import Collector, Logs
from .namespaces import own_tree
from .network import Network, loopback_ports
from .patience import AWAY_S, LAST_WORDS_S, Patience
from .problems import Failed, Refused, Stopped, Unavailable
from .registration import File, ImageRoot, Limits, parse_files, parse_root, present
from .server import Server
from .settings import Settings
from .stages import Found, Stages

if TYPE_CHECKING:
    from .registry import Registry

CONTEXT = "/run/serai/context"
FROM_STAGE = "/run/serai/stage"
DOCUMENTS = "/run/serai/documents"
PYTHON = "/run/serai/python"
BIT = 20  # tags: one takes some requests to the registry
PIDS = 4096  # of all commands of a build together
PIPES_S = 5
MORE_DISK = "The platform's operator allows builds more by serai.image.build-disk=…"
OLDEST = (3, 10)  # of Python that runs this program, which is in the container then
# One with a library of its own has it looked for where not every distribution looks.
_PUT = f"""cp -R --no-preserve=ownership --preserve=mode,links {PYTHON}/usr/local/. /usr/local
for library in /usr/local/lib/libpython*.so*; do
    [ -e "$library" ] && echo /usr/local/lib >> /etc/ld.so.conf && ldconfig && break
done
true"""
_UV = """found=$(command -v "$1") || { echo "this base has no $1" >&2; exit 1; }
mkdir -p "$(dirname "$2")"
[ "$found" -ef "$2" ] || cp "$found" "$2"
"""
_WORKS = "import bz2, ctypes, hashlib, lzma, sqlite3, ssl, zlib"  # what stands on libraries
_VERSION = 'import platform; print("python=" + platform.python_version())'


class Work(NamedTuple):
    """One image's layer."""

    image: str
    steps: tuple[Mapping[str, Any], ...]
    bases: Mapping[str, Base]  # what stages stand on, by the name that steps have for it
    context: tuple[File, ...]
    secrets: Mapping[str, str]  # variables for its commands

    @staticmethod
    def of(it: Mapping[str, Any]) -> Work:
        bases = {name: Base.of(base) for name, base in (it.get("bases") or {}).items()}
        return Work(it["image"], tuple(it["steps"]), bases, parse_files(it["context"]), dict(it.get("secrets") or {}))


class Publication(NamedTuple):
    """An image as a container engine runs it."""

    tag: str
    package: str  # of the client's runtime, which goes into it
    version: str
    python_version: str  # the image's; empty: it is built now
    environment: Mapping[str, str]


class Build(NamedTuple):
    """What is to be done."""

    name: str
    token: str
    root: ImageRoot
    work: tuple[Work, ...]
    pythons: Mapping[str, str]  # prefixes on the node by version, beside the one that we run on
    memory_mb: int
    disk_mb: int | None  # of what it writes; None: half of what is free
    publication: Publication | None  # None: containers are not run by an engine

    @staticmethod
    def of(answer: bytes) -> Build:
        """@raise Failed: the answer is not what the two agreed on"""
        try:
            it = json.loads(answer)
            work = tuple(map(Work.of, it["work"]))
            pythons = dict(it.get("pythons") or {})
            publication = Publication(**it["publication"]) if it.get("publication") else None
            memory_mb, disk_mb = int(it["memory_mb"]), int(it.get("disk_mb") or 0) or None
            return Build(it["build"], it["token"], parse_root(it["root"]), work, pythons, memory_mb, disk_mb, publication)
        except (KeyError, TypeError, ValueError) as e:
            raise Failed(f"the server's answer is not understood ({type(e).__name__}: {e}); are both of one version?") from e


class Builder:
    """Of one build. Not to be run twice."""

    def __init__(self, settings: Settings, build: Build) -> None:
        self._settings, self._build = settings, build
        self._base = Base.of(build.root.base)
        self._scratch = os.path.join(settings.scratch, build.name)
        self._logs = Logs(self._connect, build.name, "builds")
        self._network: Network | None = None  # the node's
        self._process: sandbox.Process | None = None  # of the last command

    def _own_network(self) -> Network:
        """With the ports that containers have of the node's loopback, and those of an index or a proxy for builds."""
        named = loopback_ports([*self._base.environment.values(), *apt_options()])
        return Network(forwarded={*named, *self._settings.node_ports})

    def run(self) -> int:
        """@return our exit code; what went wrong is told to the server"""
        patience, reason, reference = Patience(AWAY_S), "", ""
        try:
            if not self._settings.shares_network:
                self._network = self._own_network()  # before there are threads
            self._logs.start()
            reference = self._make()
        except Stopped as e:
            patience, reason = Patience(LAST_WORDS_S), str(e)
        except Exception as e:
            reason = messages.reason(e)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self._network:
            self._network.close()
        trees.remove(self._scratch)
        self._logs.close(patience)
        self._tell("end", {"ok": not reason, "reason": reason, "reference": reference}, patience)
        if reason:
            messages.say(reason)
        return 1 if reason else 0

    def _make(self) -> str:
        """@return the reference of the image that was published; empty for none"""
        os.makedirs(self._scratch, mode=0o700)
        self._bwrap = sandbox.find_bwrap()
        assembly = Assembly(self._settings.cache, self._scratch, self._logs.tell, self._network, self)
        lower = assembly.lower(self._build.root)
        settings = self._settings
        given = devices.find(settings.gpus, settings.visible, settings.device_root)
        self._devices = devices.shown(devices.for_build(given), assembly.stage)
        base: list[str] = []
        if assembly.registry:
            self._collect_registry(assembly.registry)
            assembly.registry.mend(map(os.path.basename, reversed(lower)), self.announce)  # made before there was one, or lost
            if not self._base.layers:
                base = [os.path.basename(path) for path in lower[len(self._build.root.layers) :]]
        version = ""
        room = Room(disk.limit(self._build.disk_mb, assembly.layers.directory))
        for work in self._build.work:
            layer = Layer(self, assembly, lower, work, room)
            made, version = layer.make()
            lower.insert(0, assembly.layers.path(made.digest))
            room.take(lower[0])
            if assembly.registry:
                assembly.registry.keep(os.path.basename(lower[0]), self.announce)
            body = {"image": work.image, "digest": made.digest, "size": made.size, "python": version, "base": base}
            self._logs.settle(Patience(AWAY_S))
            self._tell("layers", body, Patience(AWAY_S))
        reference = self._publish(assembly, lower, version)
        self._collect(assembly.layers)
        return reference

    def _publish(self, assembly: Assembly, lower: list[str], built: str) -> str:
        """@param built: version of the Python of what was built just now; empty if nothing was"""
        it = self._build.publication
        if not it:
            return ""
        version = built or it.python_version
        if not version:
            raise Failed("the image has no Python on its PATH: add one, say by modal.Image.from_registry(…, add_python=…)")
        if tuple(map(int, version.split(".")[:2])) < OLDEST:
            raise Failed(f"the image has Python {version}; where a container engine runs containers, 3.10 is the oldest")
        names = [os.path.basename(path) for path in reversed(lower)]
        runtime = assembly.layers.of_runtime(self._settings.cache, it.package, it.version, of_image(version), self._logs.tell)
        self._logs.tell(f"Publishing the image as {it.tag}")
        return assembly.registry.publish([*names, os.path.basename(runtime)], it.environment, it.tag, self.announce)

    def announce(self, tags: Sequence[str]) -> None:
        """As registry.Ledger has it."""
        self._ask("registry/pushes", {"tags": [{"tag": tag} for tag in tags]})

    def base_digest(self, name: str, digest: str) -> str:
        """As registry.Ledger has it."""
        return json.loads(self._ask("bases", {"name": name, "digest": digest}))["digest"]

    def _ask(self, what: str, body: Mapping[str, Any]) -> bytes:
        """@raise Failed: the server refuses, or is away for too long"""
        server = self._connect()
        try:
            return server.insist(f"/internal/v1/builds/{self._build.name}/{what}", body, Patience(AWAY_S))
        except (Refused, Unavailable) as e:
            raise Failed(f"the server does not take what the build is about to do: {e}") from e
        finally:
            server.close()

    def _collect_registry(self, registry: Registry) -> None:
        """Removes from the registry what nobody needs: a little, as somebody waits for the build."""
        try:
            removed = remains.remove(registry, self._ask_remains, BIT)
        except (Failed, OSError, ValueError) as e:
            messages.say(f"the registry is not collected now: {e}")
            return
        if removed.problem:
            messages.say(f"the registry is not collected now: {removed.problem}")
        if removed.tags:
            messages.say(f"{removed.tags} tags were removed from the registry")

    def _ask_remains(self, what: str, body: Mapping[str, Any]) -> Any:
        return json.loads(self._ask(f"registry/{what}", body))

    def _collect(self, layers: Layers) -> None:
        """Removes from this node what no image has any more, and what nobody has used for long. What cannot be done now is left to the
        next build."""
        server = self._connect()
        try:
            answer = server.post(f"/internal/v1/builds/{self._build.name}/garbage", {"names": layers.names()})
            garbage = collect.Garbage.of(json.loads(answer))
            gone = collect.remove(garbage.names, layers)
            old = unused.remove(self._settings.cache, layers, garbage.retention_s)
        except Exception as e:  # what was made is there, whatever becomes of this
            messages.say(f"layers are not collected now: {messages.reason(e)}")
            return
        finally:
            server.close()
        if gone.entries:
            messages.say(f"{gone.entries} layers were removed from this node")
        if old.entries:
            messages.say(f"{old.entries} entries of this node's cache that nobody had used for long were removed")

    def at_hand(self, files: tuple[File, ...]) -> AbstractContextManager[Cache]:
        return Cache(self._settings.cache).at_hand(files, self._connect)

    @property
    def base(self) -> Base:
        return self._base

    @property
    def devices(self) -> devices.Devices:
        return self._devices

    def python(self, version: str) -> str:
        """@return the prefix of one on this node that can be moved"""
        own = this()
        prefix = own.prefix if own.version == version and own.relocated else self._build.pythons.get(version)
        if not prefix:
            raise Failed(
                f"this node has no Python {version} that could be put into an image: install one (say uv python install {version}) "
                f"and name it by serai.image.pythons={version}=/its/prefix"
            )
        return prefix

    def processes(self) -> list[int]:
        """Of the command that runs now."""
        return self._process.processes() if self._process else []

    def command(
        self, assembly: Assembly, options: list[str], words: list[str], watch: disk.Watch, quiet: bool = False
    ) -> tuple[int, bytes]:
        """Runs one in the sandbox.

        @param watch: ends it, and has looked at what it left
        @return its exit code, and the end of what it said
        """
        limits.lower_own()
        group = limits.make_group(f"{limits.PREFIX}{self._build.name}-{os.urandom(3).hex()}")
        try:
            group.limit(Limits(memory_mb=self._build.memory_mb, pids=PIDS))
            process = self._process = sandbox.spawn(
                [*assembly.stage.enter(), self._bwrap],
                lambda fds: options + [word for option, fd in fds.items() for word in (option, str(fd))],
                words,
                held=True,
            )
            sink = _Quiet() if quiet else _Tail(self._logs)
            try:
                if process.init:
                    group.add(process.init)
                process.release()
                watch.start(process.kill)
                collector = Collector(process.pipes, sink)
                collector.start()
                ended = process.wait()
            finally:
                process.kill()  # does nothing after its end
                watch.close()
            watch.finish()
            collector.join(PIPES_S)
            if not ended.set_up:
                raise Failed(f"the sandbox could not be set up on this node: {sink.said.decode('utf-8', 'replace').strip()}")
            if group.oom_kills():
                self._logs.tell(f"It used more than the {self._build.memory_mb} MiB of memory that a build has")
            return (128 + ended.signum if ended.signum else ended.code), sink.said
        finally:
            try:
                group.remove()
            except OSError as e:
                messages.say(f"a control group is left: {e}")

    def _connect(self) -> Server:
        return Server(self._settings.servers, self._build.token)

    def _tell(self, what: str, body: Mapping[str, Any], patience: Patience) -> None:
        server = self._connect()
        try:
            server.insist(f"/internal/v1/builds/{self._build.name}/{what}", body, patience)
        except Refused as e:
            messages.say(f"the server does not take it: {e}")  # somebody ended the build
        except Unavailable as e:
            messages.say(f"the server was away at the end: {e}")
        finally:
            server.close()


class Room:
    """What all layers of a build together may take on the disk."""

    def __init__(self, limit_mb: int) -> None:
        self._limit_mb = limit_mb
        self._taken = 0

    def watches(self, directory: str, processes: Callable[[], Iterable[int]]) -> Callable[[], disk.Watch]:
        """@param directory: of one layer, to which nothing is written yet
        @return makes one for each of its commands
        """
        written = disk.Written(directory, processes, self._limit_mb * disk.MIB - self._taken)
        return lambda: disk.Watch(self._limit_mb, lambda: self._taken + written(), MORE_DISK)

    def take(self, directory: str) -> None:
        """@param directory: of a layer that is done"""
        self._taken += disk.used(directory, [])


class Layer:
    """One in the making: what is written to a root on what is there is kept when all of it is done."""

    def __init__(self, builder: Builder, assembly: Assembly, lower: list[str], work: Work, room: Room) -> None:
        self._builder, self._assembly, self._work = builder, assembly, work
        self._below, self._bases = os.path.basename(lower[0]), bases_of(lower)
        self._names = assembly.names()
        self._stages = Stages(assembly, lower, builder.base, work.bases)
        self._watch = room.watches(self._stages.written, builder.processes)
        self._lender = Lender(assembly, self._stages, self._show_context, work.secrets)
        self._context = ""

    def make(self) -> tuple[Any, str]:
        """@return the layer, and which Python the image has then; empty for none"""
        try:
            for step in self._work.steps:
                self._do(step)
            version = self._version()
            return self._assembly.layers.keep(self._stages.made(), self._below, self._bases), version
        finally:
            self._stages.close()

    def _do(self, step: Mapping[str, Any]) -> None:
        match step["kind"]:
            case "RUN":
                self._do_command(step)
            case "DIRECTORY":
                self._run(step, ["mkdir", "-p", "--", step["directory"]])
            case "UV":
                program = (step.get("sources") or ["uv"])[0]
                self._run(step, ["/bin/sh", "-c", _UV, "sh", program, step["target"]])
            case "SHELL":
                pass  # said to those who read the lines above
            case "PYTHON":
                self._put_python(step)
            case "COPY":
                self._copy(step)
            case "STAGE":
                self._stages.begin(step["name"], step["from"], step["system"])
            case other:
                raise Failed(f"this runner cannot do {other!r}; is it as new as the server?")

    def _do_command(self, step: Mapping[str, Any]) -> None:
        words = list(step["command"])
        if step["user"]:
            user, _, group = step["user"].partition(":")
            words = ["setpriv", f"--reuid={user}", *([f"--regid={group}"] if group else []), "--init-groups", "--", *words]
        root = self._stages.root.path
        try:
            lent = self._lender.lend(step.get("mounts") or (), root)
        except Failed as e:
            raise Failed(f"{step['line']}\n{e}") from e
        environment = {**step["environment"], **self._work.secrets, **lent.environment}
        try:
            self._run(step, words, environment, step["directory"] or "/", lent.words)
        finally:
            self._lender.take_back(lent, root)

    def _put_python(self, step: Mapping[str, Any]) -> None:
        """What `add_python` asks for: one that needs nothing of the system into which it comes, so best a standalone one."""
        version = step["sources"][0]
        prefix = self._builder.python(version)
        place = self._stages.directory("python")
        copy_python(prefix, place)
        try:
            self._run(step, ["/bin/sh", "-ec", _PUT], shown=["--ro-bind", self._stages.show(place), PYTHON])
            self._run(step, [f"{step['target']}/bin/python", "-c", _WORKS])
        except Failed as e:
            advice = f"Is {prefix} one that can be moved and needs no libraries of its system, as those of uv are?"
            raise Failed(f"{e}\n{advice}") from e

    def _run(
        self,
        step: Mapping[str, Any],
        command: Sequence[str],
        environment: Mapping[str, str] = MappingProxyType({}),
        directory: str = "/",
        shown: Sequence[str] = (),
    ) -> None:
        given, root = self._builder.devices, self._stages.root
        context = ("--ro-bind", self._context, CONTEXT) if self._context else ()
        environment = {**given.environment, **environment}
        if given.files:
            sandbox.prepend(environment, "LD_LIBRARY_PATH", devices.BUILD_LIBRARIES)
        directory = self._assembly.directory(root.path, directory)
        more = [*devices.arguments(given), *context, "--dir", directory, *shown]
        options = self._assembly.options(root.path, self._names, root.base, environment, directory, more)
        code, said = self._command(options, list(command), step["line"])
        if code:
            last = said.decode("utf-8", "replace").strip().splitlines()[-20:]
            raise Failed(f"{step['line']}\nended with exit code {code}:\n" + "\n".join(last))

    def _command(self, options: list[str], words: list[str], line: str, quiet: bool = False) -> tuple[int, bytes]:
        """@param line: by which the image's author knows it. @raise Failed: it wrote more than the build may"""
        watch = self._watch()
        try:
            code, said = self._builder.command(self._assembly, options, words, watch, quiet)
        except Failed as e:
            raise Failed(f"{line}\n{e}") from e
        if watch.reason:
            raise Failed(f"{line}\nis out of disk: {watch.reason}")
        return code, said

    def _copy(self, step: Mapping[str, Any]) -> None:
        of_stage, documents = step.get("from"), step.get("documents") or {}
        shown: list[str] = []
        sources: list[tuple[str, Found]] = []
        if step["sources"]:
            tree, inside = (self._stages.view(of_stage), FROM_STAGE) if of_stage else (self._show_context(), CONTEXT)
            shown = ["--ro-bind", tree, FROM_STAGE] if of_stage else []
            for pattern, found in zip(step["sources"], self._stages.find(tree, step["sources"]), strict=True):
                if not found:
                    whence = "in that stage" if of_stage else "in the files that were sent along"
                    raise Failed(f"{step['line']}\nthere is no {pattern} {whence}")
                sources += [(inside + it.path.rstrip("/"), it) for it in found]
        if documents:
            directory = self._stages.directory("documents")
            for name, text in documents.items():
                with open(os.path.join(directory, name), "x", encoding="utf-8") as file:
                    file.write(text)
                os.chmod(file.name, 0o644)
                sources.append((f"{DOCUMENTS}/{name}", Found("", name, False)))
            own_tree(directory)
            shown += ["--ro-bind", self._stages.show(directory), DOCUMENTS]
        self._run(step, copying.command(step, sources), shown=shown)

    def _show_context(self) -> str:
        if not self._context:
            place = self._stages.directory("context")
            with self._builder.at_hand(self._work.context) as files:
                lay_out_for_layer(self._work.context, files, place, is_shared=True)
            own_tree(place)
            self._context = self._stages.show(place)
        return self._context

    def _version(self) -> str:
        """Of the image's own Python, once all is done."""
        begun = max((number for number, step in enumerate(self._work.steps) if step["kind"] == "STAGE"), default=0)
        paths = (
            step["environment"]["PATH"] for step in reversed(self._work.steps[begun:]) if "PATH" in step.get("environment", ())
        )
        path, root = next(paths, sandbox.PATH), self._stages.root
        try:
            python = self._assembly.python(root.path, path)
        except Failed:
            return ""
        options = self._assembly.options(root.path, self._names, root.base, {"PATH": path}, "/", [])
        code, said = self._command(options, [python, "-B", "-S", "-E", "-c", _VERSION], "The image's own Python", quiet=True)
        found = re.search(rb"^python=(\S+)$", said, re.M)
        return found.group(1).decode() if found and not code else ""


class _Quiet:
    """Remembers the end of what a command says."""

    def __init__(self) -> None:
        self.said = b""

    def output(self, _fd: int, data: bytes, _at: float) -> None:
        self.said = (self.said + data)[-8_000:]


class _Tail(_Quiet):
    """Hands it on, too."""

    def __init__(self, logs: Logs) -> None:
        super().__init__()
        self._logs = logs

    def output(self, fd: int, data: bytes, at: float) -> None:
        super().output(fd, data, at)
        self._logs.output(fd, data, at)


def run(settings: Settings) -> int:
    """@return our exit code. @raise Failed, Stopped: before there was a build to account for"""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _stop)
    build = Build.of(present(settings, "/internal/v1/builds", lambda: None))
    return Builder(settings, build).run()


def _stop(signum: int, _frame: object) -> None:
    raise Stopped(signum)
