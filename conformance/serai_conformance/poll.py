# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T], within: float, what: str, every: float = 0.1) -> T:
    """
    Look until there is something to see.

    :param within: seconds
    :return: the first true value
    """
    deadline = time.monotonic() + within
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {within} s: {what}; last seen: {seen!r}")
        time.sleep(every)
