# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Classes: what is kept between calls, methods of every kind, parameters and options."""

import asyncio
import os

import modal

app = modal.App("classy")


@app.cls(max_containers=1, scaledown_window=30)
class Counter:
    """Remembers, as long as its container lives."""

    @modal.enter()
    def begin(self) -> None:
        self.entered = ["sync"]
        self.count = 0

    @modal.enter()
    async def begin_later(self) -> None:
        await asyncio.sleep(0)
        self.entered.append("async")

    @modal.method()
    def add(self, n: int = 1) -> int:
        self.count += n
        return self.count

    @modal.method()
    async def add_later(self, n: int) -> int:
        await asyncio.sleep(0.01)
        self.count += n
        return self.count

    @modal.method()
    def up_to(self, n: int):
        yield from range(n)

    @modal.method()
    async def down_from(self, n: int):
        for x in range(n, 0, -1):
            await asyncio.sleep(0)
            yield x

    @modal.method()
    def how(self) -> tuple[list[str], str]:
        return self.entered, os.environ["MODAL_TASK_ID"]

    @modal.method()
    def twice(self, n: int) -> int:
        return self.add.local(n) + self.add.local(n)

    @modal.method()
    def fail(self, what: str) -> None:
        raise ValueError(what)

    @modal.exit()
    def end(self) -> None:
        print(f"counted to {self.count} at the end", flush=True)


@app.cls(scaledown_window=30)
class Greeter:
    """Has parameters: each set of them is a pool of its own."""

    greeting: str = modal.parameter()
    times: int = modal.parameter(default=1)
    loud: bool = modal.parameter(default=False)
    sign: bytes = modal.parameter(default=b"!")

    @modal.enter()
    def begin(self) -> None:
        self.made = f"{self.greeting}{self.times}"

    @modal.method()
    def greet(self, name: str) -> str:
        said = " ".join([self.greeting] * self.times) + f" {name}{self.sign.decode()}"
        return said.upper() if self.loud else said

    @modal.method()
    def where(self) -> tuple[str, str]:
        return self.made, os.environ["MODAL_TASK_ID"]


@app.cls(timeout=60, memory=256, scaledown_window=30)
class Plain:
    """To be asked for with other options."""

    attempts = 0

    @modal.method()
    def where(self) -> str:
        return os.environ["MODAL_TASK_ID"]

    @modal.method()
    def nap(self, seconds: float) -> float:
        import time

        time.sleep(seconds)
        return seconds

    @modal.method()
    def flaky(self) -> int:
        type(self).attempts += 1
        if type(self).attempts < 3:
            raise RuntimeError(f"attempt {type(self).attempts}")
        return type(self).attempts

    @modal.method()
    def overlap(self, seconds: float) -> tuple[str, float, float]:
        import time

        begun = time.time()
        time.sleep(seconds)
        return os.environ["MODAL_TASK_ID"], begun, time.time()


@app.function(scaledown_window=30)
def greet_from_inside(name: str) -> str:
    return Greeter(greeting="hey", times=2).greet.remote(name)


@app.function(scaledown_window=30)
def pid() -> str:
    return os.environ["MODAL_TASK_ID"]
