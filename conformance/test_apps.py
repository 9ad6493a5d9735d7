# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""`modal app …`, `modal serve`, `modal run -d`, `modal environment …`, `modal token info`: what people do with apps."""

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import modal
import pytest
from serai_conformance.poll import eventually
from serai_conformance.terminal import PROGRAMS, Ended, start
from serai_conformance.terminal import modal as cli
from serai_conformance.web import Web


def deploy(name: str, version: str = "1", *options: str, **environment: str) -> Ended:
    return cli("deploy", "managed.py", *options, APP_NAME=name, APP_VERSION=version, **environment).ok()


def listed(*options: str) -> dict[str, dict]:
    return {row["description"]: row for row in cli("app", "list", "--json", *options).ok().rows()}


def history(name: str) -> list[dict]:
    return cli("app", "history", name, "--json").ok().rows()


def work(name: str) -> modal.Function:
    return modal.Function.from_name(name, "work")


def test_given_a_deployed_app_when_listed_then_its_state_and_containers_are_shown_until_it_is_stopped(app_name: str):
    deploy(app_name)
    row = listed()[app_name]
    assert (row["state"], row["tasks"]) == ("deployed", "0")
    work(app_name).remote()
    assert listed()[app_name]["tasks"] == "1"
    cli("app", "stop", "--yes", row["app_id"]).ok()
    eventually(lambda: listed()[app_name]["state"] == "stopped", 40, "the app is stopped")
    again = cli("app", "stop", "--yes", app_name)
    assert again.code != 0 and "already stopped" in again.output


def test_given_an_app_that_nobody_has_when_asked_about_then_it_is_not_found():
    for command in ("info", "history", "logs", "rollover", "rollback"):
        ended = cli("app", command, "nobody-has-this")
        assert ended.code != 0 and "nobody-has-this" in ended.output, f"{command}: {ended.output}"


def test_given_a_deployed_app_when_its_info_is_asked_for_then_it_names_functions_and_schedules(app_name: str):
    deploy(app_name)
    shown = json.loads(cli("app", "info", app_name, "--json").ok().stdout)
    assert shown["lifecycle"]["state"] == "deployed" and shown["lifecycle"]["version"] == 1
    assert set(shown["functions"]) == {"work", "yearly", "elsewhere"}
    assert shown["functions"]["yearly"]["summary"]["schedule"]["cron"]["cron_string"] == "0 3 1 1 *"
    assert shown["functions"]["work"]["id"] == work(app_name).hydrate().object_id


def test_given_three_versions_when_rolled_back_then_the_old_code_answers_under_a_new_number(app_name: str):
    for version in ("1", "2", "3"):
        deploy(app_name, version, "--tag", f"tag-{version}")
    assert [(row["version"], row["tag"]) for row in history(app_name)] == [("v3", "tag-3"), ("v2", "tag-2"), ("v1", "tag-1")]
    cli("app", "rollback", app_name).ok()
    assert work(app_name).remote()[0] == "2"
    cli("app", "rollback", app_name, "v1").ok()
    assert work(app_name).remote()[0] == "1"
    assert [row["version"] for row in history(app_name)][:2] == ["v5", "v4"]
    for wrong in ("v9", "v0"):
        assert cli("app", "rollback", app_name, wrong).code != 0


def test_given_a_rollover_when_called_then_a_new_container_of_the_same_code_answers(app_name: str):
    deploy(app_name)
    version, container = work(app_name).remote()
    cli("app", "rollover", app_name).ok()
    again, other = work(app_name).remote()
    assert (again, other != container) == (version, True)
    assert len(history(app_name)) == 2


def in_flight(name: str, *seconds: float) -> list[modal.FunctionCall]:
    """Calls that containers work on."""
    calls = [work(name).spawn(each) for each in seconds]
    eventually(lambda: all(call.get_call_graph()[0].task_id for call in calls), 90, "containers work on them")
    return calls


def test_given_calls_in_flight_when_deployed_again_then_each_is_answered_once_and_none_is_lost(app_name: str):
    """Rolling: what a container works on it finishes, what waits may go to the new version."""
    deploy(app_name, "1")
    running = in_flight(app_name, 8.0, 8.0)
    waiting = [work(app_name).spawn(0.1) for _ in range(6)]
    deploy(app_name, "2")
    assert [call.get(timeout=90)[0] for call in running] == ["1", "1"]
    assert {call.get(timeout=90)[0] for call in waiting} <= {"1", "2"}
    assert work(app_name).remote()[0] == "2"


def test_given_the_strategy_recreate_when_deployed_again_then_no_old_container_is_left_and_what_it_did_is_done_again(app_name: str):
    deploy(app_name, "1")
    (running,) = in_flight(app_name, 600.0)
    old = running.get_call_graph()[0].task_id
    assert old in cli("container", "list", "--json").ok().stdout
    deploy(app_name, "2", "--strategy", "recreate")
    eventually(lambda: old not in cli("container", "list", "--json").ok().stdout, 15, "the old container is gone")
    assert work(app_name).remote()[0] == "2"
    eventually(lambda: running.get_call_graph()[0].task_id not in (old, ""), 60, "another one works on it")
    running.cancel()


def test_given_an_app_when_its_tags_are_set_then_they_are_told(app_name: str):
    deploy(app_name)
    app = modal.App.lookup(app_name)
    assert app.get_tags() == {"team": "tests"}
    app.set_tags({"team": "others", "tier": "gold"})
    assert modal.App.lookup(app_name).get_tags() == {"team": "others", "tier": "gold"}


def test_given_a_name_that_is_free_when_an_app_is_looked_up_then_it_is_only_made_if_asked_for(app_name: str):
    with pytest.raises(modal.exception.NotFoundError):
        modal.App.lookup(app_name)
    made = modal.App.lookup(app_name, create_if_missing=True).app_id
    assert modal.App.lookup(app_name).app_id == made
    deploy(app_name)
    assert modal.App.lookup(app_name).app_id == made


def test_given_a_detached_run_when_its_client_has_gone_then_its_calls_go_on_and_then_it_ends():
    shown = cli("run", "-d", "managed.py", "--spawn", "--seconds", "5").ok().stdout
    call = modal.FunctionCall.from_id(re.search(r"^call (fc-\S+)$", shown, re.MULTILINE).group(1))
    assert call.get(timeout=60) == "done"


def test_given_a_served_app_when_its_file_changes_then_the_new_code_answers_under_its_address(tmp_path: Path):
    name = f"served-{secrets.token_hex(4)}"
    program = tmp_path / "served.py"
    shutil.copy(PROGRAMS / "served.py", program)
    served = start("serve", str(program), cwd=tmp_path, APP_NAME=name)
    try:
        served.shows("-page-dev", within=60)
        url = re.search(rb"http://\S*-page-dev\S*", served.stdout).group().decode()
        with Web.of_environment().to(url) as client:
            assert client.get("/").text == "first"

            def is_reloaded() -> bool:
                """Written again now and then: the client may not have begun to watch when it first was."""
                program.write_text(program.read_text().replace('b"first"', 'b"second"') + "\n")
                return is_within(30, lambda: client.get("/").text == "second")

            assert is_within(120, is_reloaded), served.stdout.decode()
            assert listed()[name]["state"] == "ephemeral"
    finally:
        served.interrupt()
        ended = served.end(60)
    assert "Traceback" not in ended.output
    eventually(lambda: listed().get(name, {}).get("state") in ("stopped", None), 60, "it ends with its client")


def is_within(seconds: float, look: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if look():
            return True
        time.sleep(0.2)
    return False


def test_given_an_environment_of_ones_own_when_deployed_there_then_names_are_its_own(app_name: str):
    name = f"env-{secrets.token_hex(4)}"
    cli("environment", "create", name).ok()
    try:
        assert cli("environment", "create", name).code != 0
        assert {"main", name} <= {row["name"] for row in cli("environment", "list", "--json").ok().rows()}
        deploy(app_name, "1")
        cli("deploy", "managed.py", "-e", name, APP_NAME=app_name, APP_VERSION="2").ok()
        assert app_name in listed("-e", name)
        there = modal.Function.from_name(app_name, "work", environment_name=name)
        assert (there.remote()[0], work(app_name).remote()[0]) == ("2", "1")
        shown = cli("app", "list", "--json", MODAL_ENVIRONMENT=name).ok().stdout
        assert app_name in shown
        cli("secret", "create", "only-there", "A=1", "-e", name).ok()
        assert "only-there" not in cli("secret", "list", "--json").ok().stdout
        cli("environment", "update", name, "--set-name", f"{name}-new").ok()
        name = f"{name}-new"
        assert modal.Function.from_name(app_name, "work", environment_name=name).remote()[0] == "2"
        refused = cli("environment", "update", name, "--set-web-suffix", "x")
        assert refused.code != 0 and "web suffix" in refused.output
    finally:
        cli("environment", "delete", name, "--yes").ok()
    with pytest.raises(modal.exception.NotFoundError):
        modal.Function.from_name(app_name, "work", environment_name=name).hydrate()
    assert work(app_name).remote()[0] == "1"
    standard = cli("environment", "delete", "main", "--yes")
    assert standard.code != 0 and "cannot be deleted" in standard.output


def test_given_a_token_when_asked_about_then_workspace_and_token_are_told():
    shown = cli("token", "info").ok().output
    assert os.environ["MODAL_TOKEN_ID"] in shown
    assert os.environ["MODAL_TOKEN_SECRET"] not in shown


def test_given_a_profile_when_listed_then_its_workspace_is_looked_up(tmp_path: Path):
    config = tmp_path / "modal.toml"
    config.write_text(
        "[here]\n"
        f'server_url = "{os.environ["MODAL_SERVER_URL"]}"\n'
        f'token_id = "{os.environ["MODAL_TOKEN_ID"]}"\ntoken_secret = "{os.environ["MODAL_TOKEN_SECRET"]}"\nactive = true\n'
    )
    assert cli("profile", "list", "--json", MODAL_CONFIG_PATH=str(config)).ok().rows()[0]["workspace"]
