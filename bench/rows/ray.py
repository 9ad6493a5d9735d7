# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The cold start and the warm call beside those of Ray, which keeps nothing and isolates nothing."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import environments
from platforms import Talk, environment
from report import Figure, percentile
from turns import SERAI, in_turns

from rows.cold import rested_cold_call
from rows.warm import ROUNDS, in_ms

if TYPE_CHECKING:
    from bench import Bench

ORDER = 70
RAY = "Ray"
HERE = Path(__file__).resolve().parents[1]


def measure(bench: Bench) -> Iterator[Figure]:
    colds, warms = bench.samples(8, quick=2), bench.samples(400, quick=40) // ROUNDS
    warm_up = bench.samples(1000, quick=10)
    client, numbers = bench.serai.program("basic"), itertools.count()
    with started(bench.log("ray")) as ray:
        ray.ask("warm", n=1, before=warm_up)
        client.ask("warm", n=1, before=warm_up)
        cold = in_turns(colds, {SERAI: lambda: rested_cold_call(bench.serai), RAY: lambda: ray.ask("cold", number=next(numbers))})
        warm = in_turns(
            ROUNDS,
            {
                SERAI: lambda: client.ask("warm", n=warms, before=2)["seconds"],
                RAY: lambda: ray.ask("warm", n=warms, before=2)["seconds"],
            },
        )
    yield cold.key("entered_s", 1e3).figure(f"cold: to the first user line, median of {colds}", "ms", median, against=RAY)
    for percent in (50, 99):
        label = f"warm call p{percent} of {warms * ROUNDS}"
        yield warm.each(in_ms).figure(label, "ms", lambda found, percent=percent: percentile(found, percent), against=RAY)


@contextmanager
def started(log: Path) -> Iterator[Talk]:
    """A Ray of one machine with a driver, both gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ray-") as scratch:  # its sockets' names must be short
        talk = Talk(
            [str(environments.python("ray", log)), str(HERE / "rays.py"), scratch],
            environment() | {"RAY_USAGE_STATS_ENABLED": "0"},
            log,
        )
        try:
            yield talk
        finally:
            talk.close()
