# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A function whose autoscaler is changed while it runs."""

import time

import modal

app = modal.App("adjusting")


@app.function(max_containers=1, scaledown_window=2)
def hold(seconds: float = 0.0) -> None:
    time.sleep(seconds)
