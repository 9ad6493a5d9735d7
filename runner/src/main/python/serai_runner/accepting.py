# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A thread for each connection of a listener: a container has few, and a blocking read costs the least time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

PAUSE_S = 0.05  # after a connection that could not be taken; it waits in the listener


class Acceptor:
    """From *start* on, *serve* is called with each connection, on a thread of its own, and closes it."""

    def __init__(self, listener: socket.socket, serve: Callable[[socket.socket], None], name: str) -> None:
        self._listener, self._serve, self._name = listener, serve, name
        self._closed = False

    def start(self) -> None:
        threading.Thread(target=self._accept, name=self._name, daemon=True).start()

    def close(self) -> None:
        """No new connections. Those that are open end with the container."""
        self._closed = True
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept
        finally:
            self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                if self._closed:
                    return
                time.sleep(PAUSE_S)  # no more descriptors, say, until some connections end
                continue
            try:
                threading.Thread(target=self._serve, args=(client,), name=f"{self._name}-one", daemon=True).start()
            except RuntimeError:  # no more threads: the client sees a closed connection and tries again
                client.close()
