# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What each part holds of the machine's memory after the rows above."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import processes
from platforms import Platform
from report import Aim, Figure
from turns import in_turns

if TYPE_CHECKING:
    from bench import Bench

ORDER = 50
ALL, CONTAINER = "all without containers", "one container with its runner"
AIM = Aim(1024, "a heap of 512 MiB at most, and beside it the classes and compiled code of an application server")


def measure(bench: Bench) -> Iterator[Figure]:
    stay = bench.samples(20, quick=5)
    held = in_turns(1, {name: lambda each=each: _held(each, stay) for name, each in bench.platforms.items()})
    for part in ("server", "agent", "database", ALL, CONTAINER):
        of_part = held.each(lambda found, part=part: [each[part] for each in found if part in each])
        of_part.found = {name: found for name, found in of_part.found.items() if found}
        counts = ", ".join(f"{found[0]['processes']} ({name})" for name, found in of_part.found.items())
        yield of_part.figure(f"{part}, PSS", "MiB", lambda found: found[0]["pss_mib"], note=f"processes: {counts}")
        yield of_part.figure(f"{part}, RSS", "MiB", lambda found: found[0]["rss_mib"], aim=AIM if part == "server" else None)


def _held(platform: Platform, stay: int) -> dict[str, dict[str, float]]:
    task = platform.program("basic").ask("stay", n=stay)["task"]
    parts = platform.parts()
    parts[ALL] = set().union(*parts.values())
    parts[CONTAINER] = platform.container(task)
    return {part: processes.memory(pids) for part, pids in parts.items()}
