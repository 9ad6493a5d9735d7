# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Schedules over REST: who sees them, what is refused, what a firing by hand answers."""

from __future__ import annotations

import secrets
from urllib.parse import quote

import pytest
from conftest import Api
from rpc import call
from test_rest import assert_problem

SCHEDULES = "/api/v1/schedules"
VERBS = ["pause", "resume", "fire"]


def publish(api: Api, cron: str = "0 9 * * *", zone: str = "Europe/Berlin") -> tuple[str, str]:
    """An app as a client deploys it, whose function nobody could run: it has no image."""
    protocol = pytest.importorskip("modal_proto.api_pb2")
    name = f"rest-{secrets.token_hex(4)}"
    app = call(
        api.token, "AppCreate", protocol.AppCreateRequest(description=name, app_state=protocol.APP_STATE_INITIALIZING)
    ).app_id
    function = protocol.Function(
        module_name="m",
        function_name="f",
        function_type=protocol.Function.FUNCTION_TYPE_FUNCTION,
        schedule=protocol.Schedule(cron=protocol.Schedule.Cron(cron_string=cron, timezone=zone)),
    )
    made = call(api.token, "FunctionCreate", protocol.FunctionCreateRequest(app_id=app, function=function))
    call(
        api.token,
        "AppPublish",
        protocol.AppPublishRequest(
            app_id=app, name=name, app_state=protocol.APP_STATE_DEPLOYED, function_ids={"f": made.function_id}
        ),
    )
    return app, name


def stop(api: Api, app: str) -> None:
    protocol = pytest.importorskip("modal_proto.api_pb2")
    call(api.token, "AppStop", protocol.AppStopRequest(app_id=app))


@pytest.fixture(scope="module")
def deployed(api: Api):
    app, name = publish(api)
    yield app, name
    stop(api, app)


@pytest.fixture
def schedule(api: Api, deployed: tuple[str, str]) -> str:
    return api.get(f"{SCHEDULES}?app={deployed[0]}").json()["items"][0]["id"]


def test_without_a_right_token_nothing_is_shown_or_done(api: Api, schedule: str) -> None:
    for token in (None, "x", "ak-x.as-x"):
        for path in (SCHEDULES, f"{SCHEDULES}/{schedule}", f"{SCHEDULES}/{schedule}/firings"):
            assert_problem(api.as_(token).get(path), 401, "unauthenticated")
        for verb in VERBS:
            assert_problem(api.as_(token).post(f"{SCHEDULES}/{schedule}/{verb}"), 401, "unauthenticated")


def test_a_schedule_is_found_by_app_and_environment(api: Api, deployed: tuple[str, str], schedule: str) -> None:
    app, name = deployed
    for query in (f"?app={app}", f"?app={name}", f"?app={name}&environment=main", "?environment=main&limit=500", "?limit=500"):
        page = api.get(SCHEDULES + query).json()
        assert set(page) == {"items", "more", "next"}
        assert schedule in [item["id"] for item in page["items"]]
    assert api.get(f"{SCHEDULES}?app=nobody-deployed-this").json()["items"] == []
    assert_problem(api.get(f"{SCHEDULES}?environment=nowhere"), 404, "environment-not-found")


def test_a_schedule_shows_what_comes(api: Api, deployed: tuple[str, str], schedule: str) -> None:
    shown = api.get(f"{SCHEDULES}/{schedule}?next=3").json()
    assert set(shown) == {"schedule", "next", "last"}
    assert shown["schedule"]["app"] == deployed[0] and shown["schedule"]["app_name"] == deployed[1]
    assert shown["schedule"]["function_name"] == "f" and shown["schedule"]["environment"] == "main"
    assert shown["schedule"]["kind"] == "cron" and shown["schedule"]["expression"] == "0 9 * * *"
    assert shown["schedule"]["timezone"] == "Europe/Berlin" and shown["schedule"]["state"] == "ACTIVE"
    assert len(shown["next"]) == 3 and shown["next"][0] == shown["schedule"]["next_at"]
    assert all(slot[11:] in ("07:00:00Z", "08:00:00Z") for slot in shown["next"]), "nine in Berlin"
    assert len(api.get(f"{SCHEDULES}/{schedule}").json()["next"]) == 5
    assert api.get(f"{SCHEDULES}/{schedule}?next=0").json()["next"] == []


@pytest.mark.parametrize("count", ["101", "-1", "ten", "", "1.5", "9" * 30])
def test_a_number_of_slots_has_bounds(api: Api, schedule: str, count: str) -> None:
    problem = assert_problem(api.get(f"{SCHEDULES}/{schedule}?next={count}"), 400, "invalid-argument")
    assert f'next "{count}"' in problem["detail"] and "100" in problem["detail"]


@pytest.mark.parametrize("limit", ["0", "501", "-1", "ten", ""])
def test_a_limit_has_bounds(api: Api, schedule: str, limit: str) -> None:
    assert_problem(api.get(f"{SCHEDULES}?limit={limit}"), 400, "invalid-argument")
    assert_problem(api.get(f"{SCHEDULES}/{schedule}/firings?limit={limit}"), 400, "invalid-argument")


@pytest.mark.parametrize("before", ["yesterday", "", "2030-01-01", "1", "2030-13-01T00:00:00Z"])
def test_a_page_begins_at_a_time(api: Api, schedule: str, before: str) -> None:
    problem = assert_problem(api.get(f"{SCHEDULES}/{schedule}/firings?before={quote(before)}"), 400, "invalid-argument")
    assert f'before "{before}"' in problem["detail"]


def test_a_firing_by_hand_is_a_call(api: Api, schedule: str) -> None:
    answers = [api.post(f"{SCHEDULES}/{schedule}/fire") for _ in range(3)]
    calls = [answer.json()["call"] for answer in answers]
    assert [answer.status for answer in answers] == [202] * 3 and len(set(calls)) == 3
    for answer, made in zip(answers, calls, strict=True):
        assert answer.headers["Location"].endswith(f"/api/v1/calls/{made}")
        shown = api.get(answer.headers["Location"]).json()
        assert shown["id"] == made and shown["inputs"] == 1
    page = api.get(f"{SCHEDULES}/{schedule}/firings?limit=2").json()
    assert [item["call"] for item in page["items"]] == calls[:0:-1] and page["more"] is True
    rest = api.get(f"{SCHEDULES}/{schedule}/firings?before={page['items'][-1]['slot']}").json()
    assert rest["items"][0]["call"] == calls[0]
    assert set(rest["items"][0]) == {"slot", "fired_at", "late", "outcome", "call", "reason"}
    assert rest["items"][0]["outcome"] == "FIRED" and rest["items"][0]["reason"] == "Fired by hand"
    assert api.get(f"{SCHEDULES}/{schedule}").json()["last"][0]["call"] == calls[-1]


def test_a_pause_may_be_repeated_and_so_may_its_end(api: Api, schedule: str) -> None:
    first = api.post(f"{SCHEDULES}/{schedule}/pause").json()
    again = api.post(f"{SCHEDULES}/{schedule}/pause").json()
    assert first["state"] == "PAUSED" and first["next_at"] is None and first["paused_at"]
    assert again == first
    assert api.post(f"{SCHEDULES}/{schedule}/fire").status == 202, "by hand also in a pause"
    for _ in range(2):
        resumed = api.post(f"{SCHEDULES}/{schedule}/resume").json()
        assert resumed["state"] == "ACTIVE" and resumed["next_at"] and resumed["paused_at"] is None


@pytest.mark.parametrize("unknown", ["x", "sc-0", "ap0"])
def test_what_is_not_there_is_not_found(api: Api, unknown: str) -> None:
    assert_problem(api.get(f"{SCHEDULES}/{unknown}"), 404, "schedule-not-found")
    assert_problem(api.get(f"{SCHEDULES}/{unknown}/firings"), 404, "schedule-not-found")
    for verb in VERBS:
        assert_problem(api.post(f"{SCHEDULES}/{unknown}/{verb}"), 404, "schedule-not-found")


def test_another_workspace_neither_sees_nor_fires_it(api: Api, other: Api, schedule: str) -> None:
    assert_problem(other.get(f"{SCHEDULES}/{schedule}"), 404, "schedule-not-found")
    assert_problem(other.get(f"{SCHEDULES}/{schedule}/firings"), 404, "schedule-not-found")
    for verb in VERBS:
        assert_problem(other.post(f"{SCHEDULES}/{schedule}/{verb}"), 404, "schedule-not-found")
    assert schedule not in [item["id"] for item in other.get(f"{SCHEDULES}?limit=500").json()["items"]]


def test_a_schedule_that_has_ended_is_shown_and_does_nothing(api: Api) -> None:
    app, _ = publish(api)
    ended = api.get(f"{SCHEDULES}?app={app}").json()["items"][0]["id"]
    stop(api, app)
    assert api.get(f"{SCHEDULES}?app={app}").json()["items"] == []
    shown = api.get(f"{SCHEDULES}/{ended}").json()
    assert shown["schedule"]["state"] == "ENDED" and shown["schedule"]["ended_at"] and shown["next"] == []
    for verb in VERBS:
        assert_problem(api.post(f"{SCHEDULES}/{ended}/{verb}"), 400, "schedule-ended")


@pytest.mark.parametrize(
    ("cron", "zone", "words"),
    [("61 * * * *", "", 'minute "61" at position 1'), ("0 9 * * *", "Mars/Base", 'timezone "Mars/Base"')],
)
def test_a_bad_schedule_leaves_nothing_half_made(api: Api, cron: str, zone: str, words: str) -> None:
    grpclib = pytest.importorskip("grpclib")
    before = len(api.get("/api/v1/functions?limit=500").json()["items"])
    with pytest.raises(grpclib.GRPCError) as refused:
        publish(api, cron, zone)
    assert refused.value.status is grpclib.const.Status.INVALID_ARGUMENT and words in refused.value.message
    assert len(api.get("/api/v1/functions?limit=500").json()["items"]) == before
