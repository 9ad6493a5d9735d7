# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Many thousand inputs over four containers, and calls that nobody waits for; beside Ray and a queue in PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, Any

import environments
import processes
from platforms import Platform, Talk, environment
from report import Aim, Figure
from turns import SERAI, Answers, in_turns

from rows.ray import RAY, started

if TYPE_CHECKING:
    from bench import Bench

ORDER = 75
QUEUE = "procrastinate"
LOOK_S = 0.5
AIM = Aim(1.11, "each input is three commits of the database: it arrives, a container takes it, its result is kept", of_ratio=True)


def measure(bench: Bench) -> Iterator[Figure]:
    inputs, calls = bench.samples(20_000, quick=400), bench.samples(1_000, quick=50)
    held = Held(bench.serai)
    with started(bench.log("ray")) as ray, _queue(bench) as queue:
        talks = {**{name: each.program("crowd") for name, each in bench.platforms.items()}, RAY: ray, QUEUE: queue}
        warm_up = in_turns(1, {name: lambda each=each: each.ask("map", n=400) for name, each in talks.items()})
        maps = in_turns(
            1,
            {
                name: lambda name=name, each=each: held.during(name, lambda: each.ask("map", n=inputs))
                for name, each in talks.items()
            },
        )
        spawns = in_turns(3, {name: lambda each=each: each.ask("spawn", n=calls) for name, each in talks.items()})
    maps.failed |= warm_up.failed
    yield from _beside_all(maps.key("seconds", 1e3 / inputs), f"`.map` of {inputs:,} over 4 containers, for each input", AIM)
    yield from _beside_all(spawns.key("seconds", 1e3 / calls), f"`.spawn`, one after the other, median of 3 × {calls:,}", None)
    yield Figure(
        f"server, RSS, the most of it during `.map` of {inputs:,}",
        "MiB",
        max(held.rss_mib, default=None),
        held.before_mib,
        "before it",
        None,
        "",
        {SERAI: held.rss_mib},
    )


def _beside_all(times: Answers, label: str, aim: Aim | None) -> Iterator[Figure]:
    yield times.figure(label, "ms", median, aim=aim)
    for other in (RAY, QUEUE):
        yield times.figure(label, "ms", median, against=other)


class Held:
    """What the server holds of the machine's memory while Serai is measured."""

    def __init__(self, serai: Platform) -> None:
        self._serai = serai
        self.before_mib: float | None = None
        self.rss_mib: list[float] = []

    def during(self, name: str, work: Any) -> Any:
        if name != SERAI:
            return work()
        self.before_mib = self._look()
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(over,))
        watcher.start()
        try:
            return work()
        finally:
            over.set()
            watcher.join()

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(LOOK_S):
            self.rss_mib.append(self._look())

    def _look(self) -> float:
        return processes.memory(self._serai.parts()["server"])["rss_mib"]


@contextmanager
def _queue(bench: Bench) -> Iterator[Talk]:
    log = bench.log(QUEUE)
    variables = {**environment(), "BENCH_DATABASE": bench.installation.database("bench_queue")}
    program = environments.HERE / "pgqueue.py"
    try:
        talk = Talk([str(environments.python("pgqueue", log)), str(program)], variables, log)
        try:
            yield talk
        finally:
            talk.close()
    finally:
        bench.installation.drop_database("bench_queue")
