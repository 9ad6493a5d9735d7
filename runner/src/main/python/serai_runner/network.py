# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A network of one sandbox's own: a loopback, and an eth0 from which `pasta` connects to where the node may.

Three processes take part, all of them ordinary users outside and gone with the thread that made the network: *maker* makes
the namespace and what is in it, and waits until pasta holds it; *pasta* carries what leaves; the sandbox is started inside.
Nobody in the sandbox owns the namespace, so nobody in it changes it.

A socket belongs to the network in which it was made, wherever it is used. Where something in there is to be connected to
from out here, the maker stays and makes the sockets.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from . import inotify, programs, switches
from .problems import Failed

if TYPE_CHECKING:
    from typing import NoReturn

    from . import outlet

USER = 1_879_048_192  # as whom root lets it run: nobody, the first of those that containers have
# Of a range that hosts have between themselves and a translator (RFC 7335), so that no network of a node has it as well.
ADDRESS_4, GATEWAY_4, PREFIX_4 = "192.0.0.2", "192.0.0.1", 29
ADDRESS_6, GATEWAY_6, PREFIX_6 = "fd73:6572:6169::2", "fd73:6572:6169::1", 64
MTU = 65_520  # the longest that it carries
STORE = ("127.0.0.1", 59)  # any private file service (IANA): where a container finds large values; see store.Store
TUN, _TUN_DEVICE = "/dev/net/tun", os.makedev(10, 200)
START_S = 20  # a machine at its limits; it takes some milliseconds

_NEWUSER, _NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_SIOCSIFFLAGS, _SIOCSIFMTU, _SIOCETHTOOL, _ETHTOOL_GLINK = 0x8914, 0x8922, 0x8946, 0x0A
_TUNSETIFF, _TUNSETPERSIST = 0x400454CA, 0x400454CB
_UP, _TAP = 0x1, 0x1002  # IFF_TAP | IFF_NO_PI, as pasta opens it
_NEWADDR, _NEWROUTE, _NEWQDISC, _NEWTFILTER = 20, 24, 36, 44


class Network:
    """Make it on the thread that lives longest, before there are others: it forks."""

    def __init__(
        self, outside: bool = True, forwarded: Collection[int] = (), outbound: Collection[outlet.Network] | None = None
    ) -> None:
        """Begins; *made* and *ready* wait for it.

        @param outside: False: there is nothing but the loopback
        @param forwarded: ports of the node's loopback that are on the sandbox's as well
        @param outbound: what it reaches, beside names, for which pasta asks then; None: everything that is not closed
        """
        self._pasta = self._maker = 0
        self._fds: list[int] = []
        self._failure: Failed | None = None
        self._keeps = False  # the maker
        self.forwarded = frozenset(forwarded)
        self._lock = threading.Lock()  # one question to it at a time
        try:
            pasta = find_pasta() if outside else ""
        except Failed as e:
            self._failure = e
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        made, made_in = os.pipe()
        self._said = os.memfd_create("network")
        self._families = _families() if outside else ()
        self._control = ours
        with theirs:
            self._maker = os.fork()
            if self._maker == 0:
                ours.close()  # its end tells the maker that nobody needs it
                _child(self._said, lambda: _make(theirs, made_in, outside, self._families, outbound))
            if self._families:
                self._pasta = os.fork()
                if self._pasta == 0:
                    _child(self._said, lambda: _carry(pasta, self._maker, made, self._families, forwarded, outbound))
        os.close(made)
        os.close(made_in)

    def made(self) -> None:
        """Something can be started in it. What it connects to is there with *ready*. @raise Failed: it cannot be had on this node"""
        if self._failure:
            raise self._failure
        if not self._fds:
            self._wait(self._await_maker)

    def ready(self, keep: bool = False) -> None:
        """What is in it gets out.

        @param keep: *new_socket* and *listening* work from here on
        @raise Failed: it cannot be had on this node
        """
        self.made()
        if self._maker and not self._keeps:
            self._wait(self._await_pasta)
            self._keeps = keep
            if keep:
                self._control.settimeout(None)
            else:
                self._dismiss()

    def new_socket(self, family: int) -> socket.socket:
        """For TCP with what is in there. From any thread. @raise OSError"""
        with self._lock:
            self._control.send(bytes((family,)))
            said, fds, _, _ = socket.recv_fds(self._control, 1000, 1)
        if not fds:
            raise OSError(said.decode() or "its network is gone")
        return socket.socket(fileno=fds[0])

    def listening(self) -> set[tuple[str, int]]:
        """@return addresses, as /proc has them, and ports that somebody listens on in there"""
        return listening(self._maker)

    def _wait(self, wait: Callable[[], None]) -> None:
        try:
            wait()
        except Failed as e:
            self._failure = e
            raise

    def _await_maker(self) -> None:
        self._control.settimeout(START_S)
        try:
            said, fds, _, _ = socket.recv_fds(self._control, 65_536, 3)
        except OSError as e:
            raise self._failed(str(e)) from e
        if len(fds) != 3:
            raise self._failed("it was not made")
        user, net, listener = fds
        self._fds = [user, net]
        self.resolver = said.decode()
        self.store = socket.socket(fileno=listener)

    def _await_pasta(self) -> None:
        import time

        deadline = time.monotonic() + START_S
        while self._pasta and not (_is_carried(self.store) and self.forwarded <= {port for _, port in listening(self._maker)}):
            if os.waitpid(self._pasta, os.WNOHANG)[0]:
                self._pasta = 0
                raise self._failed("pasta ended")
            if time.monotonic() > deadline:
                raise self._failed(f"pasta was not there within {START_S} s")
            time.sleep(0.001)

    def _dismiss(self) -> None:
        """The maker is not needed any more."""
        self._control.send(b"")
        self._control.close()
        os.waitpid(self._maker, 0)
        self._maker = 0

    def path(self) -> str:
        """For `nsenter --net` by whoever is root on the node. @raise Failed"""
        self.made()
        return f"/proc/{os.getpid()}/fd/{self._fds[1]}"

    def enter(self) -> list[str]:
        """Words before a command that shall run there, as nobody of the node where we are root. @raise Failed"""
        if os.geteuid():
            whom = [f"--user=/proc/{os.getpid()}/fd/{self._fds[0]}", "--preserve-credentials"]
        else:
            whom = [f"--setuid={USER}", f"--setgid={USER}"]
        return ["nsenter", f"--net={self.path()}", *whom, "--"]

    def close(self) -> None:
        """Nothing leaves it any more. It is gone when its last process is."""
        if self._failure and not self._maker:
            return
        for pid in (self._pasta, self._maker):
            if pid:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        self._pasta = self._maker = 0
        with self._lock:  # who waited for an answer of the maker's has its end
            self._control.close()
        for fd in (*self._fds, self._said):
            os.close(fd)
        self._fds = []

    def _failed(self, why: str) -> Failed:
        os.lseek(self._said, 0, os.SEEK_SET)
        said = os.read(self._said, 4096).decode("utf-8", "replace").strip().splitlines()
        cure = "; ".join(switches.advice()) or (
            "see the runner's doctor; serai.runner.shares-network=true gives them the node's, with all that listens on its loopback"
        )
        return Failed(f"this node gives its containers no network of their own: {'; '.join(said[-3:]) or why} ({cure})")


def find_pasta() -> str:
    """@raise Failed: it is not installed"""
    return programs.find("pasta", "passt", "pasta")


def loopback_ports(texts: Collection[str]) -> list[int]:
    """Ports of the node's loopback that URLs in these texts name."""
    import re
    from urllib.parse import urlsplit

    ports = set()
    for url in (word for text in texts for word in re.findall(r"https?://[^\s\"';,]+", text)):
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            continue  # whoever uses it will say so
        if parts.hostname == "localhost" or (parts.hostname or "").startswith("127.") or parts.hostname == "::1":
            ports.add(port or (443 if parts.scheme == "https" else 80))
    return sorted(ports)


def _child(said: int, act: object) -> NoReturn:
    """Of a fork: what goes wrong is said there."""
    try:
        os.setsid()  # a signal to our group is not meant for it
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(signum, signal.SIG_DFL)
        for fd in (1, 2):
            os.dup2(said, fd)
        act()
    except BaseException as e:
        os.write(2, f"{type(e).__name__}: {e}\n".encode())
    finally:
        os._exit(1)


def _make(
    control: socket.socket,
    made: int,
    outside: bool,
    families: Collection[int],
    outbound: Collection[outlet.Network] | None,
) -> NoReturn:
    import ctypes
    import fcntl  # noqa: F401

    from . import outlet  # noqa: F401 - another user may not be able to read what root can

    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0:
        if outside:
            _share_tun()
        os.setgroups([])
        os.setresgid(USER, USER, USER)
        os.setresuid(USER, USER, USER)
        libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # else what is ours in /proc is root's
    uid, gid = os.geteuid(), os.getegid()
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if libc.unshare(_NEWUSER | _NEWNET):
        raise OSError(ctypes.get_errno(), "no user namespaces here: " + os.strerror(ctypes.get_errno()))
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        _write(f"/proc/self/{name}", text)
    any_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    _flags(any_socket, "lo", _UP)
    if os.path.exists("/proc/sys/net/ipv4/ip_unprivileged_port_start"):
        _write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")  # its ports are nobody else's
    inotify.share()  # an ordinary user's sandbox makes its users in here; pasta has an instance, too
    if outside:
        _make_interface(any_socket, families, outbound)
    os.write(made, b"1")  # pasta may come
    store = socket.create_server(STORE, backlog=128)
    fds = [os.open("/proc/self/ns/user", os.O_RDONLY), os.open("/proc/self/ns/net", os.O_RDONLY), store.fileno()]
    socket.send_fds(control, [_resolver(families, outbound).encode()], fds)
    _keep_only(control.fileno())
    while family := control.recv(1):  # until nobody needs us
        try:
            with socket.socket(family[0], socket.SOCK_STREAM) as new:
                socket.send_fds(control, [b"1"], [new.fileno()])
        except OSError as e:
            control.send(str(e).encode())
    os._exit(0)


def _share_tun() -> None:
    """As root, before it is given up: its device is for everybody where udev has seen to it, and else one is made that is,
    which this process alone and what it becomes find."""
    from . import namespaces

    if os.stat(TUN).st_mode & 0o006 == 0o006:
        return
    namespaces.own_mounts()
    namespaces.mount("serai", os.path.dirname(TUN), "tmpfs", 0, "mode=0755")
    make_tun()


def make_tun() -> None:
    """The device of networks, for everybody, as udev has it. @raise OSError"""
    import stat

    os.mknod(TUN, stat.S_IFCHR | 0o666, _TUN_DEVICE)
    os.chmod(TUN, 0o666)


def _keep_only(kept: int) -> None:
    """Whoever made us may close what was open then: it is over for the other end, too."""
    for fd in map(int, os.listdir("/proc/self/fd")):
        if fd > 2 and fd != kept:
            try:
                os.close(fd)
            except OSError:
                continue  # the listing's own


def _make_interface(any_socket: socket.socket, families: Collection[int], outbound: Collection[outlet.Network] | None) -> None:
    """A tap that stays until pasta holds it, with the filter of what leaves by it."""
    import fcntl
    import ipaddress

    from . import outlet

    tap = os.open(TUN, os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH22x", b"eth0", _TAP))
    fcntl.ioctl(tap, _TUNSETPERSIST, 1)
    os.close(tap)
    fcntl.ioctl(any_socket, _SIOCSIFMTU, struct.pack("16si20x", b"eth0", MTU))
    if socket.AF_INET6 in families:
        for name in ("accept_ra", "accept_dad"):  # it is told its addresses, and nobody else has them
            _write(f"/proc/sys/net/ipv6/conf/eth0/{name}", "0")
    index = socket.if_nametoindex("eth0")
    opened = None if outbound is None else [*outbound, ipaddress.ip_network(_forwarder(families))]
    _filter(outlet.program(opened=opened), index)
    _flags(any_socket, "eth0", _UP)
    _configure(socket.AF_INET, ADDRESS_4, PREFIX_4, GATEWAY_4 if socket.AF_INET in families else "", index)
    if socket.AF_INET6 in families:
        _configure(socket.AF_INET6, ADDRESS_6, PREFIX_6, GATEWAY_6, index)


def _configure(family: int, address: str, prefix: int, gateway: str, index: int) -> None:
    own = socket.inet_pton(family, address)
    header = struct.pack("=BBBBI", family, prefix, 0x02, 0, index)  # IFA_F_NODAD
    _ask(_NEWADDR, header + _attribute(2, own) + _attribute(1, own))
    if gateway:
        header = struct.pack("=BBBBBBBBI", family, 0, 0, 0, 254, 4, 0, 1, 0)  # main table, static, universe, unicast
        _ask(_NEWROUTE, header + _attribute(5, socket.inet_pton(family, gateway)) + _attribute(4, struct.pack("=I", index)))


def _filter(program: bytes, index: int) -> None:
    """Asks it about each frame that is sent, as tc(8) does with `clsact` and `bpf direct-action`."""
    place = struct.pack("=BxxxiII", 0, index, 0xFFFF0000, 0xFFFFFFF1)  # the handle of clsact, and its place
    _ask(_NEWQDISC, place + struct.pack("=I", 0) + _attribute(1, b"clsact\0"))
    place = struct.pack("=BxxxiII", 0, index, 0, 0xFFFFFFF3)  # what goes out
    words = _attribute(4, struct.pack("=H", len(program) // 8)) + _attribute(5, program) + _attribute(8, struct.pack("=I", 1))
    order = struct.pack("=I", 1 << 16 | socket.htons(3))  # the first, of all protocols
    _ask(_NEWTFILTER, place + order + _attribute(1, b"bpf\0") + _attribute(2, words))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def _ask(kind: int, body: bytes) -> None:
    """One question to the kernel's routing, rtnetlink(7). @raise OSError"""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as asked:
        asked.bind((0, 0))
        asked.send(struct.pack("=IHHII", 16 + len(body), kind, 0x405, 1, 0) + body)  # REQUEST, ACK, CREATE
        number = struct.unpack_from("=i", asked.recv(4096), 16)[0]
    if number:
        raise OSError(-number, f"rtnetlink {kind}: {os.strerror(-number)}")


def _flags(any_socket: socket.socket, name: str, flags: int) -> None:
    import fcntl

    fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), flags))


def _carry(
    pasta: str,
    maker: int,
    made: int,
    families: Collection[int],
    forwarded: Collection[int],
    outbound: Collection[outlet.Network] | None,
) -> NoReturn:
    """Becomes pasta, as soon as there is what it joins."""
    if not os.read(made, 1):
        os._exit(1)  # the maker has said why
    one = {(socket.AF_INET,): ["-4"], (socket.AF_INET6,): ["-6"]}.get(tuple(families), [])
    words = [pasta, "--foreground", "--quiet", "--ns-ifname", "eth0", "--no-map-gw", *one]
    words += ["--no-dhcp", "--no-dhcpv6", "--no-ra", "--mtu", str(MTU)]
    words += ["--tcp-ports", "none", "--udp-ports", "none", "--udp-ns", "none"]
    words += ["--tcp-ns", ",".join(map(str, forwarded)) or "none"]
    if socket.AF_INET in families:
        words += ["--address", ADDRESS_4, "--netmask", str(PREFIX_4), "--gateway", GATEWAY_4]
    if socket.AF_INET6 in families:
        words += ["--address", ADDRESS_6, "--gateway", GATEWAY_6]
    forwarder = _forwarder(families)
    if forwarder in _resolver(families, outbound):  # else it would take the node's resolver's answers for its own
        words += ["--dns-forward", forwarder]
    words += ["--userns", f"/proc/{maker}/ns/user", "--netns", f"/proc/{maker}/ns/net"]
    as_whom = []
    if os.geteuid() == 0:
        _share_tun()
        as_whom = [f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    program = "setpriv"
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin"}
    os.execvpe(program, [program, *as_whom, "--pdeathsig", "KILL", "--", *words], environment)


def _families() -> tuple[int, ...]:
    """Those in which the node has a way out."""
    found = []
    if any(words[1] == "00000000" for words in _lines("/proc/net/route")):
        found.append(socket.AF_INET)
    if any(words[0] == "0" * 32 and words[1] == "00" and words[-1] != "lo" for words in _lines("/proc/net/ipv6_route")):
        found.append(socket.AF_INET6)
    return tuple(found)


def _forwarder(families: Collection[int]) -> str:
    return GATEWAY_4 if socket.AF_INET in families else GATEWAY_6


def _resolver(families: Collection[int], outbound: Collection[outlet.Network] | None) -> str:
    """The node's resolv.conf, as it works in there: a resolver that nothing gets to is asked by pasta instead."""
    from . import outlet

    forwarder, kept, servers = _forwarder(families), [], []
    for words in _lines("/etc/resolv.conf"):
        if words[0] == "nameserver" and len(words) > 1:
            server = forwarder if outbound is not None or outlet.is_closed(words[1]) else words[1]
            if server not in servers:
                servers.append(server)
        else:
            kept.append(" ".join(words))
    lines = [*(f"nameserver {server}" for server in servers or [forwarder]), *kept]
    return "".join(line + "\n" for line in lines)


def _lines(path: str) -> list[list[str]]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [words for line in file if (words := line.split())]
    except OSError:
        return []


def listening(pid: int | str) -> set[tuple[str, int]]:
    """@return addresses, as /proc has them, and ports that somebody listens on in that process's network"""
    found = set()
    for name in ("tcp", "tcp6"):
        try:
            with open(f"/proc/{pid}/net/{name}", encoding="ascii") as file:
                file.readline()
                for line in file:
                    words = line.split()
                    if words[3] != "0A":
                        break  # "it will first list all listening TCP sockets" (proc_net_tcp.rst)
                    address, _, port = words[1].partition(":")
                    found.add((address, int(port, 16)))
        except OSError:
            continue  # without such a family, or gone
    return found


def _is_carried(inside: socket.socket) -> bool:
    """Whether pasta holds its end, as the interface itself knows: its carrier."""
    import array
    import fcntl

    asked = array.array("I", [_ETHTOOL_GLINK, 0])
    try:
        fcntl.ioctl(inside, _SIOCETHTOOL, struct.pack("@16sP16x", b"eth0", asked.buffer_info()[0]))
    except OSError:
        return False
    return bool(asked[1])


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
