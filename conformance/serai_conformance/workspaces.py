# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Two workspaces with something of everything each."""

import json
import os
import secrets
from dataclasses import dataclass

from modal_proto import api_pb2

from serai_conformance.platform import api
from serai_conformance.poll import eventually
from serai_conformance.protocol import Caller
from serai_conformance.terminal import modal, python


@dataclass(frozen=True)
class Workspace:
    token_id: str
    secret: str
    app_name: str
    ids: dict[str, str]  # by the name of a field that holds such an id

    @property
    def bearer(self) -> str:
        return f"{self.token_id}.{self.secret}"

    def caller(self, **options) -> Caller:
        return Caller(self.token_id, self.secret, **options)

    def container(self, **options) -> Caller:
        """A caller who has the credentials of a container that waits for work."""
        code = f"import modal; print(modal.Function.from_name('{self.app_name}', 'credentials').remote())"
        headers = python("-c", code, **self.environment()).ok().stdout.strip()
        return self.caller(**dict(header.split(": ", 1) for header in headers.split(",")), **options)

    def environment(self) -> dict[str, str]:
        return {"MODAL_TOKEN_ID": self.token_id, "MODAL_TOKEN_SECRET": self.secret}

    def still_works(self) -> None:
        code = f"import modal; print(modal.Function.from_name('{self.app_name}', 'work').remote(7))"
        assert python("-c", code, **self.environment()).ok().stdout.strip() == "7"


def make(name: str) -> Workspace:
    """With an app that has been called, so that there are a container, a call, an input and logs."""
    token = api(os.environ["SERAI_ADMIN_TOKEN"]).post(f"/workspaces/{name}/tokens").raise_for_status().json()
    app = f"owned-{secrets.token_hex(4)}"
    workspace = Workspace(token["token_id"], token["token_secret"], app, {})
    login = workspace.environment()
    modal("secret", "create", "owned", "A=1", "--force", **login).ok()
    modal("deploy", "owned.py", APP_NAME=app, **login).ok()
    code = (
        f"import modal; f = modal.Function.from_name('{app}', 'work'); f.hydrate(); c = f.spawn(1); c.get(timeout=60);"
        "print(f.object_id, c.object_id)"
    )
    function, call = python("-c", code, **login).ok().stdout.split()
    workspace.ids.update(_ids(workspace, function, call))
    return workspace


def _ids(workspace: Workspace, function: str, call: str) -> dict[str, str]:
    """:return: an id of ours for every name that a field with an id has"""
    caller = workspace.caller()
    detail = api(workspace.bearer).get(f"/functions/{function}").raise_for_status().json()
    app = detail["function"]["app"] if "function" in detail else detail["app"]
    listed = caller.one("TaskList", api_pb2.TaskListRequest(app_id=app))
    container = api_pb2.TaskListResponse.FromString(listed.content).tasks[0].task_id
    outputs = caller.one(
        "FunctionGetOutputs", api_pb2.FunctionGetOutputsRequest(function_call_id=call, last_entry_id="0-0", timeout=1)
    )
    got = api_pb2.FunctionGetByIdResponse.FromString(
        caller.one("FunctionGetById", api_pb2.FunctionGetByIdRequest(function_id=function)).content
    )
    definition = got.function.ranked_functions[0].function
    blob = api_pb2.BlobCreateResponse.FromString(
        caller.one("BlobCreate", api_pb2.BlobCreateRequest(content_length=3, content_md5="x")).content
    ).blob_id
    schedule = eventually(
        lambda: api(workspace.bearer).get("/schedules", params={"app": app}).json()["items"], 30, "the app's schedule"
    )[0]["id"]
    items = api_pb2.FunctionGetOutputsResponse.FromString(outputs.content).outputs
    input_id = items[0].input_id if items else "in-unknown"
    environment = api_pb2.EnvironmentGetOrCreateResponse.FromString(
        caller.one("EnvironmentGetOrCreate", api_pb2.EnvironmentGetOrCreateRequest()).content
    ).environment_id
    ids = {
        "app_id": app,
        "function_id": function,
        "existing_function_id": function,
        "parametrized_function_id": function,
        "build_function_id": function,
        "function_call_id": call,
        "function_call_jwt": call,
        "input_id": input_id,
        "parent_input_id": input_id,
        "input_jwt": input_id,
        "task_id": container,
        "container_id": container,
        "secret_id": definition.secret_ids[0],
        "secret_ids": definition.secret_ids[0],
        "mount_id": definition.mount_ids[0],
        "mount_ids": definition.mount_ids[0],
        "context_mount_id": definition.mount_ids[0],
        "image_id": definition.image_id,
        "existing_image_id": definition.image_id,
        "blob_id": blob,
        "data_blob_id": blob,
        "args_blob_id": blob,
        "environment_id": environment,
        "token_id": workspace.token_id,
        "schedule_id": schedule,
    }
    assert all(ids.values()), json.dumps(ids)
    return ids
