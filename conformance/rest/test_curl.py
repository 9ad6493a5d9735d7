# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The life of a deployment with nothing but `curl`, in the words of docs/rest.md."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from apps import SOURCE, until
from conftest import Api

SPEC = {
    "sources": {"jobs/work.py": SOURCE},
    "functions": [
        {"name": "double", "handler": "jobs.work:double", "autoscaler": {"max_containers": 1}},
        {"name": "wait", "handler": "jobs.work:wait", "autoscaler": {"max_containers": 1}},
        {"name": "later", "handler": "jobs.work:same", "retries": 1},
    ],
}


@dataclass
class Said:
    status: int
    location: str
    body: Any


class Curl:
    def __init__(self, api: Api, folder: Path) -> None:
        self._program = shutil.which("curl")
        if not self._program:
            pytest.skip("there is no curl on this machine")
        self._api, self._folder = api, folder

    def __call__(self, path: str, *options: str) -> Said:
        done = subprocess.run(
            [
                self._program,
                "-sS",
                "-D",
                "headers",
                "-w",
                "\n%{http_code}",
                "-H",
                f"Authorization: Bearer {self._api.token}",
                *options,
                self._address(path),
            ],
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
        )
        body, _, status = done.stdout.rpartition("\n")
        headers = [line.partition(": ") for line in (self._folder / "headers").read_text().splitlines()]
        location = next((value for name, _, value in headers if name.lower() == "location"), "")
        return Said(int(status), location, json.loads(body) if body.startswith(("{", "[")) else body)

    def post(self, path: str, body: Any = None, *options: str) -> Said:
        if body is None:
            return self(path, "-X", "POST", *options)
        return self(path, "-H", "Content-Type: application/json", "-d", json.dumps(body), *options)

    def _address(self, path: str) -> str:
        return path if path.startswith("http") else f"{self._api.url}/api/v1{path}"


@pytest.fixture
def curl(api: Api, tmp_path: Path) -> Curl:
    return Curl(api, tmp_path)


@pytest.fixture
def app(curl: Curl):
    name = f"curl-{secrets.token_hex(4)}"
    yield name
    curl(f"/apps/{name}", "-X", "DELETE")


def test_given_nothing_but_curl_then_an_app_is_deployed_called_cancelled_read_rolled_back_and_deleted(curl: Curl, app: str) -> None:
    made = curl.post(f"/apps/{app}/deployments", SPEC, "-H", f"Idempotency-Key: {secrets.token_hex(8)}")
    assert (made.status, made.body["version"]) == (201, 1), made.body

    done = curl.post(f"/apps/{app}/functions/double/calls", {"args": [4], "kwargs": {"times": 3}}, "-H", "Prefer: wait=60")
    assert (done.status, done.body["state"], done.body["result"]["value"]) == (200, "SUCCEEDED", 12)
    lines = until(lambda: curl(f"/calls/{done.body['id']}/logs?stream=stdout").body["items"])
    assert "".join(line["text"] for line in lines) == "doubling 4\n"

    started = curl.post(f"/apps/{app}/functions/wait/calls", {"args": [600]})
    assert (started.status, started.location.endswith(f"/calls/{started.body['id']}")) == (202, True)
    until(lambda: curl(started.location).body["state"] == "RUNNING")
    assert curl(f"{started.location}/explanation").body["cause"] == "RUNNING"
    assert curl.post(f"{started.location}/cancel").body["state"] == "CANCELLED"

    other = SPEC | {"sources": {"jobs/work.py": SOURCE.replace("x * times", "'another'")}}
    assert curl.post(f"/apps/{app}/deployments", other).body["version"] == 2
    second = curl.post(f"/apps/{app}/functions/double/calls", {"args": [4]}, "-H", "Prefer: wait=60")
    assert second.body["result"]["value"] == "another"
    back = curl.post(f"/apps/{app}/deployments/1/rollback")
    assert (back.status, back.body["version"]) == (201, 3)
    third = curl.post(f"/apps/{app}/functions/double/calls", {"args": [4]}, "-H", "Prefer: wait=60")
    assert third.body["result"]["value"] == 8

    assert curl(f"/apps/{app}", "-X", "DELETE").status == 202
    refused = curl.post(f"/apps/{app}/functions/double/calls", {"args": [4]})
    assert (refused.status, refused.body["type"]) == (400, "urn:serai:problem:app-stopped")
    until(lambda: curl(f"/apps/{app}").body["state"] == "STOPPED")


def test_given_a_period_when_its_time_comes_then_curl_sees_the_firing_and_its_call(curl: Curl, app: str) -> None:
    clocked = {"name": "tick", "handler": "jobs.work:tick", "schedule": {"period": {"seconds": 2}}}
    source = "def tick():\n    print('ticked')\n    return 'ticked'\n"
    made = curl.post(f"/apps/{app}/deployments", {"sources": {"jobs/work.py": source}, "functions": [clocked]})
    assert made.status == 201, made.body
    schedule = curl(f"/schedules?app={app}").body["items"][0]
    assert (schedule["kind"], schedule["expression"]) == ("period", "PT2S")

    def fired() -> list[dict]:
        return [f for f in curl(f"/schedules/{schedule['id']}/firings").body["items"] if f["outcome"] == "FIRED"]

    call = until(fired)[-1]["call"]
    assert curl(f"/calls/{call}", "-H", "Prefer: wait=60").body["result"] == "ticked"
    assert curl.post(f"/schedules/{schedule['id']}/pause").body["state"] == "PAUSED"
    by_hand = curl.post(f"/schedules/{schedule['id']}/fire")
    assert by_hand.status == 202 and by_hand.location.endswith(by_hand.body["call"])


def test_given_sources_as_a_file_when_curl_sends_a_form_then_they_run(curl: Curl, app: str, tmp_path: Path) -> None:
    (tmp_path / "report.py").write_text("def run(month):\n    return month\n")
    spec = '{"functions": [{"name": "report", "handler": "report:run"}]}'
    made = curl(f"/apps/{app}/deployments", "-F", f"deployment={spec}", "-F", "file=@report.py;filename=report.py")
    assert made.status == 201, made.body
    done = curl.post(f"/apps/{app}/functions/report/calls", {"args": ["2026-11"]}, "-H", "Prefer: wait=60")
    assert done.body["result"] == "2026-11"
