# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Two servers beside each other: any of them answers any client and any container, and each may go while work goes on."""

import json
import os
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from serai_conformance.operator import Operator
from serai_conformance.platform import Platform
from serai_conformance.poll import eventually
from serai_conformance.processes import is_running
from serai_conformance.terminal import PROGRAMS, Program, environment, modal, python

MAPPED, SINGLE = 500, 200
DRAINED_WITHIN = 180  # 10 s where nothing else runs
pytestmark = pytest.mark.timeout(900)  # to start a server belongs to the first test, to end it to the last
NOBODY = "http://127.0.0.1:1"  # a port that is reserved: a connection is refused


@dataclass
class Servers:
    operator: Operator
    rpc: list[str]
    http: dict[str, str]  # by part

    @property
    def all(self) -> str:
        return ",".join(self.rpc)


@pytest.fixture(scope="module")
def servers(cli: Path):
    operator = Operator(cli)
    operator.up("--servers", "2")
    status = json.loads(operator.run("status", "--json").stdout)
    http = {part["part"]: part["address"] for part in status["parts"] if part["part"].startswith("server")}
    yield Servers(operator, operator.environment()["MODAL_SERVER_URL"].split(","), http)
    operator.up("--servers", "1")


def test_given_two_servers_then_env_names_both_and_each_knows_of_the_other(servers: Servers):
    assert len(servers.rpc) == len(servers.http) == 2
    for address in servers.http.values():
        eventually(lambda address=address: int(server_check(address)["data"]["others"]) == 1, 30, f"{address} knows of the other")


def server_check(address: str) -> dict:
    checks = httpx.get(f"{address}/health/ready", timeout=30, trust_env=False).json()["checks"]
    return next(check for check in checks if check["name"] == "server")


def test_given_an_app_that_was_deployed_at_one_server_when_it_is_called_at_the_other_then_it_answers(
    servers: Servers, app_name: str
):
    first, second = servers.rpc
    modal("deploy", "deployed.py", APP_NAME=app_name, MODAL_SERVER_URL=second).ok()
    call = f"import modal; print(modal.Function.from_name({app_name!r}, 'triple').remote(7))"
    for address in (first, second, first):
        assert python("-c", call, MODAL_SERVER_URL=address).ok().stdout == "21\n"


def test_given_a_list_of_servers_when_the_first_is_not_there_then_the_client_takes_the_next(servers: Servers, app_name: str):
    modal("deploy", "deployed.py", APP_NAME=app_name, MODAL_SERVER_URL=f"{NOBODY},{servers.all}").ok()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=lambda end: end.name)
@pytest.mark.restarts_server
def test_given_calls_when_one_of_two_servers_ends_then_each_call_ends_with_its_own_result(
    servers: Servers, platform: Platform, end: signal.Signals
):
    server = servers.operator.pid("server")
    assert server
    command = [sys.executable, "surviving.py", str(MAPPED), str(SINGLE)]
    program = Program(command, PROGRAMS, environment(MODAL_SERVER_URL=servers.all))
    try:
        program.shows("done 100\n", within=120)
        os.kill(server, end)
        outcome = json.loads(program.end(timeout=300).ok().stdout.splitlines()[-1])
        eventually(lambda: not is_running(server), DRAINED_WITHIN, f"server {server} is gone")
    finally:
        servers.operator.up()

    assert [name for name, _ in outcome["mapped"]] == [f"mapped-{i}" for i in range(MAPPED)]
    assert [name for name, _ in outcome["single"]] == [f"single-{i}" for i in range(SINGLE)]
    calls = platform.calls_of(outcome["app"])
    assert Counter(call["kind"] for call in calls) == {"map": 1, "unary": SINGLE}  # none was begun twice
    assert all(call["state"] == "SUCCEEDED" and call["outputs"] == call["inputs"] for call in calls)
