# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""How much processor the parts take while nobody calls and no container runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import processes
from platforms import Platform
from report import Aim, Figure
from turns import in_turns

if TYPE_CHECKING:
    from bench import Bench

ORDER = 60
REST_S = 20  # after the rows above: their containers end, and what they have left behind is tidied up
ALL = "all parts"
AIM = Aim(2, "timers of the server that look at the database each second, and the agent's heartbeats")


def measure(bench: Bench) -> Iterator[Figure]:
    watched_s = bench.samples(60, quick=10)
    bench.end_programs()
    time.sleep(bench.samples(REST_S, quick=5))
    taken = in_turns(1, {name: lambda each=each: _taken(each, watched_s) for name, each in bench.platforms.items()})
    for part in (ALL, *sorted(bench.serai.parts())):
        of_part = taken.each(lambda found, part=part: [each[part] for each in found if part in each])
        of_part.found = {name: found for name, found in of_part.found.items() if found}
        aim = AIM if part == ALL else None
        yield of_part.figure(f"{part}, of one core, in {watched_s} s", "%", lambda found: found[0], aim=aim)


def _taken(platform: Platform, watched_s: float) -> dict[str, float]:
    """Of each part and of all together, in percent of one core."""
    parts = platform.parts()
    before = {part: processes.cpu_s(pids) for part, pids in parts.items()}
    began = time.monotonic()
    time.sleep(watched_s)
    elapsed = time.monotonic() - began
    percent = {part: 100 * (processes.cpu_s(platform.parts()[part]) - before[part]) / elapsed for part in parts}
    return {ALL: sum(percent.values()), **percent}
