# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""`modal app …`: what people do with apps."""

import json

import modal
from serai_conformance.poll import eventually
from serai_conformance.terminal import Ended
from serai_conformance.terminal import modal as cli


def deploy(name: str, version: str = "1", *options: str, **environment: str) -> Ended:
    return cli("deploy", "managed.py", *options, APP_NAME=name, APP_VERSION=version, **environment).ok()


def listed(*options: str) -> dict[str, dict]:
    return {row["description"]: row for row in json.loads(cli("app", "list", "--json", *options).ok().stdout)}


def history(name: str) -> list[dict]:
    return json.loads(cli("app", "history", name, "--json").ok().stdout)


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
        assert ended.code != 0 and "nobody-has-this" in ended.output, command


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
