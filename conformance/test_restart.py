# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The server is killed in the middle of 1,000 calls, and the database with all that it had just been told."""

import json
import sys
from collections import Counter
from pathlib import Path

import modal
import pytest
from serai_conformance.gateway import Gateway
from serai_conformance.operator import Operator
from serai_conformance.platform import Platform
from serai_conformance.poll import eventually
from serai_conformance.processes import is_running, kill
from serai_conformance.terminal import PROGRAMS, Program, environment, python
from serai_conformance.terminal import modal as cli
from serai_conformance.web import Web

MAPPED, SINGLE = 700, 300


@pytest.mark.timeout(900)
@pytest.mark.restarts_server
def test_given_1000_calls_when_the_server_is_killed_then_each_ends_with_its_own_result_accepted_once(
    operator: Operator, platform: Platform
):
    server = operator.pid("server")  # asked beforehand: the program is done in the time that the answer takes
    assert server
    with Gateway(platform.server_url) as address:
        program = surviving(address)
        program.shows("done 250\n", within=60)

        kill(server)
        assert b"done 900\n" not in program.stdout, "too late: hardly a call was under way"
        operator.up()

        assert operator.pid("server") not in (None, server)
        outcome = json.loads(program.end(timeout=300).ok().stdout.splitlines()[-1])

    assert [name for name, _ in outcome["mapped"]] == [f"mapped-{i}" for i in range(MAPPED)]
    assert [name for name, _ in outcome["single"]] == [f"single-{i}" for i in range(SINGLE)]
    calls = platform.calls_of(outcome["app"])
    assert Counter(call["kind"] for call in calls) == {"map": 1, "unary": SINGLE}  # none was begun twice
    assert all(call["state"] == "SUCCEEDED" and call["outputs"] == call["inputs"] for call in calls)
    assert sum(call["outputs"] for call in calls) == MAPPED + SINGLE


@pytest.mark.timeout(600)
@pytest.mark.restarts_server
def test_given_finished_calls_when_the_database_is_killed_then_their_results_and_the_deployment_are_still_there(
    operator: Operator, platform: Platform, app_name: str
):
    cli("deploy", "deployed.py", APP_NAME=app_name).ok()
    triple = modal.Function.from_name(app_name, "triple")
    calls = [triple.spawn(i) for i in range(20)]
    assert [call.get(timeout=60) for call in calls] == [3 * i for i in range(20)]
    database = operator.pid("database")
    if database is None:
        pytest.skip("the database is another's")
    below = children(database)
    kill(database)  # no checkpoint, no good-bye: what is committed is in the log of writes and nowhere else
    eventually(lambda: not any(map(is_running, below)), 30, "its processes have followed")
    operator.up()

    assert operator.pid("database") not in (None, database)
    kept = python("-c", GET_ALL, *(call.object_id for call in calls)).ok().stdout
    assert json.loads(kept) == [3 * i for i in range(20)]
    assert triple.remote(14) == 42


@pytest.mark.timeout(600)
@pytest.mark.restarts_server
def test_given_a_deployed_server_when_the_platform_and_its_agent_are_killed_then_the_same_container_answers(
    operator: Operator, app_name: str
):
    cli("deploy", "--name", app_name, "serving.py").ok()
    patient = modal.Server.from_name(app_name, "Patient")
    with Web.of_environment().to(patient.get_url()) as client:
        task = client.get("/").json()["task"]
        for part in ("server", "agent"):
            killed = operator.pid(part)
            kill(killed)
            operator.up()
            assert operator.pid(part) not in (None, killed)
            assert client.get("/").json()["task"] == task, f"after the death of the {part}"


GET_ALL = """
import json, sys, modal
print(json.dumps([modal.FunctionCall.from_id(call).get(timeout=60) for call in sys.argv[1:]]))
"""


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def surviving(server_url: str) -> Program:

    command = [sys.executable, "surviving.py", str(MAPPED), str(SINGLE)]
    return Program(command, PROGRAMS, environment(MODAL_SERVER_URL=server_url))
