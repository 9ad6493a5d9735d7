# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that are called in every way there is."""

import asyncio
import os

import modal

app = modal.App("calling")


@app.function(max_containers=1)
def divide(dividend: float, divisor: float = 2.0) -> float:
    return dividend / divisor


@app.function(max_containers=1)
def process() -> tuple[int, str]:
    return os.getpid(), os.environ["MODAL_TASK_ID"]


@app.function(max_containers=1)
async def later(value: str) -> str:
    await asyncio.sleep(0.01)
    return value.upper()


@app.function(max_containers=1)
def arguments(*positional, **named):
    return positional, named


@app.function(max_containers=1)
def nothing() -> None:
    return None


@app.local_entrypoint()
def main(dividend: float, divisor: float = 2.0) -> None:
    print("quotient:", divide.remote(dividend, divisor))
