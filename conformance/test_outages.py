# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What others run stands still or dies: calls wait with the reason, or are refused so that they may be repeated."""

import signal
from contextlib import contextmanager

import httpx
import pytest
from serai_conformance.operator import Operator
from serai_conformance.platform import Platform, api
from serai_conformance.poll import eventually
from serai_conformance.processes import kill, signalled, tree
from serai_conformance.terminal import modal, start

SILENT = "The cluster does not answer"
ANSWERED_WITHIN = 180  # a statement is given up after 30 s, and so is the look whether another connection answers


@contextmanager
def standing_still(pids: list[int]):
    signalled(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        signalled(pids, signal.SIGCONT)


@pytest.mark.timeout(600)
def test_given_a_cluster_that_stands_still_when_a_function_at_zero_is_called_then_the_call_waits_with_the_reason_and_is_answered(
    operator: Operator, platform: Platform
):
    client = api(platform.api_token)
    agent = operator.pid("agent")
    if agent is None:
        pytest.skip("the cluster is another's")
    with standing_still([agent]):
        program = start("run", "calling.py::divide", "--dividend", "14")
        program.shows(SILENT, within=180)
        newest = client.get("/calls", params={"limit": 20}).raise_for_status().json()["items"]
        call = next(call for call in newest if call["state"] == "PENDING")
        why = client.get(f"/calls/{call['id']}/explanation").raise_for_status().json()
        assert why["cause"] == "CLUSTER_SILENT", why
        eventually(lambda: health(platform).status_code == 503, 60, "the server is not ready")
        eventually(lambda: metric(platform, "serai_cluster_silent_seconds") > 0, 60, "the metric tells, too")
    program.end(timeout=180).ok()

    shown = client.get(f"/calls/{call['id']}").raise_for_status().json()
    assert (shown["state"], shown["losses"]) == ("SUCCEEDED", 0)
    kinds = {event["kind"] for event in client.get(f"/calls/{call['id']}/events").raise_for_status().json()["items"]}
    assert {"EXPLAINED", "SCALED"} <= kinds
    eventually(lambda: health(platform).status_code == 200, 60, "the server is ready again")
    eventually(lambda: metric(platform, "serai_cluster_silent_seconds") == 0, 60, "the metric tells that it is over")


@pytest.mark.timeout(600)
@pytest.mark.restarts_server
def test_given_a_database_that_is_killed_when_it_is_back_then_the_same_server_answers_again(operator: Operator, platform: Platform):
    server, database = operator.pid("server"), operator.pid("database")
    if database is None:
        pytest.skip("the database is another's")
    kill(database)
    refused_for_now(platform)
    listing = modal("app", "list", timeout=ANSWERED_WITHIN)
    assert listing.code != 0
    assert "the database does not answer" in listing.output
    operator.up()
    assert operator.pid("server") == server
    modal("app", "list").ok()


@pytest.mark.timeout(600)
def test_given_a_database_that_stands_still_then_requests_are_refused_and_answered_as_soon_as_it_goes_on(
    operator: Operator, platform: Platform
):
    database = operator.pid("database")
    if database is None:
        pytest.skip("the database is another's")
    with standing_still(tree(database)):
        refused_for_now(platform)
    eventually(lambda: modal("app", "list").code == 0, 60, "an answer")


def refused_for_now(platform: Platform) -> None:
    refused = eventually(lambda: refusal(platform), ANSWERED_WITHIN, "a refusal")
    assert refused.json()["type"] == "urn:serai:problem:database-unavailable"
    assert int(refused.headers["Retry-After"]) > 0


def refusal(platform: Platform) -> httpx.Response | None:
    answer = api(platform.api_token).get("/apps", timeout=ANSWERED_WITHIN)
    return answer if answer.status_code == 503 else None


def health(platform: Platform) -> httpx.Response:
    return httpx.get(f"{platform.api_url}/health/ready", timeout=60, trust_env=False)


def metric(platform: Platform, name: str) -> float:
    text = httpx.get(f"{platform.api_url}/metrics", timeout=60, trust_env=False).raise_for_status().text
    return next(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))
