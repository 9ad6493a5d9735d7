# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The program that is measured: functions that do nothing, so that what remains is the platform's."""

import os
import time

LOADED = time.time()  # when the runtime had come as far as our first line outside of a function

import modal  # noqa: E402 - the line above is the measurement

app = modal.App("bench")


@app.function(max_containers=1, scaledown_window=2)
def cold() -> tuple[float, float, str]:
    """@return by the machine's clock, when the module and the function came to their first lines; and in which container"""
    return LOADED, time.time(), os.environ["MODAL_TASK_ID"]


@app.function(max_containers=1, scaledown_window=900)
def warm(x: int) -> int:
    return x + 1


@app.function(max_containers=1, scaledown_window=900)
def resident() -> str:
    """Stays for as long as its memory is looked at."""
    return os.environ["MODAL_TASK_ID"]
