# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""`./serai` beside a platform that runs: what it tells, and that what it prints works."""

import json
import os
import secrets
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from serai_conformance.operator import Operator, exported
from serai_conformance.platform import Platform, api
from serai_conformance.terminal import python

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def operator(platform: Platform) -> Operator:
    if platform.cli is None:
        pytest.skip("SERAI_CLI is not set: there is no ./serai to ask")
    return Operator(platform.cli)


def said(operator: Operator, *arguments: str) -> str:
    ended = operator.run(*arguments)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_given_a_running_platform_when_asked_for_its_status_then_each_part_is_told_and_healthy(operator: Operator):
    status = json.loads(said(operator, "status", "--json"))
    parts = {part["part"]: part for part in status["parts"]}
    assert status["healthy"] and set(parts) >= {"database", "agent", "server", "client"}
    for name in ("database", "agent", "server"):
        assert parts[name]["version"] and parts[name]["address"] and parts[name]["healthy"], name
        assert "pid" not in parts[name] or os.path.exists(f"/proc/{parts[name]['pid']}"), name
    shown = said(operator, "status")
    assert all(part["address"] in shown for part in parts.values() if "address" in part)


def test_given_a_running_platform_when_it_is_started_again_then_nothing_is_started(operator: Operator):
    before = {part: operator.pid(part) for part in ("database", "agent", "server")}
    said(operator, "up")
    assert {part: operator.pid(part) for part in before} == before


def test_given_the_lines_of_env_when_a_shell_evaluates_them_then_an_ordinary_client_and_rest_work(operator: Operator):
    settings = exported(said(operator, "env"))
    assert set(settings) == {
        *("MODAL_SERVER_URL", "MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "SERAI_API_URL", "SERAI_API_TOKEN", "SERAI_WEB_URL")
    }
    assert Platform.missing(exported(said(operator, "env", "--tests"))) == []
    assert "49" in python("-m", "modal", "run", "-q", "quickstart.py", cwd=EXAMPLES, **settings).ok().stdout
    request = Request(
        f"{settings['SERAI_API_URL']}/api/v1/apps", headers={"Authorization": f"Bearer {settings['SERAI_API_TOKEN']}"}
    )
    with urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def test_given_a_new_workspace_when_its_token_is_used_then_it_sees_nothing_of_others(operator: Operator):
    login = json.loads(said(operator, "token", "create", "--workspace", f"other-{secrets.token_hex(4)}", "--json"))
    token = {"MODAL_TOKEN_ID": login["token_id"], "MODAL_TOKEN_SECRET": login["token_secret"]}
    assert "one call: 49" in python("-m", "modal", "run", "-q", "quickstart.py", cwd=EXAMPLES, **token).ok().stdout
    listed = api(f"{login['token_id']}.{login['token_secret']}").get("/apps", params={"limit": 500}).raise_for_status().json()
    assert len(listed["items"]) == 1, "the one that was just run"


def test_given_layers_that_are_needed_when_collected_then_they_stay(operator: Operator):
    said(operator, "images", "collect", "--max-size", "1000000")  # what images that were built anew had before
    collected = json.loads(said(operator, "images", "collect", "--json", "--max-size", "1000000"))
    known = {"layers", "removed", "freed", "kept", "needed", "tags", "mended", "unpublished", "registry", "unused", "unused_freed"}
    assert set(collected) == known and collected["layers"] == 0 and collected["registry"] == ""
    assert "0 layers are forgotten" in said(operator, "images", "collect", "--unused-for", "86400", "--max-size", "1000000")
    refused = operator.run("images", "collect", "--unused-for", "-1")
    assert refused.returncode != 0 and "unused_for_s: -1: from 0 to" in refused.stdout + refused.stderr


def test_given_the_managed_client_when_it_is_used_then_it_is_logged_in(operator: Operator):
    assert "one call: 49" in said(operator, "modal", "run", "-q", str(EXAMPLES / "quickstart.py"))


def test_given_a_machine_on_which_it_runs_when_the_doctor_looks_then_it_says_what_it_found(operator: Operator):
    found = json.loads(operator.run("doctor", "--json").stdout)
    checks = {finding["check"]: finding for finding in found["findings"]}
    assert found["ok"] and set(checks) >= {"JDK", "Python", "bubblewrap"}
    assert all(finding["detail"] for finding in checks.values())


@pytest.mark.parametrize("part", ["server", "agent"])
def test_given_a_part_when_its_log_is_asked_for_then_there_is_one(operator: Operator, part: str):
    assert said(operator, "logs", part).strip()


def test_given_data_when_reset_is_not_confirmed_then_all_of_it_stays(operator: Operator):
    before = operator.pid("server")
    assert operator.run("reset").returncode != 0, "its input is no terminal and says nothing"
    assert operator.pid("server") == before


def test_given_an_unknown_command_when_it_is_typed_then_it_is_named(operator: Operator):
    ended = operator.run("strat")
    assert ended.returncode != 0 and "strat" in ended.stderr
    assert "up" in said(operator, "--help")
