# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""From the kill of a part to the next result, with ./serai up right after the kill."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from statistics import median
from typing import TYPE_CHECKING

import processes
from platforms import Broken, wait_for
from report import Figure

if TYPE_CHECKING:
    from bench import Bench

ORDER = 900  # it leaves other processes behind than it found
NEEDS_OWN = True
RECOVERED_S = 600
PARTS = ("container", "server", "agent", "database")


def measure(bench: Bench) -> Iterator[Figure]:
    n = bench.samples(20, quick=2)
    bench.serai.end_programs()
    for part in PARTS:
        times = [recovery_s(bench, part) for _ in range(n)]
        samples = {bench.serai.name: times}
        yield Figure(f"{part} killed, to the next result, median of {n}", "s", median(times), samples=samples)
        yield Figure(f"{part} killed, to the next result, worst of {n}", "s", max(times), samples=samples)
    bench.serai.end_programs()


def runtime(task: str) -> set[int]:
    """The processes that run a container's code."""
    mark = f"MODAL_TASK_ID={task}".encode()
    found = set()
    for entry in processes.PROC.iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
    if not found:
        raise Broken(f"the process of container {task} was not found")
    return found


def recovery_s(bench: Bench, part: str) -> float:
    """SIGKILL, as the kernel does it: nothing is flushed, nobody is told. A client asks all the time."""
    client = bench.serai.program("basic")
    task = client.ask("stay", n=1)["task"]
    killed = runtime(task) if part == "container" else {bench.installation.status()[part]["pid"]}
    began = time.perf_counter()
    for pid in killed:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if part != "container":
        bench.installation.up()

    def answers() -> bool:
        with suppress(Broken):
            return "task" in client.ask("stay", n=1)
        return False

    wait_for(f"a result after the {part} was killed", RECOVERED_S, answers)
    return time.perf_counter() - began
