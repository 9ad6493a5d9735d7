# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A function that finds no place: no node has what it asks for."""

from typing import Any

import modal

app = modal.App("bench-waiting")


@app.function(gpu="B200:8", max_containers=1, scaledown_window=2)
def nowhere() -> None:
    """Never runs."""


def spawn() -> dict[str, Any]:
    return {"call": nowhere.spawn().object_id, "function": nowhere.object_id}


def cancel(call: str) -> dict[str, Any]:
    modal.FunctionCall.from_id(call).cancel()
    return {}


DO = {"spawn": spawn, "cancel": cancel}
