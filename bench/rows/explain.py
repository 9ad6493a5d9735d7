# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""How soon a call that waits for a GPU which nobody has says so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING

from platforms import Talk, wait_for
from report import Aim, Figure
from rest import Rest
from turns import SERAI, in_turns

if TYPE_CHECKING:
    from bench import Bench

ORDER = 45
PATIENCE_S = 60
AIM = Aim(1000, "the cluster is asked for a container, and 0.2 s later why there is none")


def measure(bench: Bench) -> Iterator[Figure]:
    n = bench.samples(8, quick=2)
    client = bench.serai.program("waiting")
    times = in_turns(n, {SERAI: lambda: _explained_ms(client, Rest(bench.serai.api))})
    yield times.figure(f"from `.spawn` to the explanation that names the GPU, median of {n}", "ms", median)
    yield times.figure(f"from `.spawn` to the explanation that names the GPU, worst of {n}", "ms", max, aim=AIM)


def _explained_ms(client: Talk, rest: Rest) -> float:
    """Each time from the beginning: the call before is cancelled, and its container no longer asked for."""
    began = time.perf_counter()
    spawned = client.ask("spawn")
    call = spawned["call"]
    wait_for("an explanation", PATIENCE_S, lambda: "B200" in rest.get(f"/calls/{call}/explanation")["sentence"])
    milliseconds = 1e3 * (time.perf_counter() - began)
    client.ask("cancel", call=call)
    wait_for("no container asked for", PATIENCE_S, lambda: rest.get(f"/functions/{spawned['function']}")["pool"]["size"] == 0)
    return milliseconds
