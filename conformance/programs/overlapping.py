# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that tell when they ran, so that it can be seen whether they did so together."""

import os
import time

import modal

app = modal.App("overlapping")


@app.function(max_containers=1)
@modal.concurrent(max_inputs=5)
def five_at_once(seconds: float) -> tuple[str, float, float]:
    begun = time.time()
    time.sleep(seconds)
    return os.environ["MODAL_TASK_ID"], begun, time.time()


@app.function(max_containers=1)
@modal.concurrent(max_inputs=20)
async def twenty_at_once(seconds: float) -> tuple[str, float, float]:
    import asyncio

    begun = time.time()
    await asyncio.sleep(seconds)
    return os.environ["MODAL_TASK_ID"], begun, time.time()


@app.function(max_containers=1)
def one_at_a_time(seconds: float) -> tuple[str, float, float]:
    begun = time.time()
    time.sleep(seconds)
    return os.environ["MODAL_TASK_ID"], begun, time.time()
