# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A warm call, and the server's memory, where there is much else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import processes
from report import Aim, Figure, percentile

if TYPE_CHECKING:
    from bench import Bench

ORDER = 950  # it leaves a large installation behind
AIM = Aim(1.3, "a statement whose time grows with what is there: EXPLAIN it", of_ratio=True)


def measure(bench: Bench) -> Iterator[Figure]:
    functions = [bench.samples(full, quick=quick) for full, quick in ((10, 5), (1_000, 20), (10_000, 50))]
    inputs = bench.samples(1_000_000, quick=2_000)
    growth, done, first = bench.serai.program("growth"), 0, {}
    for count in functions:
        growth.ask("deploy", first=done, last=count)
        done = count
        yield from _figures(bench, f"{count:,} functions deployed", first)
    growth.ask("pile", n=inputs)
    yield from _figures(bench, f"{inputs:,} inputs pending", first)


def _figures(bench: Bench, case: str, first: dict[str, float]) -> Iterator[Figure]:
    n = bench.samples(400, quick=20)
    seconds = bench.serai.program("basic").ask("warm", n=n, before=bench.samples(300, quick=5))["seconds"]
    held = processes.memory(processes.tree(bench.installation.status()["server"]["pid"]))  # rows before may have killed it
    values = {
        "warm call p50": ("ms", 1e3 * percentile(seconds, 50), {"Serai": seconds}),
        "server, PSS": ("MiB", held["pss_mib"], {"Serai": held}),
    }
    for name, (unit, value, samples) in values.items():
        reference = first.get(name)
        first.setdefault(name, value)
        aim = AIM if reference is not None else None
        yield Figure(f"{name}, {case}", unit, value, reference, "the first case", aim, samples=samples)
