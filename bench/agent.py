# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The agent alone: how soon after a request to scale a job there is a process."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from pathlib import Path
from typing import Any

from platforms import wait_for

START_S = 60  # until a process that was asked for must be there
GROUP = "one"
JOB = f"bench-{os.getpid()}"


class Agent:
    """A Nomad agent with a job of ours, which is gone with us."""

    def __init__(self, url: str, scratch: Path) -> None:
        self._url, self._told = url, scratch / "agent-started"

    def __enter__(self) -> Agent:
        """The process tells its first moment, and stays until it is stopped."""
        self._told.unlink(missing_ok=True)
        script = f"date +%s.%N > '{self._told}.draft' && mv '{self._told}.draft' '{self._told}' && exec sleep 600"
        task = {
            "Name": "one",
            "Driver": "raw_exec",
            "Config": {"command": "/bin/sh", "args": ["-c", script]},
            "Resources": {"CPU": 50, "MemoryMB": 32},
            "KillTimeout": 1_000_000_000,  # ns
        }
        group = {"Name": GROUP, "Count": 0, "Tasks": [task], "Update": {"MaxParallel": 0}}
        self._ask(
            "PUT", "/v1/jobs", {"Job": {"ID": JOB, "Name": JOB, "Type": "service", "Datacenters": ["*"], "TaskGroups": [group]}}
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._ask("DELETE", f"/v1/job/{JOB}?purge=true")

    def scale_to_process_s(self) -> float:
        """From just before the request to the process's first words; it is gone again afterwards."""
        asked = time.time()
        self._scale(1)
        wait_for("the agent's process", START_S, self._told.exists)
        seconds = float(self._told.read_text()) - asked
        self._told.unlink()
        self._scale(0)
        wait_for("the agent back at zero", START_S, self._is_empty)
        return seconds

    def _scale(self, count: int) -> None:
        self._ask("PUT", f"/v1/job/{JOB}/scale", {"Count": count, "Target": {"Group": GROUP}})

    def _is_empty(self) -> bool:
        allocations = self._ask("GET", f"/v1/job/{JOB}/allocations")
        return all(each["ClientStatus"] not in ("pending", "running") for each in allocations)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
