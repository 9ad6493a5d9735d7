# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""How long a server that is away is waited for."""

from __future__ import annotations

import time

AWAY_S = 300  # an upgrade or a repair; a container without a server for longer frees its node, and the cluster decides
LAST_WORDS_S = 15  # once the cluster wants us to end: less than the 30 s that it grants


class Patience:
    """A deadline that may come closer, from any thread and in a signal handler."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def shorten(self, seconds: float) -> None:
        """@param seconds: from now on"""
        self._until = min(self._until, time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds; negative when it is over."""
        return self._until - time.monotonic()
