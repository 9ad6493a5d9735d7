# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions whose containers are counted in the cluster."""

import os
import time

import modal

app = modal.App("scaling")


@app.function(scaledown_window=2, max_containers=3)
def hold(seconds: float = 0.0) -> str:
    time.sleep(seconds)
    return os.environ["MODAL_TASK_ID"]


@app.function(min_containers=1, max_containers=2, scaledown_window=2)
def kept_warm() -> str:
    return os.environ["MODAL_TASK_ID"]


@app.function(max_containers=2)
def untouched() -> None:
    raise AssertionError("nobody calls it")


@app.local_entrypoint()
def main() -> None:
    print("held by", hold.remote(1.0))


@app.local_entrypoint()
def hold_on() -> None:
    hold.remote(600)
