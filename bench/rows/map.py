# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Many inputs at once, on one container."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING

from report import Figure
from turns import in_turns

if TYPE_CHECKING:
    from bench import Bench

ORDER = 40


def measure(bench: Bench) -> Iterator[Figure]:
    n, maps = bench.samples(1000, quick=100), bench.samples(3, quick=1)
    clients = {name: each.program("basic") for name, each in bench.platforms.items()}
    times = in_turns(maps, {name: lambda each=each: each.ask("map", n=n) for name, each in clients.items()}).key("seconds")
    yield times.figure(f"`.map` of {n:,}, one warm container, median of {maps}", "s", median)
    yield times.figure("the same, for each input", "ms", lambda found: 1e3 * median(found) / n)
