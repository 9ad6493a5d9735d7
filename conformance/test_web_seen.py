# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What is seen of requests: a line in the access log, histograms, and where the time of one went."""

import json
import os
import re
from pathlib import Path

import httpx
import pytest
import web_busy
from serai_conformance.platform import Platform
from serai_conformance.poll import eventually
from serai_conformance.web import WAIT

PARTS = ["queue_ms", "start_ms", "run_ms", "transfer_ms"]


@pytest.fixture(scope="module")
def first_and_second(web):
    """Two requests to a function that had no container, the second with a body."""
    with web_busy.app.run(), web.to(web_busy.busy.get_web_url()) as client:
        yield (
            client.get("/wait/0.3", params={"token": "secret"}, headers={"serai-timing": "1"}),
            client.post("/length", content=b"12345"),
        )


@pytest.fixture(scope="module")
def lines(first_and_second) -> list[dict]:
    home = os.environ.get("SERAI_HOME")
    if not home:
        pytest.skip("SERAI_HOME is not set: nobody says where the access log is")
    file = Path(home, "logs", "server-access.log.0")

    def look() -> list[dict]:
        ours = [json.loads(line) for line in file.read_text().splitlines() if '"web-busy/busy"' in line]
        return ours if [line["path"] for line in ours[-2:]] == ["/wait/0.3", "/length"] else []

    return eventually(look, WAIT, "both requests are in the access log")[-2:]


def test_given_a_request_when_it_is_over_then_the_access_log_has_a_line_for_it(lines):
    first, second = lines
    assert (first["method"], first["status"], first["received"], first["sent"]) == ("GET", 200, 0, len("waited"))
    assert (second["method"], second["status"], second["received"], second["sent"]) == ("POST", 200, 5, 1)
    assert first["caller"] == "127.0.0.1"
    assert re.fullmatch(r"fc-\w+", first["call"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", first["time"])
    assert "secret" not in json.dumps(lines)


def test_given_a_function_from_zero_when_asked_then_its_start_and_its_work_are_told_apart(lines):
    first, second = lines
    assert all(line[part] >= 0 for line in lines for part in PARTS)
    assert first["start_ms"] > 0
    assert first["run_ms"] >= 250
    assert second["start_ms"] == 0


def test_given_a_client_that_wants_to_know_when_answered_then_server_timing_says_where_the_time_went(first_and_second):
    first, second = first_and_second
    told = dict(part.split(";dur=") for part in first.headers["server-timing"].split(", "))
    assert told.keys() == {"queue", "start", "run"}
    assert float(told["run"]) >= 250
    assert "server-timing" not in second.headers


def test_given_requests_when_the_metrics_are_read_then_each_part_has_its_histogram(platform: Platform, lines):
    text = httpx.get(f"{platform.api_url}/metrics", trust_env=False, timeout=WAIT).text
    for part in PARTS:
        name = part.removesuffix("_ms")
        counts = re.findall(
            rf'^serai_web_microseconds_count{{[^}}]*function="web-busy/busy"[^}}]*part="{name}"[^}}]*}} (\d+)', text, re.M
        )
        assert counts and int(counts[0]) >= 2, name
    assert re.search(r'^serai_web_requests_total{[^}]*function="web-busy/busy"[^}]*status="2xx"', text, re.M)
