# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Nothing of one workspace is there for another one: every RPC and every REST path is tried with another one's ids."""

import os
import secrets

import pytest
from grpclib import Status
from modal_proto import api_pb2
from serai_conformance.platform import api
from serai_conformance.protocol import METHODS, Answer, Method, fill
from serai_conformance.workspaces import Workspace, make

#: Those that name nothing that belongs to anybody, or something by a name that is one's own.
#: A method that is answered and neither here nor refused makes the test fail: decide where it belongs.
WITHOUT_IDS = {
    "AppCreate",
    "AppGetByDeploymentName",
    "AppList",
    "BlobCreate",
    "CliCommandSuggest",
    "ClientHello",
    "EnvironmentGetOrCreate",
    "EnvironmentList",
    "EnvironmentUpdate",
    "MountBatchedCheckExistence",
    "SecretList",
    "TokenInfoGet",
    "WebhookTokenCreate",
    "WebhookTokenList",
    "WebhookTokenListForEnvironment",
    "WorkspaceDashboardUrlGet",
    "WorkspaceNameLookup",
}

OPAQUE = "passed on to the container, which can fetch it from its own workspace only"

#: (method, field): an id that is looked at by nobody, and why that is no way in.
NOT_LOOKED_AT = {
    ("MountGetOrCreate", "app_id"): "a mount is its workspace's, whichever app asks for it",
    ("ImageGetOrCreate", "app_id"): "an image is its workspace's, whichever app asks for it",
    ("ImageGetOrCreate", "existing_image_id"): "what the client had before; the definition alone says which image it is",
    ("ImageGetOrCreate", "image.build_function.input.args_blob_id"): OPAQUE,
    ("FunctionMap", "parent_input_id"): "kept as it came, for the call's own owner to see",
    ("FunctionMap", "pipelined_inputs.input.args_blob_id"): OPAQUE,
    ("FunctionMap", "pipelined_inputs.blob_upload_results.blob_id"): OPAQUE,
    ("FunctionPutInputs", "inputs.input.args_blob_id"): OPAQUE,
    ("FunctionPutInputs", "inputs.blob_upload_results.blob_id"): OPAQUE,
    ("FunctionPutInputs", "function_id"): "the call says of which function it is",
    ("FunctionCallCancel", "function_id"): "the call says of which function it is",
    ("AppGetLogs", "parametrized_function_id"): "the function itself is named, too, and counts",
    ("AppFetchLogs", "parametrized_function_id"): "the function itself is named, too, and counts",
    ("AppGetLogs", "input_id"): "one's own app's logs are looked through for it, and have nothing",
}

IGNORED = {"MountGetOrCreate"}

#: Those that refuse the request before they look at its ids.
OTHERWISE = {"ImageGetOrCreate": (Status.FAILED_PRECONDITION,), "ClassCreate": (Status.FAILED_PRECONDITION,)}

#: Only a container may call these: they ask for its own credentials first.
FOR_CONTAINERS = Status.PERMISSION_DENIED


pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def two() -> tuple[Workspace, Workspace]:
    if "SERAI_ADMIN_TOKEN" not in os.environ:
        pytest.skip("SERAI_ADMIN_TOKEN is not set: no second workspace can be made")
    suffix = secrets.token_hex(4)
    return make(f"owner-{suffix}"), make(f"intruder-{suffix}")


def foreign(method: Method, ids: dict[str, str]) -> tuple[bytes, list[str]]:
    message = method.request()
    names = fill(message, ids)
    fill(message, {"last_entry_id": "0-0"})
    return message.SerializeToString(), names


def test_given_another_workspaces_ids_when_any_rpc_is_called_with_them_then_they_are_not_found(two: tuple[Workspace, Workspace]):
    owner, intruder = two
    calls = [(method, *foreign(method, owner.ids)) for method in METHODS]
    answers = intruder.caller().all((method, content) for method, content, _ in calls)
    wrong, covered = [], 0
    for (method, _, names), answer in zip(calls, answers, strict=True):
        if answer.status == Status.UNIMPLEMENTED:
            continue
        covered += 1
        names = [name for name in names if (method.name, name) not in NOT_LOOKED_AT]
        allowed = {Status.NOT_FOUND, FOR_CONTAINERS, *OTHERWISE.get(method.name, ())}
        if not names:
            allowed |= {Status.INVALID_ARGUMENT, Status.FAILED_PRECONDITION}
        if method.name in WITHOUT_IDS or method.name in IGNORED:
            allowed |= {Status.OK}
        if answer.status not in allowed or leaks(answer, owner):
            wrong.append(f"{method.name}({', '.join(names)}): {answer.status} {answer.message}")
    assert not wrong, "\n".join(wrong)
    assert covered > 40
    owner.still_works()


def leaks(answer: Answer, owner: Workspace) -> bool:
    return answer.status == Status.OK and any(value.encode() in answer.content for value in {*owner.ids.values(), owner.app_name})


def test_given_ones_own_ids_and_one_of_anothers_when_any_rpc_is_called_then_it_is_refused(two: tuple[Workspace, Workspace]):
    """An id that is looked at only after others have been found."""
    owner, intruder = two
    calls = []
    for method in METHODS:
        for name in foreign(method, owner.ids)[1]:
            last = name.rsplit(".", 1)[-1]
            content, _ = foreign(method, intruder.ids | {last: owner.ids[last]})
            if (method.name, name) not in NOT_LOOKED_AT and method.name not in WITHOUT_IDS:
                calls.append((method, name, content))
    answers = intruder.caller().all((method, content) for method, _, content in calls)
    wrong = [
        f"{method.name} with another's {name}: {answer.status} {answer.message}"
        for (method, name, _), answer in zip(calls, answers, strict=True)
        if answer.status in (Status.OK, None, Status.INTERNAL, Status.UNKNOWN)
    ]
    assert not wrong, "\n".join(wrong)
    owner.still_works()


def test_given_another_workspaces_names_when_looked_up_then_they_are_not_found(two: tuple[Workspace, Workspace]):
    owner, intruder = two
    caller = intruder.caller()
    assert (
        caller.one("FunctionGet", api_pb2.FunctionGetRequest(app_name=owner.app_name, object_tag="work")).status == Status.NOT_FOUND
    )
    found = caller.one("AppGetByDeploymentName", api_pb2.AppGetByDeploymentNameRequest(name=owner.app_name))
    answer = api_pb2.AppGetByDeploymentNameResponse.FromString(found.content)
    assert (answer.app_id, answer.previous_app_id) == ("", "")


def test_given_another_workspaces_ids_when_any_rest_path_is_asked_with_them_then_they_are_not_found(
    two: tuple[Workspace, Workspace],
):
    yaml = pytest.importorskip("yaml")
    owner, intruder = two
    client = api(intruder.bearer)
    description = yaml.safe_load(client.get("/openapi.yaml").content)
    by_path = {
        "apps": owner.ids["app_id"],
        "functions": owner.ids["function_id"],
        "calls": owner.ids["function_call_id"],
        "containers": owner.ids["task_id"],
        "schedules": owner.ids["schedule_id"],
        "secrets": "owned",
        "workspaces": "main",
    }
    #: A name that is one's own: another workspace's secret of that name is another secret.
    own_names = {("get", "/secrets/{name}"), ("put", "/secrets/{name}")}
    wrong = []
    tried = 0
    for path, item in description["paths"].items():
        for method, operation in item.items():
            if method not in ("get", "post", "put", "delete", "patch") or (method, path) in own_names:
                continue
            kind = path.split("/")[1]
            assert "{" not in path or kind in by_path, f"{path}: say here which id of another workspace belongs into it"
            asked = path.replace("{app}", by_path["apps"]).replace("{version}", "1").replace("{id}", by_path.get(kind, ""))
            asked = asked.replace("{name}", by_path[kind] if kind in ("secrets", "workspaces") else "work")
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            if (method, kind) == ("delete", "secrets"):
                asked = "/secrets/nobody-has-this"
            answer = client.request(method, asked, json=body)
            tried += 1
            if operation.get("security") == [{"administrator": []}]:
                right = answer.status_code == 401
            elif "{" in path:
                right = answer.status_code in (404, 401) or (answer.status_code == 400 and "{app}" in path and method == "post")
            else:
                right = answer.status_code == 200
            if not right or any(value in answer.text for value in owner.ids.values() if value not in asked):
                wrong.append(f"{method} {asked}: {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert tried > 25
    owner.still_works()
