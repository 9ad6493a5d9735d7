# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions with GPUs that say what they see of them. A stand-in's device node is a file that holds the device's id."""

import os
import time
from pathlib import Path

import modal

app = modal.App("computing")
QUICK = {"scaledown_window": 2, "cpu": 0.05, "memory": 64}


def look(hold_s: float = 0) -> dict:
    seen = {
        "nodes": {node.name: node.read_text().strip() for node in sorted(Path("/dev").glob("nvidia[0-9]*"))},
        "visible": os.environ.get("NVIDIA_VISIBLE_DEVICES"),
    }
    time.sleep(hold_s)
    return seen


@app.function(gpu="H100", **QUICK)
def one(hold_s: float = 0) -> dict:
    return look(hold_s)


@app.function(gpu="h100", **QUICK)
def another(hold_s: float = 0) -> dict:
    return look(hold_s)


@app.function(gpu="H100:2", **QUICK)
def both(hold_s: float = 0) -> dict:
    return look(hold_s)


@app.function(gpu=["H100", "A100-40GB"], **QUICK)
def ranked(hold_s: float = 0) -> dict:
    return look(hold_s)


@app.function(gpu=["H100", "A100-40GB"], max_containers=1, **QUICK)
def ranked_alone(hold_s: float = 0) -> dict:
    return look(hold_s)


@app.function(gpu="any", **QUICK)
def whatever() -> dict:
    return look()


@app.function(**QUICK)
def none() -> dict:
    return look()


@app.local_entrypoint()
def ask_for_one() -> None:
    print("it had", one.remote()["visible"])
