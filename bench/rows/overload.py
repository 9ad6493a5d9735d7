# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A web function at five times what it can do: those that are taken, those that are refused, and what the server holds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import processes
import webload
from report import Figure, percentile
from rest import Rest
from webload import Endpoint

if TYPE_CHECKING:
    from bench import Bench

ORDER = 85
TAKEN, TIMES = 8, 5  # requests at a time: four that run, four that wait
RULES_S = 2  # until they are felt
AT_CAPACITY = "at capacity"


def measure(bench: Bench) -> Iterator[Figure]:
    where = bench.serai.program("web").ask("where")
    endpoint = Endpoint.at(bench.serai.api["SERAI_WEB_URL"], where["bounded"])
    webload.load(endpoint, TAKEN, bench.samples(2000, quick=40), path="/slow")  # warm
    capacity, seconds = webload.load(endpoint, TAKEN, bench.samples(2000, quick=40), path="/slow")
    Rest(bench.serai.api).put(f"/functions/{where['bounded_function']}/web", {"concurrency": TAKEN})
    time.sleep(RULES_S)
    before = _held(bench)
    seen = webload.flood(endpoint, TIMES * capacity, int(TIMES * capacity * bench.samples(20, quick=1)), path="/slow")
    after = _held(bench)
    taken, refused = ([1e3 * s for status, s in seen if (status == 200) is good] for good in (True, False))
    others = sorted({status for status, _ in seen} - {200, 429})
    note = f"{capacity:.0f} a second is what it can do; {len(seen):,} asked, {len(taken):,} taken, {len(refused):,} refused"
    if others:
        note += f"; answers other than 200 and 429: {others}"
    for percent in (50, 99):
        at_capacity = percentile([1e3 * s for s in seconds], percent)
        what = f"{TIMES} times as many requests as it can do: p{percent} of those that are taken"
        yield Figure(what, "ms", percentile(taken, percent), at_capacity, AT_CAPACITY, note=note, samples={"taken": taken})
        note = ""
    yield Figure(f"{TIMES} times: p99 of a refusal", "ms", percentile(refused, 99), samples={"refused": refused})
    yield Figure(f"{TIMES} times: taken", "1/s", len(taken) / (len(seen) / (TIMES * capacity)), capacity, AT_CAPACITY)
    yield Figure(f"{TIMES} times: server, PSS more than before", "MiB", after - before, note=f"{before:.0f} before")


def _held(bench: Bench) -> float:
    return processes.memory(bench.serai.parts()["server"])["pss_mib"]
