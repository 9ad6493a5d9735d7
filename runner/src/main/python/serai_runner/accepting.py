# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A thread for each connection of a listener: a container has few, and a blocking read costs the least time.

The threads are the runner's, which no limit of the container's holds: so a listener has a bound, and who comes beyond it waits.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

PAUSE_S = 0.05  # after a connection that could not be taken; it waits in the listener


class Acceptor:
    """From *start* on, *serve* is called with each connection, on a thread of its own, and closes it."""

    def __init__(
        self,
        listener: socket.socket,
        serve: Callable[[socket.socket], None],
        name: str,
        most: int,
        full: Callable[[], None] = lambda: None,
        come: Callable[[socket.socket], None] = lambda client: None,
    ) -> None:
        """
        @param most: connections at a time; further ones wait in the listener
        @param full: called when there are so many for the first time
        @param come: called with each connection before its thread is made; no further one is taken meanwhile
        """
        self._listener, self._serve, self._name = listener, serve, name
        self._room, self._full, self._come = threading.Semaphore(most), full, come
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
            self._room.release()  # wakes it where it waits for room

    def _accept(self) -> None:
        is_told = False
        while True:
            if not self._room.acquire(blocking=False):
                if not is_told:
                    self._full()
                is_told = True
                self._room.acquire()
            try:
                client, _ = self._listener.accept()
            except OSError:
                self._room.release()
                if self._closed:
                    return
                time.sleep(PAUSE_S)  # no more descriptors, say, until some connections end
                continue
            self._come(client)
            try:
                threading.Thread(target=self._one, args=(client,), name=f"{self._name}-one", daemon=True).start()
            except RuntimeError:  # no more threads: the client sees a closed connection and tries again
                client.close()
                self._room.release()

    def _one(self, client: socket.socket) -> None:
        try:
            self._serve(client)
        finally:
            self._room.release()
