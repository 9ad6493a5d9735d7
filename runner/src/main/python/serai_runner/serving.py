# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""An HTTP server in a container, which asks for no inputs: whether it is there is seen from outside, and decides when the
container ends.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .door import Door, near
from .inside import Port
from .lease import Lease
from .problems import Failed

if TYPE_CHECKING:
    from .addresses import Addresses
    from .network import Network
    from .registration import Serve
    from .server import Server

FIRST_LOOK_S, LAST_LOOK_S, PART = 0.01, 0.25, 0.02  # until it listens: after this part of the time that it has taken
LOOK_S = 0.5  # from then on
LOST_S = 10  # it may begin again by itself
BUSY_LOOK_S = 0.02
_CLOSED = 0  # among signals


class Serving:
    """From *start* on there is a door, and a watch over what is behind it."""

    def __init__(
        self,
        serve: Serve,
        network: Network | None,
        servers: Addresses,
        connect: Callable[[], Server],
        container: str,
        heartbeat_interval_s: float | None,
    ) -> None:
        """@param network: see Port. @raise Failed, OSError: there can be no door"""
        if network and serve.port in network.forwarded:
            raise Failed(f"the server cannot have port {serve.port}: it is one of the node's (serai.runner.node-ports)")
        self.reason = ""  # why it was ended; empty if it was not
        self._serve, self._port = serve, Port(network, serve.port)
        self._door = Door(near(servers), self._port.connect)
        door = {"host": self._door.host, "port": self._door.port, "token": self._door.token}
        self._lease = Lease(connect, container, door, heartbeat_interval_s, self._end)
        self._lock = threading.Lock()
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()  # a signal handler may put there at any time
        self._began, self._heard = 0.0, None

    def start(self, interrupt: Callable[[int], None], kill: Callable[[], None]) -> None:
        """
        @param interrupt: signals the container's program
        @param kill: ends the container
        """
        self._interrupt, self._kill = interrupt, kill
        self._began = time.monotonic()
        self._lease.start()
        self._door.start()
        threading.Thread(target=self._watch, name="serving", daemon=True).start()

    def signal(self, signum: int) -> None:
        """Lets nobody in any more, and is passed on when nobody is in any more, or after the time that they have. Does not
        wait for it: this is for signal handlers."""
        self._signals.put(signum)

    def close(self) -> None:
        """When the container has ended."""
        self._signals.put(_CLOSED)
        self._lease.close()
        self._door.close()

    def _watch(self) -> None:
        pause = FIRST_LOOK_S
        while (signum := self._next(pause)) is None:
            now = time.monotonic()
            reason = self._look(now)
            if reason:
                self._end(reason)
                return
            pause = LOOK_S if self._heard else max(FIRST_LOOK_S, min(LAST_LOOK_S, PART * (now - self._began)))
        try:
            self._end_by(signum)
        except Failed as e:
            self._end(str(e))

    def _look(self, now: float) -> str:
        """@return why the container ends; empty: it does not"""
        is_heard, port = self._port.is_listened_on(), self._port.number
        self._lease.tell(is_heard)
        if is_heard:
            self._heard = now
        elif self._heard is None and now - self._began >= self._serve.startup_timeout_s:
            given = f"{self._serve.startup_timeout_s:g} s"
            return f"nothing listens on port {port} after {given}: start the server in a method with @modal.enter()"
        elif self._heard is not None and now - self._heard >= LOST_S:
            return f"nothing listens on port {port} any more"
        return ""

    def _end_by(self, signum: int) -> None:
        """A further signal comes through at once."""
        self._lease.tell(False)
        self._door.shut()
        until = time.monotonic() + self._serve.exit_grace_s
        further = None
        while further is None and self._door.is_busy and time.monotonic() < until:
            further = self._next(BUSY_LOOK_S)
        while signum != _CLOSED and further != _CLOSED:
            self._interrupt(signum)
            signum = self._signals.get()

    def _next(self, pause_s: float) -> int | None:
        """@return the next signal; None: there was none for that long"""
        try:
            return self._signals.get(timeout=pause_s)
        except queue.Empty:
            return None

    def _end(self, reason: str) -> None:
        with self._lock:
            if self.reason:
                return
            self.reason = reason
        self._kill()
