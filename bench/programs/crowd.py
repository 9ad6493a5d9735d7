# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A function that does nothing, on four containers."""

import time
from typing import Any

import modal

app = modal.App("crowd")


@app.function(min_containers=4, max_containers=4, scaledown_window=900)
def plus_one(x: int) -> int:
    return x + 1


def measure_map(n: int) -> dict[str, Any]:
    began = time.perf_counter()
    total = sum(plus_one.map(range(n), order_outputs=False))
    seconds = time.perf_counter() - began
    if total != n * (n + 1) // 2:
        raise RuntimeError(f"a map of {n} inputs answered {total} in all")
    return {"seconds": seconds}


def measure_spawn(n: int) -> dict[str, Any]:
    """*n* calls, each acknowledged before the next; their ends are awaited and not counted."""
    began = time.perf_counter()
    calls = [plus_one.spawn(x) for x in range(n)]
    seconds = time.perf_counter() - began
    if modal.FunctionCall.gather(*calls) != list(range(1, n + 1)):
        raise RuntimeError("not every spawned call has its own result")
    return {"seconds": seconds}


DO = {"map": measure_map, "spawn": measure_spawn}
