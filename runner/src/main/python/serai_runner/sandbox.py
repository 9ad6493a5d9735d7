# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""One container's view of the node, by bubblewrap: every namespace its own, the network's included (see network.Network).

*Root* is what can be prepared before anybody knows which container will live in it; *start* adds the identity.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from . import devices, programs, seccomp
from .files import Binding
from .interpreter import Interpreter
from .network import USER
from .problems import Failed
from .runtime import DEPENDENCIES

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from .engine import Given
    from .kept import Keeping
    from .namespaces import Stage
    from .network import Network

SOCKET = "/__modal/serai.sock"
ARGUMENTS = "/__modal/arguments"
ENTRY_POINT = ("-m", "modal._container_entrypoint")
PATH = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"
APPEAR_S = 2  # how long the runtime's process may take to appear below bubblewrap's

# What programs need of /etc. Nothing that names users, services or secrets of the node.
_ETC = (
    "alternatives crypto-policies debian_version fonts gai.conf host.conf ld.so.cache ld.so.conf ld.so.conf.d localtime "
    "mime.types nsswitch.conf os-release pki/ca-trust pki/tls/cert.pem pki/tls/certs pki/tls/openssl.cnf protocols "
    "services ssl/cert.pem ssl/certs ssl/openssl.cnf timezone"
).split()
_PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
_GROUP = "root:x:0:\nnogroup:x:65534:\n"
# Where distributions keep packages of their own or of the administrator, below a prefix.
_SITES = ("lib/python{v}/site-packages", "lib/python3/dist-packages", "lib64/python{v}/site-packages")
# As other container engines do it.
_PROC_READ_ONLY = ("acpi", "asound", "bus", "driver", "dynamic_debug", "fs", "irq", "scsi", "sys", "sysrq-trigger")
_PROC_CLOSED = ("interrupts", "kcore", "keys", "latency_stats", "sched_debug", "timer_list")


class Root(NamedTuple):
    """A prepared root: the same for every container of a pool."""

    interpreter: Interpreter
    runtime: str  # directory with pkg and deps
    bindings: tuple[Binding, ...]
    written: str  # directory of the node that has all of it that may be written to
    etc: str  # directory with our passwd and group
    workdir: str
    environment: Mapping[str, str]  # the image's and the secrets'
    network: Network | None = None  # None: the node's
    stage: Stage | None = None  # where root shows others what only it may get to; None: we are not root


class Built(NamedTuple):
    """A root of the image's own: layers, the container's files, and what it writes on top of them."""

    stage: Stage
    path: str
    written: str  # directory of the node that has what is written on top of the layers
    command: str  # its Python
    entrypoint: tuple[str, ...]
    runtime: str
    workdir: str
    environment: Mapping[str, str]
    certificates: str  # of the node, shown where programs of the distribution look for them; empty: the image's own
    keeping: Keeping | None = None  # None: nobody keeps what is written


class Identity(NamedTuple):
    """What makes a prepared root one container."""

    container: str
    directory: str  # shown as /__modal: the arguments, the socket
    names: str  # directory with hostname and hosts
    environment: Mapping[str, str]  # wins over the root's
    devices: devices.Devices = devices.NONE


def write_etc(directory: str) -> None:
    """Our passwd and group: the container's user is root, whoever that is on the node."""
    os.makedirs(directory, exist_ok=True)
    _write(os.path.join(directory, "passwd"), _PASSWD)
    _write(os.path.join(directory, "group"), _GROUP)


def write_identity(identity: Identity, arguments: bytes, network: Network | None = None) -> None:
    """The runtime's arguments, and its names."""
    os.makedirs(os.path.join(identity.directory, os.path.basename(DEPENDENCIES)), mode=0o700)  # its mount point
    write_arguments(identity, arguments)
    write_names(identity.names, _hostname(identity), network)


def write_arguments(identity: Identity, arguments: bytes) -> None:
    """What the runtime reads first."""
    with open(os.path.join(identity.directory, os.path.basename(ARGUMENTS)), "wb") as file:
        file.write(arguments)


def write_names(directory: str, hostname: str, network: Network | None) -> None:
    """A hostname that resolves, before the node's own hosts; and how others are found from that network."""
    os.makedirs(directory)
    if network:
        network.made()
        _write(os.path.join(directory, "resolv.conf"), network.resolver)
    try:
        with open("/etc/hosts", encoding="utf-8", errors="replace") as hosts_file:
            hosts = hosts_file.read()
    except OSError:
        hosts = "127.0.0.1\tlocalhost\n::1\tlocalhost\n"
    _write(os.path.join(directory, "hostname"), hostname + "\n")
    _write(os.path.join(directory, "hosts"), f"{hosts.rstrip()}\n127.0.1.1\t{hostname}\n")


def _hostname(identity: Identity) -> str:
    return identity.container[:63]  # what DNS allows a label


def arguments(root: Root, identity: Identity, fds: Mapping[str, int], hardened: bool) -> list[str]:
    """Bubblewrap's options. The order matters: a later mount covers an earlier one.

    @param hardened: no user namespaces inside; see *hardens*
    """
    return [
        *_namespaces(_hostname(identity), hardened),
        *("--tmpfs", "/"),
        *_system(),
        *_interpreter(root.interpreter),
        *_etc(root.etc, identity.names),
        *_proc(),
        *("--dev", "/dev", "--dir", "/run", "--dir", "/var/tmp", "--symlink", "/run", "/var/run"),
        *devices.arguments(identity.devices),
        *("--ro-bind", os.path.join(root.runtime, "pkg"), "/pkg"),
        *("--ro-bind", identity.directory, "/__modal"),
        *("--ro-bind", os.path.join(root.runtime, "deps"), DEPENDENCIES),
        *(word for b in root.bindings for word in ("--bind" if b.writable else "--ro-bind", b.source, b.target)),
        *("--remount-ro", "/usr/local"),
        *("--dir", root.workdir, "--chdir", root.workdir),
        *("--clearenv", *(word for pair in environment(root, identity).items() for word in ("--setenv", *pair))),
        *(word for option, fd in fds.items() for word in (option, str(fd))),
    ]


def built_arguments(root: Built, identity: Identity, fds: Mapping[str, int]) -> list[str]:
    """Bubblewrap's options for a root of the image's own. Its users are made already, and nobody inside makes others."""
    return [
        *("--uid", "0", "--gid", "0", *isolation(_hostname(identity))),
        *("--bind", root.path, "/"),
        *_proc(),
        *("--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run"),
        *network_files(identity.names),
        *(("--ro-bind", root.certificates, "/etc/ssl/certs/ca-certificates.crt") if root.certificates else ()),
        *devices.arguments(identity.devices),
        *("--ro-bind", os.path.join(root.runtime, "pkg"), "/pkg"),
        *("--ro-bind", identity.directory, "/__modal"),
        *("--ro-bind", os.path.join(root.runtime, "deps"), DEPENDENCIES),
        *("--dir", root.workdir, "--chdir", root.workdir),
        *("--clearenv", *(word for pair in environment(root, identity).items() for word in ("--setenv", *pair))),
        *(word for option, fd in fds.items() for word in (option, str(fd))),
    ]


def isolation(hostname: str) -> list[str]:
    """For what runs among users of our own already."""
    return [
        *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", hostname),
    ]


def network_files(names: str) -> list[str]:
    """How names are found. In the node's own network as the node does it."""
    own = os.path.join(names, "resolv.conf")
    words = ["--ro-bind-try", own if os.path.exists(own) else "/etc/resolv.conf", "/etc/resolv.conf"]
    for name in ("hostname", "hosts"):
        words += ["--ro-bind", os.path.join(names, name), "/etc/" + name]
    return words


def _namespaces(hostname: str, hardened: bool) -> list[str]:
    """The same with users of its own, made here."""
    return [
        *("--unshare-user", "--uid", "0", "--gid", "0"),
        *isolation(hostname),
        *(("--disable-userns",) if hardened else ()),
    ]


def _system() -> list[str]:
    """The distribution's programs and libraries, without what the administrator added below /usr/local."""
    words = ["--ro-bind", "/usr", "/usr", *_links(), "--tmpfs", "/usr/local"]
    if os.path.isdir("/usr/local/share/ca-certificates"):  # /etc/ssl/certs points there
        words += ["--ro-bind", "/usr/local/share/ca-certificates", "/usr/local/share/ca-certificates"]
    return words


def _links() -> list[str]:
    """/bin and its like, as the distribution has them: links into /usr, or directories."""
    words: list[str] = []
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = "/" + name
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path).lstrip("/"), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    return words


def _interpreter(python: Interpreter) -> list[str]:
    """The interpreter without the node's packages: an image is a plain Python that has pip."""
    base = "/usr/local" if python.relocated else "/usr"
    words: list[str] = []
    if python.relocated:
        for name in ("lib", "lib64", "include"):
            source = os.path.join(python.prefix, name)
            if os.path.isdir(source) and not os.path.islink(source):
                words += ["--ro-bind", source, f"/usr/local/{name}"]
        words += ["--ro-bind", python.executable, python.command]
    for name in ("python3", "python"):
        words += ["--symlink", python.command, f"/usr/local/bin/{name}"]
    for pattern in _SITES:
        site = pattern.format(v=python.version)
        source = os.path.join(python.prefix, site)
        if not os.path.isdir(source) or os.path.islink(os.path.join(python.prefix, site.split("/", 1)[0])):
            continue
        words += ["--tmpfs", f"{base}/{site}"]
        for name in os.listdir(source):
            if name == "pip" or (name.startswith("pip-") and name.endswith("-info")):
                words += ["--ro-bind", os.path.join(source, name), f"{base}/{site}/{name}"]
        words += ["--remount-ro", f"{base}/{site}"]
    return words


def _proc() -> list[str]:
    """A process whose user on the node is root may write the kernel's settings without any capability, core_pattern
    included: a way out. So they are read-only, and what tells about the node cannot be read."""
    words = ["--proc", "/proc"]
    for name in _PROC_READ_ONLY:
        words += ["--ro-bind-try", f"/proc/{name}", f"/proc/{name}"]
    for name in _PROC_CLOSED:
        if os.path.exists(f"/proc/{name}"):
            words += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    return words


def _etc(own: str, names: str) -> list[str]:
    words: list[str] = []
    for name in _ETC:
        words += ["--ro-bind-try", "/etc/" + name, "/etc/" + name]
    for name in ("passwd", "group"):
        words += ["--ro-bind", os.path.join(own, name), "/etc/" + name]
    return words + network_files(names)


def environment(root: Root | Built | Given, identity: Identity) -> dict[str, str]:
    """What the runtime sees: our defaults, then the image's and the secrets', then what must not be changed."""
    given = {
        "PATH": PATH,
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        **root.environment,
        **identity.environment,
        "MODAL_SERVER_URL": f"unix://{SOCKET}",
        "MODAL_CONTAINER_ARGUMENTS_PATH": ARGUMENTS,
        "MODAL_IS_REMOTE": "1",
    }
    prepend(given, "PYTHONPATH", "/root:/pkg")
    if isinstance(root, Root) and root.interpreter.shared and root.interpreter.relocated:
        prepend(given, "LD_LIBRARY_PATH", "/usr/local/lib")
    if identity.devices.files:
        prepend(given, "LD_LIBRARY_PATH", devices.LIBRARIES)
    return given


def prepend(environment: dict[str, str], name: str, value: str) -> None:
    """To a list of directories."""
    after = environment.get(name)
    environment[name] = f"{value}:{after}" if after else value


class Exit(NamedTuple):
    """How a container ended."""

    code: int | None
    signum: int | None
    set_up: bool  # False: bubblewrap itself failed, the runtime never ran


class Process:
    """A running sandbox: bubblewrap outside, its init and the runtime inside."""

    def __init__(self, popen: subprocess.Popen[bytes], status: int, hold: int | None) -> None:
        self._popen = popen
        self._hold = hold
        self._status = open(status, encoding="utf-8")
        self._init = self._read("child-pid")
        self._namespace = _namespace(self._init) if self._init else ""

    @property
    def init(self) -> int | None:
        """The node's id of the sandbox's first process; None: there is none, it could not be set up."""
        return self._init

    @property
    def pipes(self) -> dict[int, int]:
        return {1: self._popen.stdout.fileno(), 2: self._popen.stderr.fileno()}

    def processes(self) -> list[int]:
        """All that are in its namespace now, and that we may see."""
        if not self._namespace:
            return []
        return [int(name) for name in os.listdir("/proc") if name.isdecimal() and _namespace(int(name)) == self._namespace]

    def release(self) -> None:
        """Lets a runtime go that was started *held*."""
        if self._hold is None:
            return
        try:
            os.write(self._hold, b"1")
        except BrokenPipeError:
            pass  # bubblewrap has failed and ended; *wait* tells
        finally:
            os.close(self._hold)
            self._hold = None

    def interrupt(self, signum: int) -> None:
        """Signals the runtime, and only it: what it started is its own to end."""
        import time

        deadline = time.monotonic() + APPEAR_S
        while self._popen.poll() is None and self._init is not None:
            pid = _second(self._init)
            if pid is not None:
                _signal(pid, signum, self._init)
                return
            if time.monotonic() > deadline:
                raise Failed("the runtime's process was not found below the sandbox's")
            time.sleep(0.001)

    def kill(self) -> None:
        """Everything in it, at once: bubblewrap, and its init, whose end is the namespace's. The one follows the other by itself
        only once it has been let go."""
        init = _own(self._init, self._popen.pid) if self._init else None
        self._popen.kill()
        if init is not None:
            try:
                signal.pidfd_send_signal(init, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it has followed
            finally:
                os.close(init)

    def wait(self) -> Exit:
        code = self._popen.wait()
        if code < 0:
            return Exit(None, -code, set_up=True)
        if self._init is None or self._read("exit-code") is None:
            return Exit(code, None, set_up=False)
        if code > 128 and code - 128 in set(signal.Signals):  # bubblewrap reports a signal as a shell does
            return Exit(None, code - 128, set_up=True)
        return Exit(code, None, set_up=True)

    def _read(self, key: str) -> int | None:
        """The next status that has this key; None: bubblewrap ended without it."""
        import json

        for line in self._status:
            value = json.loads(line).get(key)
            if value is not None:
                return value
        return None


def start(bwrap: str, root: Root | Built, identity: Identity, held: bool = False) -> Process:
    """Starts the runtime; *held*: in its namespaces, but not before *release*.

    The calling thread must be the one that lives longest: its end is the sandbox's.
    """
    if root.stage:
        root, identity = _shown(root, root.stage), _shown_identity(identity, root.stage)
    if isinstance(root, Built):
        return spawn(
            [*root.stage.join(), bwrap],
            lambda fds: built_arguments(root, identity, fds),
            [*root.entrypoint, root.command, *ENTRY_POINT],
            held,
            root.stage.users,
        )
    hardened = hardens(bwrap)
    within = root.stage or root.network
    program = [*(within.enter() if within else ()), bwrap]
    return spawn(program, lambda fds: arguments(root, identity, fds, hardened), [root.interpreter.command, *ENTRY_POINT], held)


def as_nobody() -> list[str]:
    """Words before a command in the node's network, which root does not run itself; see Network.enter."""
    return [] if os.geteuid() else ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--"]


def _shown(root: Root | Built, stage: Stage) -> Root | Built:
    """The same by paths that bubblewrap may pass: it runs as a user to whom the node's private directories are closed."""
    if isinstance(root, Built):
        return root._replace(runtime=stage.show(root.runtime))
    python = root.interpreter
    if python.relocated:
        python = python._replace(prefix=stage.show(python.prefix), executable=stage.show(python.executable))
    return root._replace(
        interpreter=python,
        runtime=stage.show(root.runtime),
        bindings=tuple(binding._replace(source=stage.show(binding.source)) for binding in root.bindings),
        etc=stage.show(root.etc),
    )


def _shown_identity(identity: Identity, stage: Stage) -> Identity:
    from .namespaces import own_tree

    own_tree(identity.directory)
    own_tree(identity.names)
    return identity._replace(
        directory=stage.show(identity.directory),
        names=stage.show(identity.names),
        devices=devices.shown(identity.devices, stage),
    )


def spawn(
    program: list[str],
    options: Callable[[Mapping[str, int]], list[str]],
    command: list[str],
    held: bool,
    users: str = "",
) -> Process:
    """Bubblewrap's options go through a descriptor: they hold the container's token, and a command line is everybody's to
    read.

    @param options: from the options that take a descriptor
    @param users: the namespace that it joins; empty: it makes one, or is in one
    """
    import subprocess

    status, status_in = os.pipe()
    fds = {"--json-status-fd": status_in}
    hold = None
    if users:
        fds["--userns"] = fds["--sync-fd"] = os.open(users, os.O_RDONLY | os.O_CLOEXEC)  # a sync-fd is closed for the command
    if held:
        fds["--block-fd"], hold = os.pipe()
    filter_ = seccomp.descriptor()
    if filter_ is not None:
        fds["--seccomp"] = filter_
    words = os.memfd_create("options")
    try:
        with open(words, "wb", closefd=False) as file:
            file.write(_in_one(options(fds)))
        os.lseek(words, 0, os.SEEK_SET)
        popen = subprocess.Popen(
            [*program, "--args", str(words), *command],
            env={"PATH": PATH},  # never the task's: LD_PRELOAD would run its code out here
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds={words, *fds.values()},
            start_new_session=True,  # a signal to our group must not end the sandbox before the runtime heard of it
        )
    finally:
        for fd in {words, *fds.values()}:
            os.close(fd)
    return Process(popen, status, hold)


def _in_one(words: list[str]) -> bytes:
    """A NUL ends a word: one inside, say in a secret's value, would make its rest an option of bubblewrap's."""
    for at, word in enumerate(words):
        if "\0" in word:
            is_value = words[at - 2] == "--setenv"  # maybe a secret's: it is not quoted
            where = f"the value of the environment variable {words[at - 1]}" if is_value else f"what is given to {words[at - 1]}"
            raise Failed(f"a NUL character cannot be in {where}")
    return b"".join(os.fsencode(word) + b"\0" for word in words)


def find_bwrap() -> str:
    """@raise Failed: it is not installed"""
    return programs.find("bwrap", "bubblewrap", "bubblewrap")


def hardens(bwrap: str) -> bool:
    """Whether it can forbid user namespaces inside (0.8.0 and newer). Looked up in the program: asking it costs a process."""
    with open(bwrap, "rb") as file:
        return b"disable-userns" in file.read()


def version(bwrap: str) -> tuple[int, ...]:
    """@return (0, 8, 0)"""
    import subprocess

    said = subprocess.run([bwrap, "--version"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=True).stdout
    return tuple(int(number) for number in said.split()[-1].split(b".") if number.isdigit())


def probe(bwrap: str) -> str:
    """Tries a sandbox. @return why it does not work; empty: it works"""
    import subprocess

    words = [*_namespaces("probe", hardens(bwrap)), "--ro-bind", "/usr", "/usr", *_links(), *_proc(), "--dev", "/dev"]
    tried = subprocess.run([*as_nobody(), bwrap, *words, "true"], stdin=subprocess.DEVNULL, capture_output=True)
    return tried.stderr.decode("utf-8", "replace").strip() if tried.returncode else ""


def _namespace(pid: int) -> str:
    """@return what names the namespace of processes that it is in; empty: it has ended, or is not ours to see"""
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def _second(init: int) -> int | None:
    """The sandbox's process 2, which is the runtime: init's first child. None: not yet, or over."""
    for pid in _children(init):
        try:
            with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
                ids = next((line.split() for line in file if line.startswith("NSpid:")), ())
        except (FileNotFoundError, ProcessLookupError):
            continue
        if ids and ids[-1] == "2":
            return pid
    return None


def _children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return [int(p) for p in os.listdir("/proc") if p.isdigit() and _parent(p) == pid]  # a kernel without that file


def _parent(pid: str) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def _signal(pid: int, signum: int, parent: int) -> None:
    descriptor = _own(pid, parent)
    if descriptor is None:
        return
    try:
        signal.pidfd_send_signal(descriptor, signum)
    except ProcessLookupError:
        return
    finally:
        os.close(descriptor)


def _own(pid: int, parent: int) -> int | None:
    """@return a descriptor of this child of its, looked at again once it is held: the number might be another process's by
    now. None: it has ended
    """
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    if _parent(str(pid)) == parent:
        return descriptor
    os.close(descriptor)
    return None


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
