# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Calls over REST: JSON in, JSON out, and what becomes of those that do not end well."""

from __future__ import annotations

import json
import secrets

import pytest
from apps import GREETING, call, deploy, deployment, until
from conftest import Api
from test_rest import assert_problem


@pytest.fixture(scope="module")
def app(api: Api) -> str:
    name = f"calls-{secrets.token_hex(4)}"
    answer = deploy(api, name, deployment())
    assert answer.status == 201, answer.body
    yield name
    assert api.send("DELETE", f"/api/v1/apps/{name}", None).status == 202


@pytest.fixture(scope="module")
def double(api: Api, app: str) -> str:
    """The function's id."""
    return next(f["id"] for f in api.get(f"/api/v1/apps/{app}/functions").json()["items"] if f["name"] == "double")


def test_given_a_call_that_is_waited_for_then_its_result_is_in_the_answer(api: Api, app: str) -> None:
    answer = call(api, app, "double", 3)
    assert answer.status == 200, answer.body
    assert answer.headers["Preference-Applied"] == "wait=60"
    done = answer.json()
    assert done["state"] == "SUCCEEDED"
    assert done["result"] == {"value": 6, "greeting": GREETING}
    assert (done["error"], done["attempts"], done["retries"], done["losses"]) == (None, 1, 0, 0)
    assert done["created_at"] <= done["started_at"] <= done["finished_at"]
    assert done["container"].startswith("ta-")


def test_given_a_call_that_is_not_waited_for_then_it_can_be_looked_at(api: Api, app: str, double: str) -> None:
    answer = api.post(f"/api/v1/functions/{double}/calls", b'{"args":[1.5],"kwargs":{"times":4}}')
    assert answer.status == 202
    assert answer.json()["state"] in ("PENDING", "RUNNING")
    seen = api.get(answer.headers["Location"], Prefer="wait=60").json()
    assert seen["state"] == "SUCCEEDED"
    assert seen["result"]["value"] == 6.0


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1, 2**80, 1.5, "é\n", [], [1, [2]], {"a": {"b": None}}, {"$bytes": "AP8="}, {"$float": "nan"}],
    ids=repr,
)
def test_given_a_value_then_python_has_it_and_gives_it_back(api: Api, app: str, value: object) -> None:
    assert call(api, app, "same", value).json()["result"] == value


def test_given_an_async_function_then_it_is_awaited(api: Api, app: str) -> None:
    assert call(api, app, "later", 7).json()["result"] == 7


def test_given_an_exception_then_its_type_message_and_traceback_are_there(api: Api, app: str) -> None:
    answer = call(api, app, "fail", 'it\'s "wrong"\n')
    assert answer.status == 200
    failed = answer.json()
    assert failed["state"] == "FAILED"
    assert failed["error"]["kind"] == "EXCEPTION"
    assert failed["error"]["type"] == "ValueError"
    assert failed["error"]["message"] == 'it\'s "wrong"\n'
    assert "raise ValueError(text)" in failed["error"]["traceback"]


def test_given_a_result_that_no_json_can_say_then_the_error_says_so(api: Api, app: str) -> None:
    failed = call(api, app, "unsayable").json()
    assert failed["state"] == "FAILED"
    assert "builtins.object" in failed["error"]["message"]


def test_given_more_than_two_mebibytes_then_they_travel_as_blobs_both_ways(api: Api, app: str) -> None:
    assert call(api, app, "size", "x" * (3 << 20)).json()["result"] == 3 << 20
    assert len(call(api, app, "large", 3 << 20).json()["result"]) == 3 << 20


def test_given_a_result_above_the_limit_then_it_is_a_download(api: Api, app: str) -> None:
    done = call(api, app, "large", 17 << 20).json()
    assert done["state"] == "SUCCEEDED"
    assert done["result"] is None
    reference = done["result_reference"]
    assert reference["format"] == "cbor" and reference["bytes"] > 17 << 20
    assert len(api.as_(None).get(reference["url"]).body) == reference["bytes"]


def test_given_a_running_call_when_it_is_cancelled_then_its_container_goes_on_with_others(api: Api, app: str) -> None:
    path = call(api, app, "wait", 60, wait=0).headers["Location"]
    running = until(lambda: (c := api.get(path).json())["state"] == "RUNNING" and c)
    cancelled = api.post(f"{path}/cancel").json()
    assert (cancelled["state"], cancelled["error"]["kind"]) == ("CANCELLED", "CANCELLED")
    next_one = call(api, app, "wait", 0).json()
    assert next_one["state"] == "SUCCEEDED"
    assert next_one["container"] == running["container"]
    assert api.post(f"{path}/cancel").json()["state"] == "CANCELLED", "it may be repeated"


def test_given_a_finished_call_when_it_is_cancelled_then_it_stays_as_it_is(api: Api, app: str) -> None:
    done = call(api, app, "later", 1).json()
    assert api.post(f"/api/v1/calls/{done['id']}/cancel").json() == done


def test_given_a_key_then_the_same_request_is_done_once(api: Api, app: str) -> None:
    key = secrets.token_hex(8)
    first = call(api, app, "later", 1, Idempotency_Key=key)
    assert call(api, app, "later", 1, Idempotency_Key=f'"{key}"').json()["id"] == first.json()["id"]
    assert call(api, app, "later", 1, Idempotency_Key=secrets.token_hex(8)).json()["id"] != first.json()["id"]
    assert_problem(call(api, app, "later", 2, Idempotency_Key=key), 422, "idempotency-key-reused")


def test_given_a_list_then_filters_and_cursor_lead_through_it(api: Api, app: str, double: str) -> None:
    made = [call(api, app, "double", n).json()["id"] for n in range(3)]
    found, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/api/v1/calls?function={double}&state=SUCCEEDED&limit=2&cursor={cursor}").json()
        assert len(page["items"]) <= 2
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert found[:3] == made[::-1]
    assert len(found) == len(set(found))
    assert api.get(f"/api/v1/calls?function={double}&state=FAILED").json()["items"] == []


def test_given_logs_then_they_are_of_that_call(api: Api, app: str, double: str) -> None:
    first, second = (call(api, app, "double", n).json()["id"] for n in (101, 102))
    lines = until(lambda: api.get(f"/api/v1/calls/{second}/logs?stream=stdout").json()["items"])
    assert "".join(line["text"] for line in lines) == "doubling 102\n"
    assert {line["call"] for line in lines} == {second}
    of_function = until(lambda: api.get(f"/api/v1/functions/{double}/logs?limit=1000").json()["items"])
    assert {first, second} <= {line["call"] for line in of_function}
    page = api.get(f"/api/v1/apps/{app}/logs?limit=1").json()
    assert page["more"] and page["next"] == page["items"][0]["cursor"]


def test_given_a_follower_then_it_gets_lines_until_the_call_is_over(api: Api, app: str) -> None:
    made = call(api, app, "wait", 1, wait=0).json()
    answer = api.get(f"/api/v1/calls/{made['id']}/logs?follow=true", Accept="application/x-ndjson")
    assert answer.headers["Content-Type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.body.splitlines() if line]
    assert "waiting" in "".join(line["text"] for line in lines)
    assert api.get(f"/api/v1/calls/{made['id']}").json()["state"] == "SUCCEEDED"


def test_given_calls_before_it_then_the_explanation_says_how_many(api: Api, app: str) -> None:
    calls = [call(api, app, "wait", 60, wait=0).json()["id"] for _ in range(4)]
    try:
        last = calls[-1]
        until(lambda: api.get(f"/api/v1/calls/{calls[0]}").json()["state"] == "RUNNING")
        until(lambda: api.get(f"/api/v1/calls/{last}/explanation").json()["cause"] == "CONTAINERS_BUSY_AT_MAX")
        seen = api.get(f"/api/v1/calls/{last}/explanation").json()
        assert "max_containers is 2" in seen["sentence"]
        assert seen["containers"]["ready"] == seen["containers"]["busy"] == 2
        assert api.get(f"/api/v1/calls/{calls[0]}/explanation").json()["cause"] == "RUNNING"
    finally:
        for made in calls:
            api.post(f"/api/v1/calls/{made}/cancel")
    assert api.get(f"/api/v1/calls/{last}/explanation").json()["cause"] == "OVER"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{broken", "line 1"),
        (b'{"args":[1],"args":[2]}', "line 1"),
        (b"\xff\xfe", "no JSON"),
        (b"[]", "an object is needed"),
        (b'{"arg":[]}', "arg: unknown; there are: args, kwargs"),
        (b'{"args":{}}', "args: {}: an array is needed"),
        (b'{"kwargs":[]}', "kwargs: []: an object is needed"),
        (b'{"args":[{"$bytes":"?"}]}', "args[0].$bytes: no base64"),
        (b'{"kwargs":{"x":{"$float":"1"}}}', 'kwargs["x"].$float'),
        (b'{"args":' + b"[" * 150 + b"]" * 150 + b"}", "100 levels"),
    ],
)
def test_given_a_body_that_is_none_then_it_is_refused_by_its_place(api: Api, double: str, body: bytes, says: str) -> None:
    problem = assert_problem(api.post(f"/api/v1/functions/{double}/calls", body), 400, "invalid-argument")
    assert says in problem["detail"]


@pytest.mark.parametrize("prefer", ["wait=", "wait=x", "wait=-1", "wait=1.5"])
def test_given_a_wait_that_is_no_number_then_it_is_refused(api: Api, double: str, prefer: str) -> None:
    answer = api.post(f"/api/v1/functions/{double}/calls", b"{}", Prefer=prefer)
    assert "Prefer" in assert_problem(answer, 400, "invalid-argument")["detail"]


@pytest.mark.parametrize("query", ["state=DONE", "cursor=x", "cursor=AAAA", "limit=0"])
def test_given_a_list_that_is_asked_for_wrongly_then_it_is_refused(api: Api, query: str) -> None:
    assert_problem(api.get(f"/api/v1/calls?{query}"), 400, "invalid-argument")


@pytest.mark.parametrize("query", ["stream=x", "cursor=x", "limit=1001", "follow=yes"])
def test_given_logs_that_are_asked_for_wrongly_then_it_is_refused(api: Api, app: str, query: str) -> None:
    assert_problem(api.get(f"/api/v1/apps/{app}/logs?{query}"), 400, "invalid-argument")


def test_given_another_workspace_then_it_sees_and_does_nothing(api: Api, app: str, double: str, other: Api) -> None:
    made = call(api, app, "later", 1).json()["id"]
    assert_problem(other.get(f"/api/v1/calls/{made}"), 404, "call-not-found")
    assert_problem(other.post(f"/api/v1/calls/{made}/cancel"), 404, "call-not-found")
    assert_problem(other.get(f"/api/v1/calls/{made}/logs"), 404, "call-not-found")
    assert_problem(other.get(f"/api/v1/calls/{made}/explanation"), 404, "call-not-found")
    assert_problem(other.post(f"/api/v1/functions/{double}/calls", b"{}"), 404, "function-not-found")


def test_given_nodes_then_they_have_resources(api: Api) -> None:
    nodes = api.get("/api/v1/nodes").json()["items"]
    assert nodes
    assert all(node["name"] and node["status"] and node["memory_mb"] > 0 and node["cpu_mhz"] > 0 for node in nodes)
    assert any(node["eligible"] and node["status"] == "ready" for node in nodes)
