# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A call of a function that has a container, by the client and by REST."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from report import Aim, Figure, percentile
from rest import Rest
from turns import SERAI, in_turns

if TYPE_CHECKING:
    from bench import Bench

ORDER = 30
ROUNDS = 4  # calls are made in so many rounds: those who are measured take turns
REMOTE = "`.remote`"
AIM = Aim(
    1.5,
    "Serai commits three times to PostgreSQL for a call (start, claim, result) and wakes two waiters; the null server keeps it in "
    "a dictionary",
    of_ratio=True,
)


def measure(bench: Bench) -> Iterator[Figure]:
    n = bench.samples(400, quick=40) // ROUNDS
    warm_up = bench.samples(1000, quick=10)
    clients = {name: each.program("basic") for name, each in bench.platforms.items()}
    rest, function = Rest(bench.serai.api), clients[SERAI].ask("where")["function"]
    in_turns(1, {name: lambda each=each: each.ask("warm", n=1, before=warm_up) for name, each in clients.items()})
    calls = in_turns(ROUNDS, {name: lambda each=each: each.ask("warm", n=n, before=2)["seconds"] for name, each in clients.items()})
    times, label = calls.each(in_ms), f"of {n * ROUNDS}"
    yield times.figure(f"`.remote` p50 {label}", "ms", lambda found: percentile(found, 50), aim=AIM)
    yield times.figure(f"`.remote` p99 {label}", "ms", lambda found: percentile(found, 99))

    in_turns(1, {SERAI: lambda: rest.call(function, warm_up // 2)})
    calls = in_turns(
        ROUNDS, {SERAI: lambda: rest.call(function, n), REMOTE: lambda: clients[SERAI].ask("warm", n=n, before=2)["seconds"]}
    )
    times = calls.each(in_ms)
    for percent in (50, 99):
        yield times.figure(
            f"REST call p{percent} {label}", "ms", lambda found, percent=percent: percentile(found, percent), against=REMOTE
        )


def in_ms(rounds: list[list[float]]) -> list[float]:
    return [1e3 * seconds for each in rounds for seconds in each]
