# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The lease of a container that does not say by itself that it lives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from . import messages
from .problems import Refused, Unavailable

if TYPE_CHECKING:
    from .server import Server

EVERY_S = 15  # where the server says nothing else
RETRY_S = 0.2  # and twice as long each time


class Lease:
    """Tells the server where the container's door is and whether somebody listens behind it: at the start, at each change,
    and each *every_s*."""

    def __init__(
        self,
        connect: Callable[[], Server],
        container: str,
        door: Mapping[str, object],
        every_s: float | None,
        end: Callable[[str], None],
    ) -> None:
        """@param end: called with a reason when the server does not have this container any more"""
        self._connect, self._path, self._door = connect, f"/internal/v1/containers/{container}/door", door
        self._every_s, self._end = every_s or EVERY_S, end
        self._changed = threading.Condition()
        self._listening = self._is_closed = False

    def start(self) -> None:
        threading.Thread(target=self._run, name="lease", daemon=True).start()

    def tell(self, listening: bool) -> None:
        """Does not wait for it."""
        with self._changed:
            self._listening = listening
            self._changed.notify()

    def close(self) -> None:
        """Nothing more is told."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def _run(self) -> None:
        server, pause, retry, said = self._connect(), 0.0, RETRY_S, False
        while self._wait(said, pause):
            said = self._listening
            try:
                server.post(self._path, {**self._door, "listening": said})
                pause, retry = self._every_s, RETRY_S
            except Unavailable as e:
                if retry == RETRY_S:
                    messages.say(f"the server is not told that the container lives: {e}")
                pause, retry = min(retry, self._every_s), 2 * retry
            except Refused as e:
                self._refused(str(e))
                break
        server.close()

    def _wait(self, said: bool, pause_s: float) -> bool:
        """@return whether there is something to be told"""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._listening != said, pause_s)
            return not self._is_closed

    def _refused(self, why: str) -> None:
        with self._changed:
            has_ended = self._is_closed  # by itself: then it is no news
        if not has_ended:
            self._end(f"the server has no such container any more: {why}")
