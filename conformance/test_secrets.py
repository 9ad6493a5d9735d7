# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Secrets: what only containers are told."""

import hashlib
import json
import os
import secrets
from pathlib import Path

import modal
import pytest
from serai_conformance.nomad import Nomad
from serai_conformance.platform import Platform, api
from serai_conformance.processes import started_with
from serai_conformance.terminal import modal as cli


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def told(shown: str) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in shown.splitlines() if line.count(" ") == 1)


@pytest.fixture
def name():
    made = f"secret-{secrets.token_hex(4)}"
    yield made
    cli("secret", "delete", made, "--yes", "--allow-missing")


@pytest.fixture
def value() -> str:
    """Found nowhere by chance."""
    return f"hunter2-{secrets.token_hex(16)}"


def run(*names: str, **environment: str) -> dict[str, str]:
    return told(cli("run", "secretive.py", "--names", ",".join(names), **environment).ok().stdout)


def test_given_a_dictionary_when_a_function_runs_then_it_has_its_variables(value: str):
    assert run("TOKEN", "FROM_IMAGE", TOKEN=value, GIVEN="1") == {"TOKEN": digest(value), "FROM_IMAGE": digest("image")}


def test_given_variables_of_the_deployers_environment_when_a_function_runs_then_it_has_them(value: str):
    assert run("LOCAL_TOKEN", LOCAL_TOKEN=value, LOCAL="1")["LOCAL_TOKEN"] == digest(value)


def test_given_a_dotenv_file_when_a_function_runs_then_it_has_its_variables(value: str, tmp_path: Path):
    pytest.importorskip("dotenv")
    program = Path(__file__).parent / "programs" / "secretive.py"
    (tmp_path / ".env-test").write_text(f"FILED='{value}'\n")
    shown = cli("run", str(program), "--names", "FILED", cwd=tmp_path, DOTENV=".env-test").ok().stdout
    assert told(shown)["FILED"] == digest(value)


def test_given_a_named_secret_when_a_function_runs_then_it_has_its_variables_and_the_list_its_name(name: str, value: str):
    created = cli("secret", "create", name, f"TOKEN={value}", "OTHER=2").ok()
    assert value not in created.output
    assert run("TOKEN", "OTHER", NAMED=name) == {"TOKEN": digest(value), "OTHER": digest("2")}
    listed = {row["name"]: row for row in cli("secret", "list", "--json").ok().rows()}
    assert listed[name]["last_used_at"] != "-"
    assert value not in json.dumps(listed)
    cli("secret", "delete", name, "--yes").ok()
    assert name not in cli("secret", "list", "--json").ok().stdout


def test_given_two_values_of_one_name_when_a_function_runs_then_the_later_secret_counts(name: str, value: str):
    cli("secret", "create", name, "LATER=second", "FROM_IMAGE=secret").ok()
    seen = run("TOKEN", "LATER", "FROM_IMAGE", "MODAL_IS_REMOTE", TOKEN=value, GIVEN="1", NAMED=name)
    assert seen["LATER"] == digest("second")
    assert seen["FROM_IMAGE"] == digest("secret")
    assert seen["MODAL_IS_REMOTE"] == digest("1")


def test_given_a_value_of_any_shape_when_a_function_runs_then_it_comes_as_it_was_given():
    value = "Grüße, 你好\n\t'\"$HOME `id` \\ = \U0001f980" + "x" * 100_000
    assert run("TOKEN", TOKEN=value, GIVEN="1")["TOKEN"] == digest(value)


def test_given_a_name_that_is_taken_when_created_again_then_it_is_refused_unless_forced(name: str, value: str):
    cli("secret", "create", name, "TOKEN=1").ok()
    refused = cli("secret", "create", name, f"TOKEN={value}")
    assert refused.code != 0 and "already exists" in refused.output and value not in refused.output
    cli("secret", "create", name, f"TOKEN={value}", "--force").ok()
    assert run("TOKEN", NAMED=name)["TOKEN"] == digest(value)


def test_given_a_secret_that_nobody_made_when_a_function_names_it_then_the_program_says_so():
    ended = cli("run", "secretive.py", "--names", "A", NAMED="nobody-made-this")
    assert ended.code != 0 and "nobody-made-this" in ended.output


def test_given_a_secret_without_a_required_key_when_a_function_names_it_then_the_key_is_named(name: str):
    cli("secret", "create", name, "TOKEN=1").ok()
    ended = cli("run", "secretive.py", "--names", "TOKEN", REQUIRED=name)
    assert ended.code != 0 and "NOT_THERE" in ended.output


def test_given_a_value_that_no_process_can_be_given_when_created_then_it_is_refused_without_being_shown(name: str, value: str):
    for wrong in ({"TOKEN": value + "\0"}, {"A=B": value}, {"": value}, {"TOKEN": value + "x" * 200_000}):
        with pytest.raises(modal.exception.InvalidError) as raised:
            modal.Secret.objects.create(name, wrong)
        assert value not in str(raised.value)


def test_given_a_secret_that_changes_when_a_container_starts_then_it_gets_the_new_value(name: str, value: str, app_name: str):
    cli("secret", "create", name, "TOKEN=before").ok()
    cli("deploy", "secretive.py", APP_NAME=app_name, NAMED=name).ok()
    modal.Secret.from_name(name).hydrate().update({"TOKEN": value, "MORE": "1"})
    function = modal.Function.from_name(app_name, "told")
    assert function.remote("TOKEN") == digest(value)
    assert function.remote("MORE") == digest("1")


def test_given_a_secret_that_was_deleted_when_a_function_is_called_then_the_call_says_why(name: str, app_name: str):
    cli("secret", "create", name, "TOKEN=1").ok()
    cli("deploy", "secretive.py", APP_NAME=app_name, NAMED=name).ok()
    cli("secret", "delete", name, "--yes").ok()
    with pytest.raises(modal.exception.Error, match=r"Secret '.*' not found"):
        modal.Function.from_name(app_name, "told").remote("TOKEN")


def test_given_a_secret_when_looked_for_in_what_people_can_read_then_it_is_not_there(
    name: str, value: str, app_name: str, nomad: Nomad
):
    """The database, the cluster's API, and what the server and the agent wrote."""
    anonymous = f"anonymous-{value}"
    cli("secret", "create", name, f"FROM_NAME={value}").ok()
    cli("deploy", "secretive.py", APP_NAME=app_name, NAMED=name, TOKEN=anonymous, GIVEN="1").ok()
    function = modal.Function.from_name(app_name, "told")
    assert function.remote("FROM_NAME") == digest(value)  # its container exists now
    assert function.remote("TOKEN") == digest(anonymous)
    jobs = nomad.jobs(app_name)
    assert jobs
    for job in jobs:
        for page in (f"/v1/job/{job['ID']}", f"/v1/job/{job['ID']}/allocations"):
            assert value not in nomad.get(page).text
        for allocation in nomad.allocations(job["ID"]):
            assert value not in nomad.get(f"/v1/allocation/{allocation['ID']}").text
    assert value not in nomad.get("/v1/vars").text
    home = os.environ.get("SERAI_HOME")
    if home is None:
        pytest.skip("SERAI_HOME is not set: the database's files and the logs are out of sight")
    needles = [value.encode(), value.encode("utf-16-le")]
    looked_at = 0
    for folder in ("postgres/data", "logs"):
        for path in (Path(home) / folder).rglob("*"):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                looked_at += len(content)
                assert not any(needle in content for needle in needles), path
    assert looked_at > 1_000_000
    assert not started_with(value)


def test_given_a_secret_over_rest_when_a_function_is_deployed_with_it_then_it_is_told_there_only(
    name: str, value: str, platform: Platform
):
    client = api(platform.api_token)
    made = client.put(f"/secrets/{name}", json={"variables": {"TOKEN": value}})
    assert made.status_code == 200 and made.json()["variables"] == ["TOKEN"], made.text
    assert value not in made.text + client.get(f"/secrets/{name}").text + client.get("/secrets").text
    source = "import hashlib, os\ndef told():\n    return hashlib.sha256(os.environ['TOKEN'].encode()).hexdigest()\n"
    deployed = client.post(
        f"/apps/{name}/deployments",
        json={"sources": {"work.py": source}, "functions": [{"name": "told", "handler": "work.told", "secrets": [name]}]},
    )
    assert deployed.status_code == 201, deployed.text
    try:
        called = client.post(f"/apps/{name}/functions/told/calls", json={}, headers={"Prefer": "wait=50"})
        assert called.json()["result"] == digest(value), called.text
    finally:
        client.delete(f"/apps/{name}")
    missing = client.post(
        f"/apps/{name}/deployments",
        json={"sources": {"work.py": source}, "functions": [{"name": "told", "handler": "work.told", "secrets": ["no-such"]}]},
    )
    assert missing.status_code == 404 and "no-such" in missing.text
    assert client.delete(f"/secrets/{name}").status_code == 200
    assert client.get(f"/secrets/{name}").status_code == 404
