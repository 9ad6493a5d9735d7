# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""An app to look at: what its functions say and how long they take, the caller decides."""

import inspect
import os
import sys
import time

import modal

NAME = os.environ.get("APP_NAME", "managed")
VERSION = os.environ.get("APP_VERSION", "1")
image = modal.Image.debian_slim().env({"APP_NAME": NAME, "APP_VERSION": VERSION})
tags = {"tags": {"team": "tests"}} if "tags" in inspect.signature(modal.App.__init__).parameters else {}  # in older clients not
app = modal.App(NAME, image=image, **tags)


@app.function(max_containers=2, scaledown_window=20)
def work(seconds: float = 0, line: str = "") -> tuple[str, str]:
    if line:
        print(line)
        print(f"error: {line}", file=sys.stderr)
    time.sleep(seconds)
    return os.environ["APP_VERSION"], os.environ["MODAL_TASK_ID"]


@app.function(max_containers=1, scaledown_window=5, schedule=modal.Cron("0 3 1 1 *"))
def yearly() -> None: ...


@app.function(max_containers=1, scaledown_window=2)
def elsewhere(seconds: float) -> str:
    print("elsewhere has begun", flush=True)
    time.sleep(seconds)
    return "done"


@app.local_entrypoint()
def main(seconds: float = 0, spawn: bool = False):
    if spawn:
        print("call", elsewhere.spawn(seconds).object_id)
    else:
        print("answered", work.remote(seconds))
