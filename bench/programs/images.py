# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Images with two large packages, and functions that do nothing in them."""

import os
import secrets
import sys
import time
from typing import Any

LOADED = time.time()

import modal  # noqa: E402 - the line above is a measurement

PACKAGES = ("numpy", "pandas")
plain_image = modal.Image.debian_slim(f"{sys.version_info.major}.{sys.version_info.minor}")
image = plain_image.pip_install(*PACKAGES)
app = modal.App("bench-images")


@app.function(image=plain_image, max_containers=1, scaledown_window=2)
def plain() -> tuple[float, str]:
    return time.time(), os.environ["MODAL_TASK_ID"]


@app.function(image=image, max_containers=1, scaledown_window=2)
def built() -> tuple[float, str]:
    return time.time(), os.environ["MODAL_TASK_ID"]


@app.function(image=image, max_containers=1, scaledown_window=2)
def imports() -> tuple[float, str, str]:
    """@return how long the first import takes, in which container, and of which version"""
    began = time.perf_counter()
    import numpy

    return time.perf_counter() - began, os.environ["MODAL_TASK_ID"], numpy.__version__


def start(which: str) -> dict[str, Any]:
    """A call of a function at zero. Both clocks are those of one machine."""
    submitted = time.time()
    entered, task = {"plain": plain, "built": built}[which].remote()
    return {"entered_s": entered - submitted, "task": task}


def first_import() -> dict[str, Any]:
    seconds, task, version = imports.remote()
    return {"seconds": seconds, "task": task, "version": version}


def build(by: str) -> dict[str, Any]:
    """Deploys a function with an image that nobody has built, and the same once more."""
    marked = plain_image.env({"BENCH_MARK": secrets.token_hex(8)})
    new = marked.uv_pip_install(*PACKAGES) if by == "uv" else marked.pip_install(*PACKAGES)
    seconds = []
    for _ in range(2):
        one = modal.App("bench-images-new")
        one.function(image=new, name="nothing", serialized=True)(_nothing)
        began = time.perf_counter()
        one.deploy()
        seconds.append(time.perf_counter() - began)
    return {"build_s": seconds[0], "again_s": seconds[1]}


def many(n: int) -> dict[str, Any]:
    """Deploys *n* functions, each with an image that is the one above and a file more."""
    mark = secrets.token_hex(8)
    large = modal.App("bench-images-many")
    for i in range(n):
        one = image.run_commands(f"echo {mark} {i} > /one-of-many")
        large.function(image=one, name=f"one_{i}", serialized=True)(_nothing)
    began = time.perf_counter()
    large.deploy()
    return {"seconds": time.perf_counter() - began}


def _nothing() -> None: ...


DO = {"start": start, "first_import": first_import, "build": build, "many": many}
