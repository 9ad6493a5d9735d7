# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Procrastinate's side of the bench: a queue that lives in PostgreSQL, too, here in the same one. The same talk as client.py's.

Its jobs are as durable as ours before they are acknowledged, and return nothing to whoever deferred them. A worker is a plain
process, one job at a time, of which four run.
"""

import asyncio
import json
import os
import subprocess
import sys
import time

import procrastinate

WORKERS = 4
CHUNK = 49  # as many as the modal client sends at once
WAIT_S = 0.02

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["BENCH_DATABASE"]))


@app.task(name="plus_one", queue="bench")
async def plus_one(x):
    return x + 1


async def done():
    while True:
        found = await app.connector.execute_query_one_async(
            "select count(*) as open from procrastinate_jobs where status in ('todo', 'doing')"
        )
        if found["open"] == 0:
            return
        await asyncio.sleep(WAIT_S)


async def measure_map(n):
    began = time.perf_counter()
    for first in range(0, n, CHUNK):
        await plus_one.batch_defer_async(*({"x": x} for x in range(first, min(n, first + CHUNK))))
    await done()
    return {"seconds": time.perf_counter() - began}


async def measure_spawn(n):
    began = time.perf_counter()
    for x in range(n):
        await plus_one.defer_async(x=x)
    seconds = time.perf_counter() - began
    await done()
    return {"seconds": seconds}


DO = {"map": measure_map, "spawn": measure_spawn}


async def serve(say):
    loop = asyncio.get_running_loop()
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        workers = [
            subprocess.Popen([sys.executable, __file__, "worker"], stdin=subprocess.DEVNULL, stdout=2) for _ in range(WORKERS)
        ]
        try:
            say({"ready": True, "version": procrastinate.__version__})
            while line := await loop.run_in_executor(None, sys.stdin.readline):
                asked = json.loads(line)
                try:
                    say(await DO[asked.pop("do")](**asked))
                except Exception as e:
                    say({"error": f"{type(e).__name__}: {e}"})
        finally:
            for worker in workers:
                worker.terminate()


def main():
    if sys.argv[1:] == ["worker"]:
        app.run_worker(queues=["bench"], concurrency=1)
        return
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    asyncio.run(serve(lambda answer: print(json.dumps(answer), file=answers)))


if __name__ == "__main__":
    main()
