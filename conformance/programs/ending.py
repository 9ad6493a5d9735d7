# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that are cancelled, and some that do not want to be; calls inside of calls."""

import asyncio
import os
import time

import modal

app = modal.App("ending")


@app.function(max_containers=1)
def sleeps(seconds: float) -> str:
    print("asleep", flush=True)
    time.sleep(seconds)
    return os.environ["MODAL_TASK_ID"]


@app.function(max_containers=1)
async def sleeps_async(seconds: float) -> str:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        print("woken early", flush=True)
        raise
    return os.environ["MODAL_TASK_ID"]


@app.function(max_containers=1)
def swallows(seconds: float) -> str:
    """Catches whatever interrupts it, and goes on."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            time.sleep(0.1)
        except BaseException as e:
            print(f"not impressed by {type(e).__name__}", flush=True)
    return os.environ["MODAL_TASK_ID"]


@app.function(max_containers=1)
@modal.concurrent(max_inputs=4)
async def shared(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return os.environ["MODAL_TASK_ID"]


@app.function(max_containers=1)
def waits_for_another(seconds: float) -> str:
    """For one call; another one it has only begun."""
    shared.spawn(3)
    return sleeps.remote(seconds)


@app.function(max_containers=2)
def leaf(x: int) -> int:
    if x == 3:
        raise ValueError("three")
    return x


@app.function(max_containers=1)
def branch(n: int) -> list:
    return list(leaf.map(range(n), return_exceptions=True))


@app.function(max_containers=1)
def root() -> int:
    return len(branch.remote(4))
