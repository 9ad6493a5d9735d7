# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that do nothing, so that what remains is the platform's."""

import os
import time
from typing import Any

LOADED = time.time()  # when the runtime had come as far as our first line outside of a function

import modal  # noqa: E402 - the line above is the measurement

app = modal.App("bench")


@app.function(max_containers=1, scaledown_window=2)
def cold() -> tuple[float, float, float, str]:
    """@return by the machine's clock, when the null server started the sandbox, and when the module and the function came to
    their first lines; and in which container"""
    return float(os.environ.get("BENCH_SPAWNED", "nan")), LOADED, time.time(), os.environ["MODAL_TASK_ID"]


@app.function(max_containers=1, scaledown_window=900)
def warm(x: int) -> int:
    return x + 1


@app.function(max_containers=1, scaledown_window=900)
def resident() -> str:
    """Stays for as long as its memory is looked at."""
    return os.environ["MODAL_TASK_ID"]


def measure_cold() -> dict[str, Any]:
    """One call. All clocks are those of the same machine."""
    submitted = time.time()
    spawned, loaded, entered, task = cold.remote()
    return {
        "task": task,
        "spawned_s": spawned - submitted,
        "loaded_s": loaded - submitted,
        "entered_s": entered - submitted,
    }


def measure_warm(n: int, before: int) -> dict[str, Any]:
    """*n* calls, one after the other, once *before* others made everything warm."""
    seconds = []
    for i in range(before + n):
        began = time.perf_counter()
        answer = warm.remote(i)
        seconds.append(time.perf_counter() - began)
        if answer != i + 1:
            raise RuntimeError(f"warm({i}) answered {answer!r}")
    return {"seconds": seconds[before:]}


def measure_map(n: int) -> dict[str, Any]:
    """*n* inputs for the container that is warm already."""
    warm.remote(0)
    began = time.perf_counter()
    answers = list(warm.map(range(n)))
    seconds = time.perf_counter() - began
    if answers != list(range(1, n + 1)):
        raise RuntimeError(f"a map of {n} inputs answered {len(answers)} outputs, not all of them right and in order")
    return {"seconds": seconds}


def stay(n: int) -> dict[str, Any]:
    """A container that has answered *n* calls."""
    tasks = [resident.remote() for _ in range(n)]
    return {"task": tasks[-1], "containers": len(set(tasks))}


def where() -> dict[str, Any]:
    return {"function": warm.object_id}


DO = {"cold": measure_cold, "warm": measure_warm, "map": measure_map, "stay": stay, "where": where}
