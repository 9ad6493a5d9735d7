# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The client's side of the bench: one process for each platform, the same for both, told what to do on its standard input.

A line in, such as {"do": "warm", "n": 400}, is a line out: what was measured, or {"error": ...}. Its end of input is the
app's end.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from typing import Any

from program import app, cold, resident, warm


def measure_cold() -> dict[str, Any]:
    """One call. Both ends read the clock of the same machine."""
    submitted = time.time()
    loaded, entered, task = cold.remote()
    return {"task": task, "loaded_s": loaded - submitted, "entered_s": entered - submitted}


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


DO = {"cold": measure_cold, "warm": measure_warm, "map": measure_map, "stay": stay}


def main() -> None:
    # What the client library prints must not come between our answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=answers)

    with app.run():
        say({"ready": True})
        for line in sys.stdin:
            asked = json.loads(line)
            try:
                say(DO[asked.pop("do")](**asked))
            except Exception as e:  # whatever a platform does wrong is a result of the bench
                traceback.print_exc()
                say({"error": f"{type(e).__name__}: {e}"})


if __name__ == "__main__":
    main()
