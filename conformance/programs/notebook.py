# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions and classes that no module has, as in a notebook: their code travels."""

import modal

app = modal.App("notebook")


def cell(factor: int):
    """What the client finds in no module, it sends as it is, with all that it refers to."""

    def helper(x: int) -> int:
        return x * factor

    @app.function(serialized=True, name="scaled")
    def scaled(x: int) -> int:
        return helper(x)

    @app.function(serialized=True, name="scaled_later")
    async def scaled_later(x: int) -> int:
        return helper(x)

    @app.function(serialized=True, name="counted")
    def counted(n: int):
        yield from range(n)

    @app.cls(serialized=True)
    class Scale:
        by: int = modal.parameter(default=2)

        @modal.method()
        def times(self, x: int) -> int:
            return helper(x) * self.by

    return scaled, scaled_later, counted, Scale


scaled, scaled_later, counted, Scale = cell(7)
