# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What a container reaches, tried from inside. Whether a try got through is known by the listener itself, which each test
first shows to hear of one from the node."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

import pytest
from fakes import until
from serai_runner import network

# Each way once: how the socket is made to leave by eth0, and to which address.
TRIES = r"""
import json, socket
from concurrent.futures import ThreadPoolExecutor

def tcp(family, address, *options):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(WAIT_S)
        for option in options:
            s.setsockopt(*option)
        s.connect((address, PORT))
        return s.recv(100).decode()

def udp(family, address, *options):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(WAIT_S)
        for option in options:
            s.setsockopt(*option)
        s.sendto(b"from inside", (address, PORT))
        return s.recv(100).decode()

def abstract():
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.connect("\0serai-test-%d" % PORT)
        return s.recv(100).decode()

by_device = [(socket.SOL_SOCKET, 25, b"eth0\0")]
by_index = lambda level, option: [(level, option, socket.htonl(socket.if_nametoindex("eth0")))]
unrouted = [(socket.SOL_SOCKET, 5, 1)]
ways = {}
for kind in (tcp, udp):
    for address in ADDRESSES:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        index = by_index(41, 76) if family == socket.AF_INET6 else by_index(0, 50)
        for name, options in (("plain", []), ("device", by_device), ("index", index), ("unrouted", unrouted + by_device)):
            ways[f"{kind.__name__} {address} {name}"] = lambda k=kind, f=family, a=address, o=options: k(f, a, *o)
ways["abstract"] = abstract
found = {}

def attempt(name):
    try:
        found[name] = ways[name]()
    except OSError:
        pass

with ThreadPoolExecutor(len(ways)) as all_at_once:
    list(all_at_once.map(attempt, ways))
print(json.dumps({"tries": len(ways), "found": found}))
"""
LOOPBACK = ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::ffff:127.0.0.1"]


class Listener:
    """TCP, UDP and an abstract Unix socket of the node under one number, which remember who came."""

    def __init__(self, address: str) -> None:
        self.came: list[str] = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        tcp = socket.create_server((address, 0), family=family)
        self.port = tcp.getsockname()[1]
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.bind((address, self.port))
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind(f"\0serai-test-{self.port}")
        abstract.listen()
        self._sockets = [tcp, udp, abstract]
        for name, act in (
            ("tcp", lambda: self._accept(tcp)),
            ("udp", lambda: self._receive(udp)),
            ("abstract", lambda: self._accept(abstract)),
        ):
            threading.Thread(target=self._serve, args=(name, act), daemon=True).start()

    def _serve(self, name, act) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                self.came.append(f"{name} {act()}")

    def _accept(self, listener: socket.socket) -> str:
        client, whence = listener.accept()
        with client, contextlib.suppress(OSError):
            client.sendall(b"the node's")
        return str(whence)

    def _receive(self, listener: socket.socket) -> str:
        _, whence = listener.recvfrom(100)
        if whence is None:
            raise OSError("closed")
        listener.sendto(b"the node's", whence)
        return str(whence)

    def close(self) -> None:
        for listener in self._sockets:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()


def outer_address() -> str | None:
    """By which others reach this machine; None: there is no way out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked, contextlib.suppress(OSError):
        asked.connect(("8.8.8.8", 9))  # nothing is sent
        return asked.getsockname()[0]
    return None


@pytest.fixture
def listen():
    made = []

    def on(address: str) -> Listener:
        made.append(Listener(address))
        return made[-1]

    yield on
    for listener in made:
        listener.close()


@pytest.fixture
def tried(node, http):
    """Runs TRIES in a container. @return what answered"""

    def run(port: int, addresses: list[str], chosen=node, wait_s: float = 1, **environment: str) -> dict:
        known = {"PORT": port, "ADDRESSES": addresses, "WAIT_S": wait_s}
        chosen.runtime("\n".join(f"{name} = {value!r}" for name, value in known.items()) + TRIES)
        ended = chosen.run(120, **environment)
        assert ended.out, ended.err + str(http.exits)
        said = json.loads(ended.out.strip().splitlines()[-1])
        assert said["tries"] > 2 * len(addresses)
        return said["found"]

    return run


def seen_from_the_node(listener: Listener, address: str, node) -> None:
    """The same tries, out here, arrive."""
    program = f"PORT, ADDRESSES, WAIT_S = {listener.port}, {[address]!r}, 5\n" + TRIES.replace('"eth0"', '"lo"').replace(
        'b"eth0\\0"', 'b"lo\\0"'
    )
    done = subprocess.run([node.python, "-c", program], capture_output=True, text=True, timeout=60)
    found = json.loads(done.stdout)["found"]
    assert {"abstract", f"tcp {address} plain", f"udp {address} plain"} <= set(found), done.stderr
    until(lambda: len(listener.came) >= 3, what=str(listener.came))
    listener.came.clear()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_given_what_listens_on_the_nodes_loopback_when_a_container_tries_then_nothing_arrives(node, listen, tried, address):
    listener = listen(address)
    seen_from_the_node(listener, address, node)
    outer = outer_address()
    assert tried(listener.port, [*LOOPBACK, *([outer] if outer else []), network.GATEWAY_4, network.GATEWAY_6]) == {}
    assert listener.came == []


def test_given_an_ordinary_users_runner_when_its_container_tries_the_nodes_loopback_then_nothing_arrives(
    ordinary, own_by_nobody, listen, tried, node
):
    listener = listen("127.0.0.1")
    seen_from_the_node(listener, "127.0.0.1", node)
    runtime = ordinary.runtime
    version = subprocess.run(
        [ordinary.python, "-c", "import sys; print('cp%d%d' % sys.version_info[:2])"], capture_output=True, text=True
    ).stdout.strip()

    def owned(program: str) -> None:
        runtime(program, version)
        own_by_nobody(ordinary)

    ordinary.runtime = owned
    assert tried(listener.port, LOOPBACK, ordinary) == {}
    assert listener.came == []


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("ip"), reason="gives this machine an address for a while")
def test_given_a_metadata_service_of_the_node_when_a_container_tries_then_nothing_arrives(node, listen, tried):
    address = "169.254.77.78"
    subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    try:
        listener = listen(address)
        seen_from_the_node(listener, address, node)
        assert tried(listener.port, [address]) == {}
        assert listener.came == []
    finally:
        subprocess.run(["ip", "address", "del", f"{address}/32", "dev", "lo"], check=True)


@pytest.mark.skipif(outer_address() is None, reason="this machine has no way out")
def test_given_somebody_outside_when_a_container_connects_then_it_gets_there(node, listen, tried):
    listener = listen(outer_address())
    found = tried(listener.port, [outer_address()], wait_s=20)
    assert found[f"tcp {outer_address()} plain"] == found[f"udp {outer_address()} plain"] == "the node's"
    assert "abstract" not in found


@pytest.mark.skipif(outer_address() is None, reason="this machine has no way out")
def test_given_networks_that_are_listed_when_a_container_connects_then_it_gets_to_those_alone(node, http, listen, tried):
    listener = listen(outer_address())
    http.answer["outbound"] = [outer_address()]
    found = tried(listener.port, [outer_address()], wait_s=20)
    assert found[f"tcp {outer_address()} plain"] == found[f"udp {outer_address()} plain"] == "the node's"
    came = len(listener.came)
    http.answer["outbound"] = ["203.0.113.0/24", "2001:db8::/32"]
    assert tried(listener.port, [outer_address(), *LOOPBACK]) == {}
    assert len(listener.came) == came


OWN = """
import json, os, socket, threading
listener = socket.create_server(("0.0.0.0", 80))
threading.Thread(target=lambda: [listener.accept()[0].sendall(b"mine") for _ in range(2)], daemon=True).start()
found = [socket.create_connection((address, 80), 5).recv(9).decode() for address in ADDRESSES]
print(json.dumps({"found": found, "interfaces": [name for _, name in socket.if_nameindex()]}))
"""


def test_given_a_server_in_a_container_when_it_asks_itself_then_it_answers_on_any_port(node, http):
    node.runtime(f"ADDRESSES = ['127.0.0.1', {network.ADDRESS_4!r}]" + OWN)
    ended = node.run()
    assert json.loads(ended.out) == {"found": ["mine", "mine"], "interfaces": ["lo", "eth0"]}, ended.err


def test_given_a_container_without_a_network_when_it_looks_then_there_is_its_loopback_only(node, http, listen, tried):
    http.answer["block_network"] = True
    node.runtime("ADDRESSES = ['127.0.0.1', 'localhost']" + OWN)
    ended = node.run()
    assert json.loads(ended.out) == {"found": ["mine", "mine"], "interfaces": ["lo"]}, ended.err


def test_given_two_networks_when_both_serve_on_one_port_then_each_has_its_own():
    serve = "import socket; s = socket.create_server(('0.0.0.0', 8080)); print('up', flush=True); s.accept()[0].sendall(b'%s')"
    ask = "import socket; print(socket.create_connection(('127.0.0.1', 8080), 5).recv(9).decode())"
    python = "/usr/bin/python3"
    with contextlib.ExitStack() as stack:
        networks = [network.Network() for _ in range(2)]
        for one in networks:
            stack.callback(one.close)
        for number, one in enumerate(networks):
            server = subprocess.Popen([*one.enter(), python, "-c", serve % number], stdout=subprocess.PIPE)
            stack.callback(server.wait)
            stack.callback(server.kill)
            stack.enter_context(server.stdout)
            assert server.stdout.readline() == b"up\n"
        said = [subprocess.run([*one.enter(), python, "-c", ask], capture_output=True, text=True).stdout for one in networks]
        assert said == ["0\n", "1\n"]


def test_given_a_container_when_its_runner_is_killed_then_nothing_of_its_network_is_left(node, http):
    node.runtime("import time; print('there', flush=True); time.sleep(600)")
    process = node.start()
    node.text_shown(1, "there")
    below = [pid for pid in pids() if parent(pid) == process.pid]
    assert any("pasta" in command(pid) for pid in below), [command(pid) for pid in below]
    process.send_signal(signal.SIGKILL)
    process.wait()
    until(lambda: not any(command(pid) for pid in below), what=str([command(pid) for pid in below]))


def test_given_a_container_when_it_ends_then_nothing_of_its_network_is_left(node, http):
    node.runtime("import sys; print('there', flush=True); sys.exit(0)")
    before = {pid for pid in pids() if "pasta" in command(pid)}
    process = node.start()
    process.wait()
    assert "there" in http.text(1)
    # those of other tests' and programs' containers may be there as well; none of ours is, whose maker had this as its command
    assert not [pid for pid in pids() if str(node.packed) in command(pid)]
    assert len({pid for pid in pids() if "pasta" in command(pid)} - before) == 0


def test_given_a_node_whose_pasta_fails_when_a_container_starts_then_it_is_refused_with_what_to_do(node, http):
    node.runtime("print('it ran')")
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        fake = pathlib.Path(directory, "pasta")
        fake.write_text("#!/bin/sh\necho 'no tun here' >&2\nexit 1\n")
        fake.chmod(0o755)
        ended = node.run(PATH=f"{directory}:/usr/bin:/bin")
    assert "it ran" not in ended.out
    assert "no tun here" in http.exits[0]["reason"] and "serai.runner.shares-network" in http.exits[0]["reason"]


def test_given_an_operator_who_shares_the_nodes_network_when_a_container_tries_then_it_gets_there(node, listen, http):
    listener = listen("127.0.0.1")
    node.runtime(f"import socket; print(socket.create_connection(('127.0.0.1', {listener.port}), 5).recv(20).decode())")
    assert node.run(SERAI_NETWORK="node").out.strip() == "the node's"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device node")
@pytest.mark.parametrize("mode", ["600", "666"])
def test_given_a_tunnel_device_when_it_is_roots_own_or_everybodys_then_a_network_is_made_all_the_same(mode):
    sources = pathlib.Path(network.__file__).parents[1]
    device = f"mount -t tmpfs none /dev/net && mknod -m {mode} {network.TUN} c 10 200"
    look = f"import os, sys; sys.path.insert(0, {str(sources)!r})\nfrom serai_runner.network import Network, TUN\n"
    look += "network = Network(); network.ready(); network.close(); print(oct(os.stat(TUN).st_mode & 0o777))\n"
    look += "os.unlink(TUN); network = Network(outside=False); network.ready(); network.close()"  # which needs none
    ran = subprocess.run(
        ["unshare", "--mount", "/bin/sh", "-c", f'{device} && exec "$0" -c "$1"', sys.executable, look],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.stdout == f"0o{mode}\n", ran.stderr  # the node's own is not changed


def test_given_a_resolver_that_nothing_gets_to_when_a_container_asks_then_pasta_asks_it(tmp_path, monkeypatch):
    lines = network._lines
    conf = tmp_path / "resolv.conf"
    monkeypatch.setattr(network, "_lines", lambda path: lines(str(conf) if path == "/etc/resolv.conf" else path))
    conf.write_text("# made by somebody\nsearch example.org\nnameserver 127.0.0.53\nnameserver 169.254.169.253\noptions edns0\n")
    own = network._resolver((socket.AF_INET,), None)
    assert own == f"nameserver {network.GATEWAY_4}\n# made by somebody\nsearch example.org\noptions edns0\n"
    conf.write_text("nameserver 10.0.0.53\nnameserver fd00::53\n")
    assert network._resolver((socket.AF_INET,), None) == "nameserver 10.0.0.53\nnameserver fd00::53\n"
    assert network._resolver((socket.AF_INET,), ()) == f"nameserver {network.GATEWAY_4}\n"
    conf.write_text("")
    assert network._resolver((socket.AF_INET6,), None) == f"nameserver {network.GATEWAY_6}\n"


def test_given_indexes_and_proxies_when_they_are_on_the_nodes_loopback_then_their_ports_are_known():
    texts = [
        "http://127.0.0.1:3141/simple",
        "https://packages.example.org/simple https://[::1]/x",
        'Acquire::http::Proxy "http://localhost:3142";',
    ]
    assert network.loopback_ports(texts) == [443, 3141, 3142]
    assert network.loopback_ports(["http://10.0.0.1:80", "/etc/ssl/certs", "http://127.0.0.1:x/"]) == []


def test_given_an_index_on_the_nodes_loopback_when_a_build_asks_it_then_that_port_alone_is_there(listen):
    listeners = [listen("127.0.0.1"), listen("127.0.0.1")]
    built = network.Network(forwarded=[listeners[0].port])
    try:
        built.ready()
        ask = "import socket, sys; print(socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5).recv(20).decode())"
        said = [
            subprocess.run([*built.enter(), "/usr/bin/python3", "-c", ask, str(one.port)], capture_output=True, text=True)
            for one in listeners
        ]
        assert said[0].stdout.strip() == "the node's", said[0].stderr
        assert said[1].stdout == "" and "refused" in said[1].stderr
    finally:
        built.close()


PORTS = r"""
import json, socket
found = []
for host, port in TRIED:
    try:
        with socket.create_connection((host, port), 5) as s:
            s.settimeout(10)
            found.append(s.recv(20).decode())
    except OSError as e:
        found.append(type(e).__name__)
print(json.dumps(found))
"""


@pytest.mark.parametrize("outbound", [None, ["203.0.113.0/24"]], ids=["everything", "a list"])
def test_given_ports_of_the_node_when_a_container_connects_then_it_has_those_alone(node, http, listen, tried, outbound):
    helper, other = listen("127.0.0.1"), listen("127.0.0.1")
    http.answer["outbound"] = outbound
    node.runtime(f"TRIED = {[('127.0.0.1', helper.port), ('localhost', helper.port), ('127.0.0.1', other.port)]!r}" + PORTS)
    ended = node.run(SERAI_NODE_PORTS=str(helper.port))
    assert json.loads(ended.out) == ["the node's", "the node's", "ConnectionRefusedError"], ended.err
    node_ports = {"SERAI_NODE_PORTS": str(helper.port)}
    assert tried(other.port, [*LOOPBACK, network.GATEWAY_4], **node_ports) == {}
    assert other.came == []
    by_others = tried(helper.port, [*LOOPBACK, network.GATEWAY_4], **node_ports)
    assert not [way for way in by_others if way.startswith(("udp", "abstract")) or "device" in way], by_others


def test_given_ports_of_the_node_when_a_container_has_no_network_then_it_has_none_of_them(node, http, listen):
    helper = listen("127.0.0.1")
    http.answer["block_network"] = True
    node.runtime(f"TRIED = {[('127.0.0.1', helper.port)]!r}" + PORTS)
    ended = node.run(SERAI_NODE_PORTS=str(helper.port))
    assert json.loads(ended.out) == ["ConnectionRefusedError"], ended.err
    assert helper.came == []


def test_given_a_port_of_the_node_when_nothing_listens_there_then_the_connection_ends(node, http, listen):
    helper = listen("127.0.0.1")
    helper.close()
    node.runtime(f"TRIED = {[('127.0.0.1', helper.port)]!r}" + PORTS)
    ended = node.run(SERAI_NODE_PORTS=str(helper.port))
    assert json.loads(ended.out)[0] in ("", "ConnectionResetError", "ConnectionRefusedError"), ended.err


def test_given_a_server_on_a_port_of_the_node_when_it_starts_then_it_is_told_whose_that_is(node, http):
    http.answer["serve"] = {"port": 8000, "startup_timeout_s": 60, "exit_grace_s": 0}
    node.runtime("print('it ran')")
    ended = node.run(SERAI_NODE_PORTS="8000")
    assert "it ran" not in ended.out
    assert "8000" in http.exits[0]["reason"] and "serai.runner.node-ports" in http.exits[0]["reason"]


def test_given_node_ports_that_are_none_when_a_container_starts_then_it_is_refused(node, http):
    node.runtime("print('it ran')")
    ended = node.run(SERAI_NODE_PORTS="a,b")
    assert "it ran" not in ended.out and "SERAI_NODE_PORTS=a,b" in ended.err


def pids() -> list[int]:
    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit()]


def parent(pid: int) -> int:
    try:
        return int(pathlib.Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def command(pid: int) -> str:
    try:
        return pathlib.Path("/proc", str(pid), "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
