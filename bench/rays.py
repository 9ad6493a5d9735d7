# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Ray's side of the bench: run in an environment that has it and nothing of ours. The same talk as client.py's.

A worker is Ray's container: a process that it starts for a call, without sandbox, image or files of its own.
"""

import json
import os
import sys
import time

import ray


@ray.remote
def first_line():
    return time.time(), os.getpid()


@ray.remote
def plus_one(x):
    return x + 1


a_quarter = plus_one.options(num_cpus=0.5)  # of the two that Ray is told of: four at a time


def cold(number):
    """A call in an environment that no worker has been started for yet: Ray has to start one."""
    fresh = first_line.options(runtime_env={"env_vars": {"BENCH_COLD": str(number)}})
    submitted = time.time()
    entered, _ = ray.get(fresh.remote())
    return {"entered_s": entered - submitted}


def warm(n, before):
    """*n* calls, one after the other, once *before* others made everything warm."""
    seconds = []
    for i in range(before + n):
        began = time.perf_counter()
        answer = ray.get(plus_one.remote(i))
        seconds.append(time.perf_counter() - began)
        if answer != i + 1:
            raise RuntimeError(f"plus_one({i}) answered {answer!r}")
    return {"seconds": seconds[before:]}


def crowd(n):
    """*n* tasks for four workers at a time."""
    began = time.perf_counter()
    total = sum(ray.get([a_quarter.remote(x) for x in range(n)]))
    seconds = time.perf_counter() - began
    if total != n * (n + 1) // 2:
        raise RuntimeError(f"a map of {n} inputs answered {total} in all")
    return {"seconds": seconds}


def spawn(n):
    began = time.perf_counter()
    given = [a_quarter.remote(x) for x in range(n)]
    seconds = time.perf_counter() - began
    ray.get(given)
    return {"seconds": seconds}


DO = {"cold": cold, "warm": warm, "map": crowd, "spawn": spawn}


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(answer):
        print(json.dumps(answer), file=answers)

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _temp_dir=sys.argv[1])
    say({"ready": True, "version": ray.__version__})
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            say(DO[asked.pop("do")](**asked))
        except Exception as e:
            say({"error": f"{type(e).__name__}: {e}"})
    ray.shutdown()


if __name__ == "__main__":
    main()
