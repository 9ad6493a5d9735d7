# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""1,000 calls that say what became of them: most in one map, the others beside it, each on its own."""

import asyncio
import json
import os
import sys
import time

import modal

app = modal.App("surviving")


@app.function(max_containers=4)
@modal.concurrent(max_inputs=4)
def identify(name: str) -> tuple[str, str]:
    time.sleep(0.05)
    return name, os.environ["MODAL_TASK_ID"]


class Progress:
    done = 0

    def count(self, result: tuple[str, str]) -> tuple[str, str]:
        self.done += 1
        if self.done % 50 == 0:
            print(f"done {self.done}", flush=True)
        return result


async def call_all(mapped: int, single: int) -> dict:
    progress = Progress()

    async def one(name: str) -> tuple[str, str]:
        return progress.count(await identify.remote.aio(name))

    async def many() -> list[tuple[str, str]]:
        return [progress.count(result) async for result in identify.map.aio(f"mapped-{i}" for i in range(mapped))]

    async with app.run():
        results, *singles = await asyncio.gather(many(), *(one(f"single-{i}") for i in range(single)))
        return {"app": app.app_id, "mapped": results, "single": singles}


if __name__ == "__main__":
    outcome = asyncio.run(call_all(int(sys.argv[1]), int(sys.argv[2])))
    print(json.dumps(outcome), flush=True)
