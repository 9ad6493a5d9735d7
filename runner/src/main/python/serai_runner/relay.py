# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""One Unix socket for one container: its bytes go to the server and back.

The socket is what the container can reach, and nobody else can: its directory is private to the runner's user. Two
threads for each connection, one for each direction, cost the least time: a blocking read wakes up where it has to write.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from .problems import Failed

BUFFER_BYTES = 256 << 10
CONNECT_S = 5


class Relay:
    """Listens from its construction on, relays from *start* on. Connections outlive neither side."""

    def __init__(self, path: str, url: str, tell: Callable[[str], None]) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise Failed(f"the server's container endpoint {url!r} is not an http://host:port URL")
        self._server = (parts.hostname, parts.port or 80)
        self._tell = tell
        self._away = False
        self._listener = _listen(path)

    def start(self) -> None:
        threading.Thread(target=self._accept, name="relay", daemon=True).start()

    def close(self) -> None:
        """No new connections. Those that are open end with the container."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept
        finally:
            self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            try:
                threading.Thread(target=self._serve, args=(client,), name="relay-up", daemon=True).start()
            except RuntimeError:  # no more threads: the runtime sees a closed connection and tries again
                client.close()

    def _serve(self, client: socket.socket) -> None:
        with client:
            server = self._connect()
            if server is None:
                return
            with server:
                down = threading.Thread(target=_pump, args=(server, client), name="relay-down", daemon=True)
                down.start()
                _pump(client, server)
                down.join()

    def _connect(self) -> socket.socket | None:
        """None: the server is away; the runtime tries again by itself, so a closed connection says enough."""
        try:
            server = socket.create_connection(self._server, CONNECT_S)
        except OSError as e:
            if not self._away:
                self._away = True
                self._tell(f"the server at {self._server[0]}:{self._server[1]} does not answer: {e}")
            return None
        self._away = False
        server.settimeout(None)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return server


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


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Until one side ends. A clean end is passed on as such; after an error nothing more can be right, so both ends close."""
    buffer = memoryview(bytearray(BUFFER_BYTES))
    try:
        while count := source.recv_into(buffer):
            sink.sendall(buffer[:count])
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # already closed
