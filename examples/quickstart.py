# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The first program: a function that runs in a container of its own, called like a local one.

Run it with ./serai run examples/quickstart.py
"""

import modal

app = modal.App("quickstart")


@app.function()
def square(x: int) -> int:
    print(f"squaring {x}")
    return x * x


@app.local_entrypoint()
def main() -> None:
    print("one call:", square.remote(7))
    print("a map:   ", list(square.map(range(5))))
