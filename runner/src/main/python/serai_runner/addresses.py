# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Servers beside each other: each of them will do."""

from __future__ import annotations

import threading
from collections.abc import Iterable


class Addresses:
    """URLs in the order in which they are tried: the present one first. For use by several threads."""

    def __init__(self, urls: Iterable[str]) -> None:
        self._lock = threading.Lock()
        self._urls = _distinct(urls)
        if not self._urls:
            raise ValueError("no server is named")

    @staticmethod
    def parse(text: str, turn: int = 0) -> Addresses:
        """@param text: separated by commas
        @param turn: whose it is to be asked first, so that not all begin with the same one
        """
        urls = _distinct(text.split(","))
        first = turn % len(urls) if urls else 0
        return Addresses(urls[first:] + urls[:first])

    @property
    def present(self) -> str:
        return self._urls[0]

    @property
    def all(self) -> tuple[str, ...]:
        return self._urls

    def failed(self, url: str) -> None:
        """The next one is tried first from now on, unless somebody has seen that already."""
        with self._lock:
            if url == self._urls[0]:
                self._urls = self._urls[1:] + self._urls[:1]

    def renew(self, urls: Iterable[str]) -> None:
        """Who is there now. The present one stays the first, if it is among them."""
        with self._lock:
            present, now = self._urls[0], _distinct(urls)
            if present in now:
                first = now.index(present)
                now = now[first:] + now[:first]
            self._urls = now or self._urls

    def __str__(self) -> str:
        return ", ".join(self._urls)


def _distinct(urls: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(url for url in (u.strip().rstrip("/") for u in urls) if url))
