# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The server's store of large values, as a container finds it on its own loopback: requests for them are handed on, others
are not. So it needs no other way to the server, and none to anything else that listens where the server does.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from .accepting import Acceptor
from .addresses import Addresses
from .patience import AWAY_S
from .relay import MOST, full

IDLE_S = 120  # a client's next request on the same connection


class Store:
    """Answers on *listener* from *start* on, by any of the servers."""

    def __init__(
        self, listener: socket.socket, servers: Addresses, tell: Callable[[str], None], patience_s: float = AWAY_S
    ) -> None:
        self._servers, self._patience_s = servers, patience_s
        self._acceptor = Acceptor(listener, self._serve, "store", MOST, lambda: tell(full("the store of large values")))

    def start(self) -> None:
        self._acceptor.start()

    def close(self) -> None:
        """No new connections. Those that are open end with the container."""
        self._acceptor.close()

    def _serve(self, client: socket.socket) -> None:
        from .exchange import Exchange  # it takes as long to load as all the rest, and most containers have no need of it

        with client:
            try:
                client.settimeout(IDLE_S)
                Exchange(client, self._servers, self._patience_s)
            except OSError:
                return  # the client has gone, which is nobody else's business
