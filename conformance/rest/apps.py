# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Apps that are deployed over REST for a test, and stopped after it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from conftest import Answer, Api

SOURCE = """
import os
import time


def double(x, times=2):
    print("doubling", x)
    return {"value": x * times, "greeting": os.environ.get("GREETING")}


async def later(n):
    return n


def fail(text):
    raise ValueError(text)


def wait(seconds):
    print("waiting", flush=True)
    for _ in range(int(seconds * 10)):
        time.sleep(0.1)
    return seconds


def large(n):
    return "x" * n


def size(text):
    return len(text)


def unsayable():
    return object()


def same(value):
    return value
"""

NAMES = ["double", "later", "fail", "wait", "large", "size", "unsayable", "same"]
GREETING = 'it\'s "me"\n$HOME \\ ü'


def deployment(**changes: Any) -> dict:
    """A description with one file and a function for each name; `changes` replaces fields of it."""
    return {
        "tag": "first",
        "sources": {"jobs/work.py": SOURCE},
        "functions": [
            {
                "name": name,
                "handler": f"jobs.work:{name}",
                "environment": {"GREETING": GREETING},
                "autoscaler": {"max_containers": 2, "scaledown_window_s": 20},
            }
            for name in NAMES
        ],
        **changes,
    }


def changed(function: dict) -> dict:
    """A description of one function with these fields."""
    return deployment(functions=[{"name": "double", "handler": "jobs.work:double", **function}])


def deploy(api: Api, name: str, body: Any, **headers: str) -> Answer:
    return api.post(f"/api/v1/apps/{name}/deployments", json.dumps(body).encode(), **headers)


def call(api: Api, app: str, function: str, *args: Any, wait: int = 60, **headers: str) -> Answer:
    body = json.dumps({"args": args}).encode()
    prefer = {"Prefer": f"wait={wait}"} if wait else {}
    return api.post(f"/api/v1/apps/{app}/functions/{function}/calls", body, **prefer, **headers)


def until(look: Callable[[], Any], seconds: float = 60) -> Any:
    """What `look` finds as soon as it finds something."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.1)
