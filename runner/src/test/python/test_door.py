# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Who comes in by a container's door, and what is passed on."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import threading

import pytest
from fakes import until
from serai_runner import accepting, network
from serai_runner import door as door_module
from serai_runner.accepting import Acceptor
from serai_runner.addresses import Addresses
from serai_runner.door import Door, near
from serai_runner.inside import Port
from serai_runner.problems import Failed
from test_relay import Echo, exactly


@pytest.fixture
def echo():
    echo = Echo()
    yield echo
    echo.close()


@pytest.fixture
def open_door():
    doors = []

    def to(port: int, inside: network.Network | None = None) -> Door:
        door = Door("127.0.0.1", Port(inside, port).connect)
        door.start()
        doors.append(door)
        return door

    yield to
    for door in doors:
        door.close()


@pytest.fixture
def door(open_door, echo):
    return open_door(echo.port)


def connect(door: Door, said: bytes | None = None) -> socket.socket:
    client = socket.create_connection((door.host, door.port), 20)
    client.sendall(door.token.encode() + b"\n" if said is None else said)
    return client


def answer(client: socket.socket) -> bytes:
    """All that comes. A connection that was closed while something was unread is reset."""
    with contextlib.suppress(ConnectionResetError):
        return client.recv(100)
    return b""


def test_given_the_token_when_many_bytes_cross_then_none_is_lost_and_the_end_is_passed_on(door):
    sent = os.urandom(8 << 20)
    with connect(door) as client:
        threading.Thread(target=lambda: (client.sendall(sent), client.shutdown(socket.SHUT_WR)), daemon=True).start()
        assert exactly(client, len(sent)) == sent
        assert client.recv(1) == b""


def test_given_the_token_and_the_first_bytes_when_they_come_in_any_parts_then_they_are_told_apart(door):
    said = door.token.encode() + b"\nGET /\n\n"
    with connect(door, said) as client:
        assert exactly(client, 7) == b"GET /\n\n"
    with connect(door, b"") as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in said:
            client.send(bytes((byte,)))
        assert exactly(client, 7) == b"GET /\n\n"


@pytest.mark.parametrize("said", [b"\n", b"x\nGET /\n", b"{token}x\n", b"{token}\r\n", b" {token}\n", b"x" * 129, b"x" * 10_000])
def test_given_another_first_line_when_it_comes_then_the_connection_ends_and_nobody_hears_of_it(door, echo, said):
    with connect(door, said.replace(b"{token}", door.token.encode())) as client:
        assert answer(client) == b""
    assert echo.connections == []


def test_given_the_start_of_a_token_when_the_other_end_is_over_then_so_is_the_connection(door, echo):
    with connect(door, door.token.encode()) as client:
        client.shutdown(socket.SHUT_WR)
        assert answer(client) == b""
    assert echo.connections == []


def test_given_a_token_that_does_not_come_in_time_then_the_connection_ends(door, echo, monkeypatch):
    monkeypatch.setattr(door_module, "TOKEN_S", 0.2)
    with connect(door, door.token[:10].encode()) as client:
        assert answer(client) == b""
    assert echo.connections == []


def test_given_nobody_behind_it_when_somebody_comes_then_the_connection_ends_without_a_byte(open_door, echo):
    echo.close()
    with connect(open_door(echo.port)) as client:
        assert answer(client) == b""


def test_given_a_program_that_ends_first_when_the_client_still_talks_then_it_is_heard(open_door):
    with socket.create_server(("127.0.0.1", 0)) as listener, connect(open_door(listener.getsockname()[1])) as client:
        inside, _ = listener.accept()
        with inside:
            inside.sendall(b"bye")
            inside.shutdown(socket.SHUT_WR)
            assert exactly(client, 3) == b"bye" and client.recv(1) == b""
            client.sendall(b"more")
            client.close()
            assert exactly(inside, 4) == b"more" and inside.recv(1) == b""


def test_given_a_program_that_listens_by_ipv6_alone_when_somebody_comes_then_it_is_reached(open_door):
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        assert Port(None, port).is_listened_on()
        with connect(open_door(port)) as client:
            inside, whence = listener.accept()
            with inside:
                inside.sendall(b"by 6")
                assert exactly(client, 4) == b"by 6" and whence[0] == "::1"


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "::"])
def test_given_an_address_that_the_loopback_gets_to_when_somebody_listens_there_then_it_is_seen(address):
    with socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET) as listener:
        port = Port(None, listener.getsockname()[1])
        assert port.is_listened_on()
    assert not port.is_listened_on()


def test_given_open_connections_when_the_door_is_shut_then_they_go_on_and_it_is_busy_until_they_end(door):
    with connect(door) as client:
        client.sendall(b"x")
        exactly(client, 1)
        door.shut()
        with pytest.raises(ConnectionRefusedError):
            connect(door)
        client.sendall(b"y")
        assert exactly(client, 1) == b"y" and door.is_busy
    until(lambda: not door.is_busy, 5)


def test_given_an_answer_that_is_under_way_when_the_container_ends_then_it_is_brought_out_and_all_connections_end(open_door):
    said = os.urandom(4 << 20)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        door = open_door(listener.getsockname()[1])
        with connect(door) as client, connect(door) as idle:
            inside = [listener.accept()[0] for _ in range(2)]
            threading.Thread(target=lambda: (inside[0].sendall(said), inside[0].close()), daemon=True).start()
            got: list[bytes] = []
            reader = threading.Thread(target=lambda: got.append(exactly(client, len(said))), daemon=True)
            reader.start()
            door.close()
            reader.join(20)
            assert got == [said]
            assert answer(client) == answer(idle) == b""
            inside[1].close()


def test_given_connections_that_ended_then_no_thread_and_no_descriptor_is_left(door):
    def used() -> int:
        return threading.active_count() + len(os.listdir("/proc/self/fd"))

    before = used()
    for _ in range(20):
        with connect(door) as client:
            client.sendall(b"x")
            exactly(client, 1)
        with connect(door, b"wrong\n") as client:
            answer(client)
    until(lambda: used() <= before + 1, 5)


def test_given_no_more_descriptors_when_some_are_free_again_then_the_next_connection_is_taken(echo):
    class Poor:
        """A listener of a process that has no more descriptors, twice."""

        def __init__(self, listener: socket.socket) -> None:
            self._listener, self.failures = listener, 2

        def accept(self):
            if self.failures:
                self.failures -= 1
                raise OSError(24, os.strerror(24))
            return self._listener.accept()

        def __getattr__(self, name):
            return getattr(self._listener, name)

    listener = socket.create_server(("127.0.0.1", 0))
    acceptor = Acceptor(Poor(listener), lambda client: (client.sendall(b"taken"), client.close()), "poor", 1)
    acceptor.start()
    with socket.create_connection(listener.getsockname(), 10) as client:
        assert exactly(client, 5) == b"taken"
    acceptor.close()


def test_given_as_many_connections_as_there_may_be_when_one_ends_then_the_next_has_its_place(open_door, echo, monkeypatch):
    monkeypatch.setattr(door_module, "_most", lambda: 2)
    door = open_door(echo.port)
    with connect(door) as first, connect(door) as second:
        for client in (first, second):
            client.sendall(b"x")
            exactly(client, 1)
        with connect(door) as third:
            third.sendall(b"y")
            assert not select.select([third], [], [], 0.2)[0]
            first.close()
            assert exactly(third, 1) == b"y"
            assert len(echo.connections) == 3


def test_given_many_who_do_not_say_the_token_when_a_server_comes_then_the_first_of_them_goes_for_it(open_door, echo, monkeypatch):
    monkeypatch.setattr(door_module, "STRANGERS", 5)
    monkeypatch.setattr(door_module, "HASTE_S", 0.1)
    monkeypatch.setattr(door_module, "TOKEN_S", 60)
    door = open_door(echo.port)
    strangers = [connect(door, b"") for _ in range(12)]
    with connect(door) as client:
        client.sendall(b"x")
        assert exactly(client, 1) == b"x"
    assert [answer(stranger) for stranger in strangers[:8]] == [b""] * 8
    assert not select.select(strangers[8:], [], [], 0.2)[0]  # they leave it room
    for stranger in strangers:
        stranger.close()


def test_given_strangers_for_whom_there_was_no_thread_when_a_server_comes_then_none_of_them_is_in_its_way(door, monkeypatch):
    class Scarce(threading.Thread):
        left = 3

        def start(self) -> None:
            if Scarce.left:
                Scarce.left -= 1
                raise RuntimeError("can't start new thread")
            super().start()

    monkeypatch.setattr(door_module, "STRANGERS", 3)
    monkeypatch.setattr(door_module, "HASTE_S", 60)
    monkeypatch.setattr(accepting.threading, "Thread", Scarce)
    for _ in range(3):
        with connect(door, b"") as client:
            assert answer(client) == b""
    with connect(door, b""), connect(door) as client:
        client.settimeout(20)
        client.sendall(b"x")
        assert exactly(client, 1) == b"x"


def test_given_servers_that_come_at_once_when_there_are_more_than_strangers_may_be_then_all_are_let_in(door, monkeypatch):
    monkeypatch.setattr(door_module, "STRANGERS", 5)
    monkeypatch.setattr(door_module, "HASTE_S", 60)
    clients = [connect(door) for _ in range(100)]
    for client in clients:
        client.sendall(b"x")
    assert [exactly(client, 1) for client in clients] == [b"x"] * 100
    for client in clients:
        client.close()


def test_given_servers_when_the_first_is_away_then_the_address_is_that_on_the_way_to_the_next(http):
    assert near(Addresses(["http://127.0.0.1:9", http.url])) == "127.0.0.1"
    with pytest.raises(Failed, match="was away"):
        near(Addresses(["http://127.0.0.1:9"]), patience_s=0)


# A program behind the door: it answers with what it got, and ends with its standard input.
ECHO = """
import socket, sys, threading
family, address, port = sys.argv[1:]
listener = socket.socket(getattr(socket, family))
if family == "AF_INET6":
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
listener.bind((address, int(port)))
listener.listen()
def serve():
    while True:
        client, _ = listener.accept()
        client.sendall(b"inside " + client.recv(100))
        client.close()
threading.Thread(target=serve, daemon=True).start()
print("up", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("outside", [True, False])
@pytest.mark.parametrize(("family", "address"), [("AF_INET", "127.0.0.1"), ("AF_INET6", "::")])
def test_given_a_program_in_a_network_of_its_own_when_somebody_comes_by_the_door_then_it_answers(
    open_door, outside, family, address
):
    own = network.Network(outside=outside)
    try:
        own.ready(keep=True)
        port = Port(own, 8000)
        assert not port.is_listened_on()
        words = [*own.enter(), "/usr/bin/python3", "-c", ECHO, family, address, "8000"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
            assert program.stdout.readline() == b"up\n"
            assert port.is_listened_on()
            door = open_door(8000, own)
            for n in range(10):
                with connect(door, door.token.encode() + b"\n%d" % n) as client:
                    assert exactly(client, 8) == b"inside %d" % n and client.recv(1) == b""
            with pytest.raises(OSError, match="refused"):
                Port(None, 8000).connect()  # the node's is another one
            program.stdin.close()
            program.wait(10)
        assert not port.is_listened_on()
        with connect(door) as client:
            assert answer(client) == b""
    finally:
        own.close()
    with connect(door) as client:
        assert answer(client) == b""
    assert not port.is_listened_on()


def test_given_a_network_that_is_kept_when_connections_are_made_at_once_then_each_gets_its_own():
    own = network.Network(outside=False)
    try:
        own.ready(keep=True)
        own.ready(keep=True)  # once more changes nothing
        made: list[socket.socket] = []
        threads = [threading.Thread(target=lambda: made.append(own.new_socket(socket.AF_INET))) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len({one.fileno() for one in made}) == 50
        for one in made:
            one.close()
        with pytest.raises(OSError, match="not supported"):
            own.new_socket(255)
        own.new_socket(socket.AF_INET6).close()  # it is there all the same
    finally:
        own.close()


def test_given_a_network_that_is_not_kept_when_it_is_ready_then_its_maker_has_gone():
    own = network.Network(outside=False)
    try:
        own.made()
        maker = own._maker
        own.ready()
        assert not os.path.exists(f"/proc/{maker}")
    finally:
        own.close()
