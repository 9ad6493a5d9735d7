# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""From a call of a function at zero to the function's first line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING, Any

from agent import Agent
from platforms import Platform
from report import NULL_SERVER, Aim, Figure
from turns import SERAI, Answers, in_turns

if TYPE_CHECKING:
    from bench import Bench

ORDER = 20
REST_S = 1.0  # after a container's end: what that costs the platform must not be counted as the next one's start
AGENT, FLOOR = "agent", "agent + bare runtime"
AIM = Aim(
    1.3,
    "on top of both come the commit and the scaling in the call's path, the runner's own start and its asking for the task",
    of_ratio=True,
)


def measure(bench: Bench) -> Iterator[Figure]:
    n = bench.samples(8, quick=2)
    first = in_turns(1, {name: each.cold_call for name, each in bench.platforms.items()}).key("entered_s", 1e3)
    with Agent(bench.serai.agent_url, bench.scratch) as agent:
        calls = in_turns(n, {name: lambda each=each: rested_cold_call(each) for name, each in bench.platforms.items()})
        starts = in_turns(n, {AGENT: lambda: 1e3 * agent.scale_to_process_s()})
    entered = calls.key("entered_s", 1e3)
    yield entered.figure(f"to the first user line, median of {n}", "ms", median)
    yield entered.figure(f"to the first user line, worst of {n}", "ms", max)
    yield calls.key("loaded_s", 1e3).figure(f"to the module's first line, median of {n}", "ms", median)
    yield first.figure("to the first user line, first call of all", "ms", median)
    yield _beside_the_floor(f"to the first user line, median of {n}", calls, starts)


def rested_cold_call(platform: Platform) -> dict[str, Any]:
    time.sleep(REST_S)
    return platform.cold_call()


def _beside_the_floor(label: str, calls: Answers, starts: Answers) -> Figure:
    """What nobody can do without: the agent's way from the request to a process, and the runtime's from there to the line."""
    figure = calls.key("entered_s", 1e3).figure(label, "ms", median, aim=AIM)
    agent = starts.found.get(AGENT, [])
    runtime = [1e3 * (call["entered_s"] - call["spawned_s"]) for call in calls.found.get(NULL_SERVER, [])]
    figure.against, figure.reference = FLOOR, median(agent) + median(runtime) if agent and runtime else None
    figure.samples = {SERAI: figure.samples.get(SERAI), AGENT: agent, "bare runtime": runtime}
    parts = f"{median(agent):.1f} + {median(runtime):.1f} ms" if agent and runtime else ""
    figure.note = "; ".join(filter(None, [figure.note, parts, *starts.failed.values()]))
    return figure
