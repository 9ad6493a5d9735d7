# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The REST API: who gets in, what failures look like, what is shown to whom."""

from __future__ import annotations

import json
import re

import pytest
from conftest import Answer, Api
from rpc import call

LISTS = ["apps", "functions", "calls", "containers"]
SHOWN = [
    "/api/v1/nodes",
    "/api/v1/apps/x/functions",
    "/api/v1/apps/x/deployments",
    "/api/v1/apps/x/deployments/1",
    "/api/v1/calls/x/explanation",
    *(f"/api/v1/{name}/x/logs" for name in LISTS),
]
KINDS = {"apps": "app", "functions": "function", "calls": "call", "containers": "container"}
PATHS = [f"/api/v1/{name}" for name in LISTS] + [f"/api/v1/{name}/x" for name in LISTS] + SHOWN
INTERNAL = [
    ("POST", "/internal/v1/containers"),
    ("POST", "/internal/v1/containers/ta-x/logs"),
    ("POST", "/internal/v1/containers/ta-x/exit"),
    ("GET", "/internal/v1/files/" + "0" * 64),
]


def assert_problem(answer: Answer, status: int, kind: str | None = None) -> dict:
    """RFC 9457, in the form that every endpoint keeps to."""
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"].split(";")[0] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "instance"}
    assert problem["status"] == status
    assert re.fullmatch(r"urn:serai:problem:[a-z0-9]+(-[a-z0-9]+)*", problem["type"])
    assert problem["title"] and problem["detail"] and problem["instance"].startswith("/")
    assert not re.search(r"serai\.([a-z]+\.)+[A-Z]|java\.|Exception", json.dumps(problem)), "names what is inside"
    if kind:
        assert problem["type"] == f"urn:serai:problem:{kind}"
    return problem


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", [None, "", "x", "ak-x.as-x", "ak-x."], ids=repr)
def test_without_a_right_token_nothing_is_shown(api: Api, path: str, token: str | None) -> None:
    answer = api.as_(token).get(path)
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path", PATHS)
def test_a_right_id_with_a_wrong_secret_is_wrong(api: Api, path: str) -> None:
    token_id = api.token.partition(".")[0]
    assert_problem(api.as_(f"{token_id}.as-wrong").get(path), 401, "unauthenticated")


def test_another_scheme_than_bearer_is_refused(api: Api) -> None:
    assert_problem(api.as_(None).get("/api/v1/apps", Authorization="Basic eDp5"), 401, "unauthenticated")


@pytest.mark.parametrize(("method", "path"), INTERNAL)
def test_runners_endpoints_are_closed_to_workspaces(api: Api, method: str, path: str) -> None:
    body = None
    if method == "POST":
        body = b'{"pool":"po-x","allocation":"x","index":0,"node":"n","sent_at":0,"chunks":[]}'
    for token in (None, api.token, "ta-x.cs-x"):
        assert_problem(api.as_(token).send(method, path, body, Content_Type="application/json"), 401, "unauthenticated")


def test_only_the_administrator_hands_out_tokens(api: Api) -> None:
    for token in (None, api.token, "x"):
        answer = api.as_(token).post("/api/v1/workspaces/main/tokens")
        assert answer.status in (401, 403), "403 where no administrator is set up"
        assert_problem(answer, answer.status)


def test_a_new_token_works(admin: Api) -> None:
    answer = admin.post("/api/v1/workspaces/rest-other/tokens")
    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    token = answer.json()
    assert set(token) == {"token_id", "token_secret", "workspace"}
    assert token["workspace"] == "rest-other"
    assert admin.as_(f"{token['token_id']}.{token['token_secret']}").get("/api/v1/apps").status == 200


@pytest.mark.parametrize("name", ["Main", "a_b", "-a", "a" * 64, "%20"])
def test_a_workspace_has_a_plain_name(admin: Api, name: str) -> None:
    assert_problem(admin.post(f"/api/v1/workspaces/{name}/tokens"), 400, "invalid-argument")


@pytest.mark.parametrize("path", ["/nothing", "/api", "/api/v1", "/api/v1/nothing", "/internal/v1/nothing", "/blobs"])
def test_an_unknown_path_is_a_problem(api: Api, path: str) -> None:
    problem = assert_problem(api.get(path), 404, "not-found")
    assert problem["instance"] == path


def test_the_problem_page_is_no_page_of_its_own(api: Api) -> None:
    assert_problem(api.get("/problem"), 404, "not-found")


def test_another_method_is_a_problem_that_names_the_right_one(api: Api) -> None:
    answer = api.send("DELETE", "/api/v1/apps", None)
    assert_problem(answer, 405, "method-not-allowed")
    assert "GET" in answer.headers["Allow"]


def test_another_content_is_a_problem(api: Api) -> None:
    path = "/internal/v1/containers"
    assert_problem(api.post(path, b"a=b", Content_Type="application/x-www-form-urlencoded"), 415, "unsupported-media-type")
    assert_problem(api.post(path, b"{broken"), 400)
    assert_problem(api.post(path, b"[]"), 400)
    assert_problem(api.post(path, b""), 400)
    assert_problem(api.post(path, b"{}"), 400)
    assert_problem(api.get("/api/v1/apps", Accept="text/html"), 406, "not-acceptable")


def test_a_body_has_a_limit(api: Api) -> None:
    body = b'{"pool":"' + b"x" * (9 << 20) + b'"}'
    assert_problem(api.post("/internal/v1/containers", body), 400, "invalid-argument")


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_a_page(api: Api, name: str) -> None:
    page = api.get(f"/api/v1/{name}").json()
    assert set(page) == {"items", "more", "next"}
    assert len(page["items"]) <= 100


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("limit", ["0", "501", "-1", "ten", "", "1.5", "9" * 30])
def test_a_limit_has_bounds(api: Api, name: str, limit: str) -> None:
    assert_problem(api.get(f"/api/v1/{name}?limit={limit}"), 400, "invalid-argument")


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("unknown", ["x", "ap-0", "%00", "..%2f", "'", "é"])
def test_what_is_not_there_is_not_found(api: Api, name: str, unknown: str) -> None:
    from urllib.parse import quote

    answer = api.get(f"/api/v1/{name}/{quote(unknown, safe='%')}")
    assert answer.status in (400, 404), answer.body  # 400: the server takes no such path at all
    if unknown.isascii() and unknown.isalnum():
        assert_problem(answer, 404, f"{KINDS[name]}-not-found")


@pytest.fixture(scope="module")
def app(api: Api) -> str:
    """An app that a client made."""
    protocol = pytest.importorskip("modal_proto.api_pb2")
    request = protocol.AppCreateRequest(description="rest tests", app_state=protocol.APP_STATE_EPHEMERAL)
    made = call(api.token, "AppCreate", request).app_id
    yield made
    call(api.token, "AppStop", protocol.AppStopRequest(app_id=made))


def test_an_app_is_shown_to_its_workspace(api: Api, app: str) -> None:
    shown = api.get(f"/api/v1/apps/{app}").json()
    assert shown["id"] == app
    assert shown["description"] == "rest tests"
    assert shown["environment"] == "main"
    assert shown["version"] == 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", shown["created_at"])
    assert {"name", "state", "deployed_at", "stopped_at"} <= set(shown)
    assert api.get(f"/api/v1/apps/{app}/functions").json() == {"items": [], "more": False, "next": None}
    assert app in [item["id"] for item in api.get("/api/v1/apps?limit=500").json()["items"]]


def test_another_workspace_does_not_see_it(other: Api, app: str) -> None:
    assert_problem(other.get(f"/api/v1/apps/{app}"), 404, "app-not-found")
    assert_problem(other.get(f"/api/v1/apps/{app}/functions"), 404, "app-not-found")
    assert app not in [item["id"] for item in other.get("/api/v1/apps?limit=500").json()["items"]]


@pytest.mark.parametrize("name", LISTS)
def test_everything_that_is_listed_is_shown_to_nobody_else(api: Api, other: Api, name: str) -> None:
    for item in api.get(f"/api/v1/{name}?limit=5").json()["items"]:
        assert api.get(f"/api/v1/{name}/{item['id']}").status == 200
        assert_problem(other.get(f"/api/v1/{name}/{item['id']}"), 404, f"{KINDS[name]}-not-found")


def test_a_page_says_that_there_is_more(api: Api, app: str) -> None:
    protocol = pytest.importorskip("modal_proto.api_pb2")
    request = protocol.AppCreateRequest(description="rest tests", app_state=protocol.APP_STATE_EPHEMERAL)
    newest = call(api.token, "AppCreate", request).app_id
    try:
        page = api.get("/api/v1/apps?limit=1").json()
        assert [item["id"] for item in page["items"]] == [newest], "newest first"
        assert page["more"] is True
    finally:
        call(api.token, "AppStop", protocol.AppStopRequest(app_id=newest))


def test_the_runner_is_for_everyone(api: Api) -> None:
    answer = api.as_(None).get("/internal/v1/runner.pyz")
    assert answer.status == 200
    assert b"PK\x03\x04" in answer.body[:200], "a zip, perhaps behind a line for the shell"
    tag = answer.headers["ETag"]
    import hashlib

    assert tag == f'"{hashlib.sha256(answer.body).hexdigest()}"'
    assert api.as_(None).get("/internal/v1/runner.pyz", If_None_Match=tag).status == 304
    head = api.as_(None).send("HEAD", "/internal/v1/runner.pyz", None)
    assert head.headers["Content-Length"] == str(len(answer.body))
