# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that are given several inputs at once."""

import os

import modal

app = modal.App("batching")


@app.function(max_containers=1)
@modal.batched(max_batch_size=4, wait_ms=500)
def sizes(xs: list[int]) -> list[tuple[int, int]]:
    """Each input with the size of its batch."""
    return [(x, len(xs)) for x in xs]


@app.function(max_containers=1)
@modal.batched(max_batch_size=3, wait_ms=300)
async def doubled(xs: list[int], ys: list[int]) -> list[int]:
    return [x + y for x, y in zip(xs, ys, strict=True)]


@app.function(max_containers=1)
@modal.batched(max_batch_size=4, wait_ms=300)
def fails(xs: list[int]) -> list[int]:
    raise ValueError(f"batch of {len(xs)}")


@app.cls(max_containers=1)
class Model:
    factor: int = modal.parameter(default=10)

    @modal.batched(max_batch_size=4, wait_ms=300)
    def times(self, xs: list[int]) -> list[int]:
        return [x * self.factor for x in xs]


@app.function(max_containers=1)
@modal.concurrent(max_inputs=6, target_inputs=2)
def bursting(seconds: float) -> tuple[str, float, float]:
    import time

    begun = time.time()
    time.sleep(seconds)
    return os.environ["MODAL_TASK_ID"], begun, time.time()
