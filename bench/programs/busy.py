# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""As many calls at a time as a platform takes."""

import asyncio
import time
from typing import Any

import modal

app = modal.App("bench-busy")


@app.function(max_containers=2, scaledown_window=900)
@modal.concurrent(max_inputs=8)
async def work(x: int) -> int:
    return x + 1


async def _calls(n: int, abreast: int) -> None:
    left = iter(range(n))

    async def caller() -> None:
        for x in left:
            if await work.remote.aio(x) != x + 1:
                raise RuntimeError(f"work({x}) answered something else")

    await asyncio.gather(*(caller() for _ in range(abreast)))


def measure_throughput(n: int, abreast: int) -> dict[str, Any]:
    """*n* calls by *abreast* callers. By the machine's clock, as several clients are measured together."""
    began = time.time()
    asyncio.run(_calls(n, abreast))
    return {"began": began, "ended": time.time(), "calls": n}


DO = {"throughput": measure_throughput}
