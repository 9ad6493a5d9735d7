# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Two servers beside each other: any of them answers any client and any container, and each may go while work goes on."""

import json
import os
import signal
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import modal as client
import pytest
from serai_conformance.nomad import Nomad
from serai_conformance.operator import Operator
from serai_conformance.platform import Platform
from serai_conformance.poll import eventually
from serai_conformance.processes import is_running
from serai_conformance.terminal import PROGRAMS, Program, environment, modal, python
from serai_conformance.web import WAIT, Web, reason

MAPPED, SINGLE = 500, 200
DRAINED_WITHIN = 180  # 10 s where nothing else runs
pytestmark = pytest.mark.timeout(900)  # to start a server belongs to the first test, to end it to the last
NOBODY = "http://127.0.0.1:1"  # a port that is reserved: a connection is refused


@dataclass
class Servers:
    operator: Operator
    rpc: list[str]
    http: dict[str, str]  # by part
    web: list[Web]

    @property
    def all(self) -> str:
        return ",".join(self.rpc)


@pytest.fixture(scope="module")
def servers(cli: Path):
    operator = Operator(cli)
    operator.up("--servers", "2")
    status = json.loads(operator.run("status", "--json").stdout)
    http = {part["part"]: part["address"] for part in status["parts"] if part["part"].startswith("server")}
    web = [Web(part["address"]) for part in status["parts"] if part["part"] == "web"]
    yield Servers(operator, operator.environment()["MODAL_SERVER_URL"].split(","), http, web)
    operator.up("--servers", "1")


def test_given_two_servers_then_env_names_both_and_each_knows_of_the_other(servers: Servers):
    assert len(servers.rpc) == len(servers.http) == len(servers.web) == 2
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


class Crowd:
    """Asks a server through one gateway, so many at a time, until it is told to stop."""

    def __init__(self, pool: ThreadPoolExecutor, web: Web, url: str, clients: int):
        self.answers: list[httpx.Response] = []
        self._web, self._url = web, url
        self._over = threading.Event()
        self._asking = [pool.submit(self._ask) for _ in range(clients)]

    def _ask(self) -> None:
        with self._web.to(self._url) as client:
            while not self._over.is_set():
                self.answers.append(client.get("/slow?0.5"))

    def tasks(self) -> set[str]:
        """The containers that answered."""
        return {answer.text for answer in list(self.answers) if answer.status_code == 200}

    def stop(self) -> None:
        """It asks no more."""
        self._over.set()

    def end(self) -> None:
        """Each of its requests is over. Raises what one of them has met."""
        self.stop()
        for each in self._asking:
            each.result()


def serving(app_name: str, name: str) -> str:
    """The URL of one of the servers of programs/serving.py, deployed."""
    modal("deploy", "--name", app_name, "serving.py").ok()
    return client.Server.from_name(app_name, name).get_url()


def test_given_a_server_when_it_is_asked_through_both_gateways_then_all_requests_together_start_its_containers(
    servers: Servers, app_name: str, nomad: Nomad
):
    url = serving(app_name, "Plain")
    with ThreadPoolExecutor(4) as pool, ExitStack() as crowds:
        asking = [Crowd(pool, web, url, 2) for web in servers.web]  # two of each are what one container should have
        for crowd in asking:
            crowds.callback(crowd.end)
        eventually(lambda: all(crowd.tasks() for crowd in asking), WAIT, "an answer through each gateway")
        eventually(lambda: len(set.union(*(crowd.tasks() for crowd in asking))) == 2, WAIT, "answers of two containers")
    assert {answer.status_code for crowd in asking for answer in crowd.answers} == {200}
    (job,) = nomad.jobs(app_name, "Plain")
    eventually(lambda: nomad.is_at_zero(job["ID"]), 60, "no container once both servers have given them back")


def test_given_a_server_that_is_full_for_one_gateway_when_it_is_asked_through_both_then_that_one_alone_refuses(
    servers: Servers, app_name: str
):
    url = serving(app_name, "Narrow")
    first, second = servers.web
    with first.to(url) as ours, second.to(url) as theirs:
        assert ours.get("/").status_code == theirs.get("/").status_code == 200
        with ExitStack() as under_way:
            for _ in range(2):
                answer = under_way.enter_context(ours.stream("GET", "/stream?300"))
                assert answer.status_code == 200
            refused = ours.get("/")
            assert refused.status_code == 429 and reason(refused) == "server-full"
            assert theirs.get("/").status_code == 200
        eventually(lambda: ours.get("/").status_code == 200, WAIT, "there is room again")


@pytest.mark.restarts_server
def test_given_requests_through_both_gateways_when_one_server_is_killed_then_those_of_the_other_are_whole(
    servers: Servers, app_name: str, nomad: Nomad
):
    """The last one: what follows has one server anyway."""
    url = serving(app_name, "Plain")
    killed = servers.operator.pid("server-2")
    assert killed
    first, second = servers.web
    with ThreadPoolExecutor(3) as pool, first.to(url) as client, ExitStack() as crowds:
        staying, going = Crowd(pool, first, url, 2), Crowd(pool, second, url, 1)
        crowds.callback(staying.end)
        crowds.callback(going.stop)
        eventually(lambda: staying.tasks() and going.tasks(), WAIT, "an answer through each gateway")
        with client.stream("GET", "/stream?50") as answer:
            pieces = answer.iter_bytes()
            said = next(pieces)
            os.kill(killed, signal.SIGKILL)
            with pytest.raises(httpx.TransportError):
                going.end()
            before = len(staying.answers)
            said += b"".join(pieces)
        eventually(lambda: len(staying.answers) >= before + 10, WAIT, "requests go on")
    assert said == b"".join(b"piece %d" % i for i in range(50))
    assert {answer.status_code for answer in staying.answers} == {200}
    (job,) = nomad.jobs(app_name, "Plain")
    eventually(lambda: nomad.is_at_zero(job["ID"]), 90, "nobody holds a container for the one that has gone")
