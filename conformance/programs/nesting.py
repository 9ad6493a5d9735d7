# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that call functions."""

import modal

app = modal.App("nesting")


@app.function(max_containers=2)
def add(a: int, b: int) -> int:
    return a + b


@app.function(max_containers=1)
def total(numbers: list[int]) -> int:
    result = 0
    for number in numbers:
        result = add.remote(result, number)
    return result


@app.function(max_containers=1)
def pairs(numbers: list[int]) -> list[int]:
    return list(add.map(numbers, numbers))


@app.function(max_containers=1)
def later(a: int, b: int) -> str:
    return add.spawn(a, b).object_id


@app.function(max_containers=1)
async def together(n: int) -> list[int]:
    import asyncio

    return await asyncio.gather(*(add.remote.aio(i, 1) for i in range(n)))


@app.function(max_containers=4)
@modal.concurrent(max_inputs=4)
def factorial(n: int) -> int:
    return 1 if n <= 1 else n * factorial.remote(n - 1)


@app.function(max_containers=1)
def fail_inside() -> None:
    add.remote(1, None)


@app.function(max_containers=1)
def ask(app_name: str, function_name: str, x: int) -> int:
    return modal.Function.from_name(app_name, function_name).remote(x)
