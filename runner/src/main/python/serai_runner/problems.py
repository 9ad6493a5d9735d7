# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, by what the runner does about it."""

from __future__ import annotations


class Failed(Exception):
    """The container cannot be started. The message says what to do about it; the server and the log get it."""


class Refused(Exception):
    """The server understood and said no: trying again would not help."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Unavailable(Exception):
    """The server is away or busy: try again later."""


class Stopped(Exception):
    """The cluster told us to end before the runtime had started."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"stopped by signal {signum} before it had started")
        self.signum = signum
