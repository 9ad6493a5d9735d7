# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions and classes that travel as code, as in a notebook."""

import modal

app = modal.App("notebook")
factor = 7


def helper(x: int) -> int:
    return x * factor


@app.function(serialized=True)
def scaled(x: int) -> int:
    return helper(x)


@app.function(serialized=True)
async def scaled_later(x: int) -> int:
    return helper(x)


@app.function(serialized=True)
def counted(n: int):
    yield from range(n)


@app.cls(serialized=True)
class Scale:
    by: int = modal.parameter(default=2)

    @modal.method()
    def times(self, x: int) -> int:
        return x * self.by
