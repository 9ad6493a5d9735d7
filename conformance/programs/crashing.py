# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions whose containers die, hang or never start."""

import importlib
import os
import time

import modal

app = modal.App("crashing")
broken = modal.App("broken")


@app.function(max_containers=1)
def die(code: int) -> None:
    print("about to die")
    os._exit(code)


@app.function(max_containers=1)
def is_killed(signum: int) -> None:
    os.kill(os.getpid(), signum)


@app.function(max_containers=1)
def well(x: int) -> int:
    return x + 1


@app.function(max_containers=1, retries=modal.Retries(max_retries=2, initial_delay=0.0, backoff_coefficient=1.0))
def fails_at_first(state: str, times: int) -> str:
    attempt = attempts(state)
    if attempt <= times:
        raise ConnectionError(f"attempt {attempt}")
    return f"attempt {attempt}"


TRIED: dict[str, int] = {}


def attempts(state: str) -> int:
    """In this container: there is one, and a user's exception does not end it."""
    TRIED[state] = TRIED.get(state, 0) + 1
    return TRIED[state]


@app.function(max_containers=1, timeout=2)
def sleeps(seconds: float) -> str:
    time.sleep(seconds)
    return "awake"


if os.environ.get("IS_NEVER_READY"):
    time.sleep(3600)


@app.function(max_containers=1, startup_timeout=3, env={"IS_NEVER_READY": "1"})
def starts_for_ever() -> None:
    raise AssertionError("its module is never loaded")


importlib.import_module(os.environ.get("NEEDED_MODULE", "os"))


@broken.function(max_containers=1, image=modal.Image.debian_slim().env({"NEEDED_MODULE": "module_that_is_not_there"}))
def never_runs() -> None:
    raise AssertionError("its module cannot be imported")
