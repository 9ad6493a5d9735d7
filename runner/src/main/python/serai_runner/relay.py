# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""One Unix socket for one container: its bytes go to the server and back.

The socket is what the container can reach, and nobody else can: its directory is private to the runner's user. Two
threads for each connection, one for each direction, cost the least time: a blocking read wakes up where it has to write.

A runtime gives up after three more attempts, within a second, which no restart of a server is. So a connection that has
no server yet is held, and what the runtime sends with it, until there is one. Where there are several, the next one is
taken; a connection stays with the server that it has.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from .accepting import Acceptor
from .addresses import Addresses
from .held import Held
from .patience import AWAY_S
from .problems import Failed
from .pump import BUFFER_BYTES, pump
from .vouch import Vouching

MOST = 256  # connections of a container: a client has one, and each of its processes may have a client
CONNECT_S = 5
GREETING_S = 3  # a server speaks first, at once; one that is stopped is connected to all the same, by the kernel
FIRST_PAUSE_S, LAST_PAUSE_S = 0.05, 1.0  # between two attempts to reach the server


class Relay:
    """Listens from its construction on, relays from *start* on. Connections outlive neither side."""

    def __init__(
        self,
        path: str,
        servers: Addresses,
        tell: Callable[[str], None],
        patience_s: float = AWAY_S,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        """@param servers: any of them will do; a connection goes to the present one
        @param patience_s: how long all of them may be away; after that connections are closed until one is back
        @param fields: added to each request's headers; None: the runtime adds them itself
        """
        for url in servers.all:
            endpoint(url)
        self._servers = servers
        self._outage = Outage(servers, tell, patience_s)
        self._fields = fields
        self._acceptor = Acceptor(_listen(path), self._serve, "relay", MOST, lambda: tell(full("the server")))

    def start(self) -> None:
        self._acceptor.start()

    def close(self) -> None:
        """No new connections. Those that are open end with the container."""
        self._acceptor.close()

    def _serve(self, client: socket.socket) -> None:
        with client:
            held = Held()
            server = self._reach(client, held)
            if server is None:
                return
            with server:
                down = threading.Thread(target=pump, args=(server, client), name="relay-down", daemon=True)
                down.start()
                pump(client, server, held.data, Vouching(self._fields).feed if self._fields else None)
                down.join()

    def _reach(self, client: socket.socket, held: Held) -> socket.socket | None:
        """Tries one after the other until one is there. None: the runtime hung up, or they have been away for too long."""
        pause = FIRST_PAUSE_S
        while True:
            for url in self._servers.all:
                try:
                    server = _connect(endpoint(url), is_only=len(self._servers.all) == 1)
                except OSError as e:
                    self._servers.failed(url)
                    error = e
                else:
                    self._outage.over()
                    return server
            if not self._outage.may_wait(error) or not _hold(client, held, pause):
                return None
            pause = min(2 * pause, LAST_PAUSE_S)


def full(whom: str) -> str:
    return f"This container has {MOST} connections to {whom}, which is the most: further ones wait until one of them ends"


def endpoint(url: str) -> tuple[str, int]:
    """@raise Failed: it is not one that can be relayed to"""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise Failed(f"the server's container endpoint {url!r} is not an http://host:port URL")
    return parts.hostname, parts.port or 80


def _connect(address: tuple[str, int], is_only: bool) -> socket.socket:
    """@param is_only: there is no other to try: whether it speaks need not be known"""
    server = socket.create_connection(address, CONNECT_S)
    try:
        if not is_only:
            _await_greeting(server, address)
        server.settimeout(None)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    except OSError:
        server.close()
        raise
    return server


def _await_greeting(server: socket.socket, address: tuple[str, int]) -> None:
    poll = select.poll()
    poll.register(server, select.POLLIN)
    if not poll.poll(1e3 * GREETING_S):
        raise TimeoutError(f"{address[0]}:{address[1]} takes the connection and says nothing")


class Outage:
    """Since when no server has been there, as all connections of a container see it. Told once, at both ends."""

    def __init__(self, servers: Addresses, tell: Callable[[str], None], patience_s: float) -> None:
        self._servers, self._tell, self._patience_s = servers, tell, patience_s
        self._lock = threading.Lock()
        self._since: float | None = None  # monotonic; None: it was there when it was last asked

    def may_wait(self, e: OSError) -> bool:
        """@return whether it has not been away for too long"""
        now = time.monotonic()
        with self._lock:
            is_new, self._since = self._since is None, self._since or now
            may = now - self._since < self._patience_s
        if is_new:
            self._tell(f"waiting for the server at {self._names}, which does not answer: {e}")
        return may

    def over(self) -> None:
        with self._lock:
            since, self._since = self._since, None
        if since is not None:
            self._tell(f"the server at {self._names} answers again after {time.monotonic() - since:.1f} s")

    @property
    def _names(self) -> str:
        return ", ".join(f"{host}:{port}" for host, port in map(endpoint, sorted(self._servers.all)))


def _hold(client: socket.socket, held: Held, pause_s: float) -> bool:
    """Takes what comes, for that long, and answers what must not wait.

    @return whether the connection is still open
    """
    poll, deadline = select.poll(), time.monotonic() + pause_s
    poll.register(client, 0 if held.full else select.POLLIN)  # a hang-up comes unasked
    while (left := deadline - time.monotonic()) > 0:
        for _, event in poll.poll(1e3 * left):
            if not event & select.POLLIN or not _take(client, held):
                return False
            if held.full:
                poll.modify(client, 0)
    return True


def _take(client: socket.socket, held: Held) -> bool:
    try:
        data = client.recv(BUFFER_BYTES)
        client.sendall(held.feed(data))
        return bool(data)
    except OSError:
        return False


def _listen(path: str) -> socket.socket:
    """Binds by way of the directory's descriptor: a Unix socket's path may have 107 bytes, an allocation's has more."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    directory = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        listener.bind(f"/proc/self/fd/{directory}/{os.path.basename(path)}")
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    finally:
        os.close(directory)
    return listener
