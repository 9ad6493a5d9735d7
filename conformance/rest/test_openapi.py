# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The description of the API: is it one, does it give an example for everything, and does a generated client work?"""

from __future__ import annotations

import importlib
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from apps import SOURCE, until
from conftest import Api

METHODS = {"get", "post", "put", "delete", "patch"}


@pytest.fixture(scope="module")
def description(api: Api) -> dict:
    yaml = pytest.importorskip("yaml")
    answer = api.as_(None).get("/api/v1/openapi.yaml")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/yaml")

    class Unambiguous(yaml.SafeLoader):
        """Of two entries of one name a loader takes the last, and nobody hears of the first."""

        def construct_mapping(self, node, deep=False):
            names = [key.value for key, _ in node.value]
            twice = {name for name in names if names.count(name) > 1}
            assert not twice, f"{node.start_mark}: there twice: {twice}"
            return super().construct_mapping(node, deep)

    return yaml.load(answer.body, Unambiguous)


def test_it_is_a_description(description: dict) -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(description)
    assert description["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_every_operation_is_described_with_an_example(description: dict) -> None:
    operations = [
        (f"{method} {path}", operation)
        for path, item in description["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]
    assert len(operations) >= 24
    for name, operation in operations:
        assert operation["summary"] and operation["description"] and operation["operationId"], name
        answers = {code: body for code, body in operation["responses"].items() if code.startswith("2")}
        assert answers, name
        for answer in answers.values():
            assert answer["content"]["application/json"]["example"] is not None, name
        if "requestBody" in operation:
            assert operation["requestBody"]["content"]["application/json"]["example"] is not None, name
        assert "401" in operation["responses"], name


@pytest.fixture(scope="module")
def client(api: Api, description: dict, tmp_path_factory: pytest.TempPathFactory):
    """A client that was generated from the description that the server shows."""
    pytest.importorskip("openapi_python_client")
    folder: Path = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(description))
    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json"),
            *("--meta", "none", "--output-path", "generated_serai", "--fail-on-warning"),
        ],
        cwd=folder,
        env={**os.environ, "PATH": tools},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    try:
        package = importlib.import_module("generated_serai")
        yield package.AuthenticatedClient(base_url=f"{api.url}/api/v1", token=api.token, timeout=100)
    finally:
        sys.path.remove(str(folder))


def api_of(name: str):
    return importlib.import_module(f"generated_serai.api.{name}")


def test_a_generated_client_does_everything(client) -> None:
    models = importlib.import_module("generated_serai.models")
    app = f"generated-{secrets.token_hex(4)}"
    spec = models.DeploymentSpec.from_dict(
        {
            "tag": "one",
            "sources": {"jobs/work.py": SOURCE},
            "functions": [
                {"name": name, "handler": f"jobs.work:{name}", "autoscaler": {"max_containers": 1}} for name in ("double", "wait")
            ],
        }
    )
    deploy = api_of("deployments.create_deployment")
    made = deploy.sync(app, client=client, body=spec, idempotency_key=secrets.token_hex(8))
    assert (made.version, made.name) == (1, app)

    by_name = api_of("calls.call_by_name")
    done = by_name.sync(app, "double", client=client, body=models.Arguments.from_dict({"args": [4]}), prefer="wait=60")
    assert done.state == models.CallState.SUCCEEDED
    assert done.result["value"] == 8

    started = by_name.sync_detailed(app, "wait", client=client, body=models.Arguments.from_dict({"args": [60]}))
    assert started.status_code == 202
    get = api_of("calls.get_call")
    running = until(lambda: (c := get.sync(started.parsed.id, client=client)).state == models.CallState.RUNNING and c)
    why = api_of("calls.explain_call").sync(running.id, client=client)
    assert why.cause.value == "RUNNING" and running.container in why.sentence
    assert api_of("calls.cancel_call").sync(running.id, client=client).state == models.CallState.CANCELLED

    logs = api_of("logs.get_call_logs")
    lines = until(lambda: logs.sync(done.id, client=client).items)
    assert "doubling 4" in "".join(line.text for line in lines)

    assert deploy.sync(app, client=client, body=spec).version == 2
    back = api_of("deployments.roll_back").sync(app, 1, client=client)
    assert (back.version, back.tag) == (3, "one")
    listed = api_of("deployments.list_deployments").sync(app, client=client)
    assert [v.version for v in listed.items] == [3, 2, 1]

    clocked = models.DeploymentSpec.from_dict(
        {
            "sources": {"jobs/tick.py": "def tick():\n    return 'ticked'\n"},
            "functions": [{"name": "tick", "handler": "jobs.tick:tick", "schedule": {"period": {"seconds": 2}}}],
        }
    )
    assert deploy.sync(app, client=client, body=clocked).version == 4
    (schedule,) = api_of("schedules.list_schedules").sync(client=client, app=app).items
    firings = api_of("schedules.list_firings")
    fired = until(lambda: [f for f in firings.sync(schedule.id, client=client).items if f.outcome.value == "FIRED"])
    assert get.sync(fired[-1].call, client=client, prefer="wait=60").result == "ticked"
    assert api_of("schedules.pause_schedule").sync(schedule.id, client=client).state.value == "PAUSED"
    assert api_of("schedules.fire_schedule").sync(schedule.id, client=client).call.startswith("fc-")

    assert api_of("nodes.list_nodes").sync(client=client).items
    assert api_of("apps.stop_app").sync(app, client=client).state.value in ("STOPPING", "STOPPED")
    gone = get.sync_detailed("fc-x", client=client)
    assert gone.status_code == 404
    assert gone.parsed.type_ == "urn:serai:problem:call-not-found"
