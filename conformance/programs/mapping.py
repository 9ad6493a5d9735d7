# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that are mapped over inputs."""

import os
import time

import modal

app = modal.App("mapping")


@app.function(max_containers=4)
def square(x: int) -> int:
    return x * x


@app.function(max_containers=2)
def check(x: int) -> int:
    if x % 10 == 3:
        raise ValueError(f"no {x}", x)
    return x


@app.function(max_containers=1)
def power(base: int, exponent: int, plus: int = 0) -> int:
    return base**exponent + plus


@app.function(max_containers=3)
def where(seconds: float) -> str:
    time.sleep(seconds)
    return os.environ["MODAL_TASK_ID"]


@app.function(max_containers=4)
@modal.concurrent(max_inputs=2)
def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds
