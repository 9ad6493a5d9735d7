# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The server's store of large values, as a container finds it on its own loopback: requests for them are handed on, others
are not. So it needs no other way to the server, and none to anything else that listens where the server does.
"""

from __future__ import annotations

import socket
import threading

from .addresses import Addresses
from .patience import AWAY_S

IDLE_S = 120  # a client's next request on the same connection


class Store:
    """Answers on *listener* from *start* on, by any of the servers."""

    def __init__(self, listener: socket.socket, servers: Addresses, patience_s: float = AWAY_S) -> None:
        self._listener, self._servers, self._patience_s = listener, servers, patience_s

    def start(self) -> None:
        threading.Thread(target=self._accept, name="store", daemon=True).start()

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
                threading.Thread(target=self._serve, args=(client,), name="store-one", daemon=True).start()
            except RuntimeError:  # no more threads: the client sees a closed connection and tries again
                client.close()

    def _serve(self, client: socket.socket) -> None:
        from .exchange import Exchange  # it takes as long to load as all the rest, and most containers have no need of it

        with client:
            try:
                client.settimeout(IDLE_S)
                Exchange(client, self._servers, self._patience_s)
            except OSError:
                return  # the client has gone, which is nobody else's business
