# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A function whose containers work on one input."""

import os

import modal

app = modal.App("single-use")


@app.function(max_containers=2, single_use_containers=True)
def once(x: int) -> tuple[int, str]:
    return x, os.environ["MODAL_TASK_ID"]
