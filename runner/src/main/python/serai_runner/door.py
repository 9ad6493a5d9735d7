# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Where servers reach what listens in a container: a port of the node, for whoever knows the token.

The token and a newline come first on each connection; what follows is not looked at, and goes there and back on two
threads. Whoever reaches the node may connect: of those who have not said the token there are few at a time, and who takes
longest over it makes room for the next.
"""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from .accepting import Acceptor
from .addresses import Addresses
from .limits import most_files
from .patience import AWAY_S, Patience
from .problems import Failed
from .pump import hang_up, pump

TOKEN_BYTES = 128
TOKEN_S = 5
STRANGERS, HASTE_S = 256, 1  # who have not said it, at a time; with so many, each may take so long
CONNECT_S = 5
FLUSH_S = 2  # for what a container said before its end: it is here already
BACKLOG = 1024


class Door:
    """Listens from its construction on, lets in from *start* on."""

    def __init__(self, host: str, connect: Callable[[], socket.socket]) -> None:
        """
        @param host: the node's own address on which it listens
        @param connect: to what is behind it. OSError: nothing is
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, 0), family=family, backlog=BACKLOG)
        self.host, self.port = host, listener.getsockname()[1]
        self.token = secrets.token_urlsafe()
        self._connect = connect
        self._acceptor = Acceptor(listener, self._serve, "door", _most(), come=self._come)
        self._changed = threading.Condition()
        self._strangers: dict[socket.socket, float] = {}  # and since when, the first one first
        self._is_shut = False
        self._open: dict[socket.socket, bool] = {}  # from outside, and whether the container may still say something

    def start(self) -> None:
        self._acceptor.start()

    @property
    def is_busy(self) -> bool:
        """Whether an answer may still come out. Once it is shut and not busy, it stays so."""
        with self._changed:
            return any(self._open.values())

    def shut(self) -> None:
        """Nobody is let in any more. Connections that are open stay so."""
        with self._changed:
            if self._is_shut:
                return
            self._is_shut = True
        self._acceptor.close()

    def close(self) -> None:
        """For the container's end: what it has said is brought out, and nothing is open afterwards."""
        self.shut()
        with self._changed:
            self._changed.wait_for(lambda: not any(self._open.values()), FLUSH_S)
            for client in self._open:
                hang_up(client)

    def _come(self, client: socket.socket) -> None:
        """Returns when there is a place for it."""
        with self._changed:
            for closed in [one for one in self._strangers if one.fileno() < 0]:  # there was no thread for it
                del self._strangers[closed]
            while len(self._strangers) >= STRANGERS:
                first, since = next(iter(self._strangers.items()))
                left = since + HASTE_S - time.monotonic()
                if left > 0:
                    self._changed.wait(left)
                else:
                    del self._strangers[first]
                    hang_up(first)
            self._strangers[client] = time.monotonic()

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                first = _admit(client, self.token.encode())
                if first is not None and self._enter(client):
                    self._pass(client, first)
            except (OSError, RuntimeError):
                return  # nobody is there, or no further thread: the other end sees it
            finally:
                with self._changed:
                    self._strangers.pop(client, None)
                    self._open.pop(client, None)
                    self._changed.notify_all()

    def _enter(self, client: socket.socket) -> bool:
        with self._changed:
            if self._strangers.pop(client, None) is not None:
                self._changed.notify_all()
            if not self._is_shut:
                self._open[client] = True
            return not self._is_shut

    def _pass(self, client: socket.socket, first: bytes) -> None:
        with self._connect() as inside:
            client.settimeout(None)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            into = threading.Thread(target=pump, args=(client, inside, first), name="door-into", daemon=True)
            into.start()
            pump(inside, client)
            with self._changed:
                self._open[client] = False
                self._changed.notify_all()
            into.join()


def _most() -> int:
    """Connections at a time: each has two descriptors, and the runner needs others. Functions have bounds of their own, which the
    gateway keeps; this is what the process can bear."""
    return most_files() // 4


def _admit(client: socket.socket, token: bytes) -> bytes | None:
    """@return what came after the token; None: it is not this one. @raise OSError: nor did anything come in time"""
    said, deadline = b"", time.monotonic() + TOKEN_S
    while b"\n" not in said:
        left = deadline - time.monotonic()
        if left <= 0 or len(said) > TOKEN_BYTES:
            return None
        client.settimeout(left)
        part = client.recv(4096)
        if not part:
            return None
        said += part
    line, _, rest = said.partition(b"\n")
    return rest if secrets.compare_digest(line, token) else None


def near(servers: Addresses, patience_s: float = AWAY_S) -> str:
    """@return this node's address on its way to them. @raise Failed: they were away for too long"""
    patience, pause = Patience(patience_s), 0.1
    while True:
        url = servers.present
        parts = urlsplit(url)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            with socket.create_connection((parts.hostname, port), CONNECT_S) as connection:
                return connection.getsockname()[0]
        except OSError as e:
            servers.failed(url)
            if patience.left < pause:
                raise Failed(f"the server at {servers} was away for {patience_s:g} s: {e}") from e
        time.sleep(pause)
        pause = min(2 * pause, 2)
