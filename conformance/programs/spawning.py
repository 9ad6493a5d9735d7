# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions whose calls outlive the caller's patience."""

import time

import modal

app = modal.App("spawning")


@app.function(max_containers=2)
def add(a: int, b: int) -> int:
    return a + b


@app.function(max_containers=2)
def after(seconds: float, value):
    time.sleep(seconds)
    return value


@app.function(max_containers=1)
def size(data: bytes) -> int:
    return len(data)


@app.function(max_containers=1)
def fail() -> None:
    raise LookupError("not here")


@app.cls(max_containers=1)
class Marks:
    """Counts, in the one container that it has."""

    @modal.enter()
    def begin(self) -> None:
        self.count = 0

    @modal.method()
    def mark(self, x: int) -> None:
        self.count += 1

    @modal.method()
    def seen(self) -> int:
        return self.count
