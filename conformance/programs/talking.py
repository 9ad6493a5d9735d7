# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that write."""

import os
import sys
import time

import modal

app = modal.App("talking")


@app.function(max_containers=1)
def both_streams() -> None:
    print("to standard output")
    print("to standard error", file=sys.stderr)


@app.function(max_containers=1)
def shapes() -> None:
    print("first line\nsecond line\n\nafter an empty one")
    print("\tindented, Grüße, 你好, \U0001f980")
    sys.stdout.write("no newline at the end")
    sys.stdout.flush()


@app.function(max_containers=1)
def burst(lines: int) -> None:
    for i in range(lines):
        print(f"{i:06d} " + "x" * 92)


@app.function(max_containers=1)
def slowly() -> None:
    print("I have begun")
    time.sleep(4)
    print("I have ended")


@app.function(max_containers=3)
def who(i: int) -> str:
    print(f"input {i} on {os.environ['MODAL_TASK_ID']}")
    time.sleep(1)
    return os.environ["MODAL_TASK_ID"]


@app.function(max_containers=1)
def child() -> None:
    import subprocess

    subprocess.run([sys.executable, "-c", "print('from a child process')"], check=True)


@app.local_entrypoint()
def several() -> None:
    tasks = set(who.map(range(6)))
    print("containers:", len(tasks))
