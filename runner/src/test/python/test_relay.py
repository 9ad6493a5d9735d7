# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Bytes from a container's socket to the server and back."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import statistics
import threading
import time

import pytest
from fakes import until
from serai_runner import relay as relay_module
from serai_runner.addresses import Addresses
from serai_runner.held import LIMIT_BYTES
from serai_runner.problems import Failed
from serai_runner.relay import Relay


class Echo:
    """A TCP server that gives back what it gets."""

    def __init__(self, port: int = 0, greeting: bytes = b"") -> None:
        self.greeting = greeting
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        if self.listener.fileno() < 0:
            return
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.append(connection)
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    def _echo(self, connection: socket.socket) -> None:
        with connection:
            try:
                connection.sendall(self.greeting)
                while data := connection.recv(1 << 18):
                    connection.sendall(data)
            except OSError:
                return


def servers(*echoes: Echo) -> Addresses:
    return Addresses([f"http://127.0.0.1:{echo.port}" for echo in echoes])


@pytest.fixture
def two(tmp_path, told):
    """Two servers that speak first, as those of gRPC do, and a relay that knows both."""
    both = [Echo(greeting=b"1"), Echo(greeting=b"2")]
    relay = Relay(str(tmp_path / "two.sock"), servers(*both), told.append)
    relay.start()
    yield str(tmp_path / "two.sock"), both
    relay.close()
    for echo in both:
        echo.close()


@pytest.fixture
def echo():
    echo = Echo()
    yield echo
    echo.close()


@pytest.fixture
def told():
    return []


@pytest.fixture
def path(tmp_path, echo, told):
    relay = Relay(str(tmp_path / "serai.sock"), servers(echo), told.append)
    relay.start()
    yield str(tmp_path / "serai.sock")
    relay.close()


def test_given_as_many_connections_as_there_may_be_when_one_more_comes_then_it_waits_and_the_container_is_told(
    tmp_path, echo, told, monkeypatch
):
    monkeypatch.setattr(relay_module, "MOST", 2)
    relay = Relay(str(tmp_path / "s"), servers(echo), told.append)
    relay.start()
    with connect(str(tmp_path / "s")) as first, connect(str(tmp_path / "s")) as second, connect(str(tmp_path / "s")) as third:
        for client in (first, second):
            client.sendall(b"x")
            exactly(client, 1)
        third.sendall(b"y")
        assert not select.select([third], [], [], 0.2)[0]
        assert [line for line in told if "2 connections to the server, which is the most" in line] == told != []
        first.close()
        assert exactly(third, 1) == b"y"
    relay.close()
    assert len(told) == 1


def connect(path: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(path)
    return client


def used() -> int:
    return threading.active_count() + len(os.listdir("/proc/self/fd"))


def exactly(client: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = client.recv(size - len(parts))
        assert part, f"ended after {len(parts)} of {size} bytes"
        parts += part
    return parts


def test_given_many_bytes_when_they_cross_then_none_is_lost_and_the_end_is_passed_on(path):
    sent = os.urandom(8 << 20)
    with connect(path) as client:
        threading.Thread(target=lambda: (client.sendall(sent), client.shutdown(socket.SHUT_WR)), daemon=True).start()
        assert exactly(client, len(sent)) == sent
        assert client.recv(1) == b""


def test_given_connections_at_the_same_time_when_they_talk_then_each_gets_its_own(path):
    clients = [connect(path) for _ in range(30)]
    for n, client in enumerate(clients):
        client.sendall(b"%04d" % n)
    for n, client in enumerate(clients):
        assert exactly(client, 4) == b"%04d" % n
        client.close()


def test_given_a_server_that_goes_away_when_it_comes_back_then_new_connections_were_held_and_go_on(path, echo, told):
    with connect(path) as client:
        client.sendall(b"x")
        exactly(client, 1)
        echo.close()
        assert client.recv(1) == b""
    clients = [connect(path) for _ in range(3)]
    for n, client in enumerate(clients):
        client.sendall(b"held %d" % n)
    until(lambda: told)
    again = Echo(echo.port)
    for n, client in enumerate(clients):
        client.sendall(b", then more")
        assert exactly(client, 17) == b"held %d, then more" % n
        client.close()
    again.close()
    assert len(told) == 2, told
    assert "waiting for the server at 127.0.0.1" in told[0] and "answers again after" in told[1]


def test_given_two_servers_when_the_first_dies_then_its_connections_end_and_new_ones_go_to_the_other_and_stay(two, told):
    path, (first, second) = two
    with connect(path) as client:
        assert exactly(client, 1) == b"1"
        first.close()
        assert client.recv(1) == b""
    with connect(path) as client:
        assert exactly(client, 1) == b"2"
    back = Echo(first.port, greeting=b"1")
    with connect(path) as client:
        assert exactly(client, 1) == b"2"
    second.close()
    with connect(path) as client:
        assert exactly(client, 1) == b"1"
    back.close()
    assert told == []  # there always was one


def test_given_a_server_that_is_stopped_when_a_connection_is_made_then_the_other_one_gets_it(two, monkeypatch):
    monkeypatch.setattr(relay_module, "GREETING_S", 0.3)
    path, (first, _) = two
    first.greeting = b""  # the kernel takes the connection, nobody says anything
    with connect(path) as client:
        client.sendall(b"x")
        assert exactly(client, 2) == b"2x"


def test_given_no_server_when_one_of_two_comes_back_then_held_connections_go_to_that_one(two, told):
    path, both = two
    for echo in both:
        echo.close()
    with connect(path) as client:
        client.sendall(b"held")
        until(lambda: told)
        back = Echo(both[1].port, greeting=b"2")
        assert exactly(client, 5) == b"2held"
    back.close()
    assert len(told) == 2, told


def test_given_a_server_that_is_away_when_the_patience_is_over_then_connections_are_closed_until_it_is_back(tmp_path, echo, told):
    path = str(tmp_path / "short.sock")
    relay = Relay(path, servers(echo), told.append, patience_s=0.3)
    relay.start()
    echo.close()
    for _ in range(3):
        with connect(path) as client:
            assert client.recv(1) == b""
    assert len(told) == 1
    again = Echo(echo.port)
    with connect(path) as client:
        client.sendall(b"y")
        assert exactly(client, 1) == b"y"
    again.close()
    relay.close()


def test_given_a_held_connection_when_the_runtime_hangs_up_then_nothing_is_left(path, echo, told):
    before = used()
    echo.close()
    for sent in (b"", b"x", b"x" * (2 * LIMIT_BYTES)):
        with connect(path) as client:
            client.settimeout(0.5)
            with contextlib.suppress(TimeoutError):  # more than is held: it waits in the socket
                client.sendall(sent)
    until(lambda: used() <= before, 5)


def test_given_more_bytes_than_are_held_when_the_server_is_back_then_none_is_lost(path, echo):
    echo.close()
    sent = os.urandom(3 * LIMIT_BYTES)
    with connect(path) as client:
        threading.Thread(target=lambda: (client.sendall(sent), client.shutdown(socket.SHUT_WR)), daemon=True).start()
        again = Echo(echo.port)
        assert exactly(client, len(sent)) == sent
        assert client.recv(1) == b""
    again.close()


def test_given_ended_connections_then_no_thread_and_no_descriptor_is_left(path):
    before = used()
    for _ in range(20):
        with connect(path) as client:
            client.sendall(b"x")
            exactly(client, 1)
    until(lambda: used() <= before + 1, 5)


def test_given_a_url_that_is_not_plain_http_then_it_is_refused(tmp_path):
    with pytest.raises(Failed, match=r"https://example.org"):
        Relay(str(tmp_path / "s"), Addresses(["https://example.org"]), print)


def test_given_small_messages_when_they_make_the_round_then_the_relay_adds_little(path, echo):
    """The median is some 40 us on two shared cores; the bound leaves room for a busy machine."""
    with connect(path) as relayed, socket.create_connection(("127.0.0.1", echo.port)) as direct:
        direct.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        added = min(_median(relayed) - _median(direct) for _ in range(3))
    print(f"added round trip {added * 1e6:.0f} us")
    assert added < 500e-6


def _median(client: socket.socket) -> float:
    times = []
    for _ in range(1500):
        began = time.perf_counter()
        client.sendall(b"x" * 200)
        exactly(client, 200)
        times.append(time.perf_counter() - began)
    return statistics.median(times)
