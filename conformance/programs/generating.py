# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that yield."""

import asyncio
import time

import modal

app = modal.App("generating")


@app.function(max_containers=1)
def count(n: int):
    yield from range(n)


@app.function(max_containers=1)
async def count_async(n: int):
    for i in range(n):
        await asyncio.sleep(0)
        yield i


@app.function(max_containers=1)
def blocks(n: int, size: int):
    for i in range(n):
        yield bytes([i]) * size


@app.function(max_containers=1)
def breaks_after(n: int):
    yield from range(n)
    raise ValueError("no more", n)


@app.function(max_containers=1)
def slowly(n: int, seconds: float):
    for i in range(n):
        yield i, time.time()
        time.sleep(seconds)
