# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""`modal.Cron` and `modal.Period`: who is deployed with one is called by the clock, each slot once."""

from datetime import datetime

import modal
import pytest
from serai_conformance.platform import Platform, api
from serai_conformance.poll import eventually
from serai_conformance.terminal import Ended
from serai_conformance.terminal import modal as cli

#: A slot, a container from zero, and a machine with other things to do.
SOON = 60


class Clock:
    """The schedules of one app, over REST."""

    def __init__(self, platform: Platform, app: str):
        self.client, self.app = api(platform.api_token), app

    def ask(self, path: str, method: str = "GET", **params: str) -> dict:
        return self.client.request(method, path, params=params).raise_for_status().json()

    def all(self) -> dict[str, dict]:
        items = self.ask("/schedules", app=self.app)["items"]
        return {item["function_name"]: item for item in items}

    def tick(self) -> dict:
        return self.all()["tick"]

    def firings(self, schedule: str) -> list[dict]:
        return self.ask(f"/schedules/{schedule}/firings")["items"]

    def fired(self, schedule: str) -> list[dict]:
        """Oldest first."""
        return [f for f in reversed(self.firings(schedule)) if f["outcome"] == "FIRED"]

    def post(self, schedule: str, verb: str) -> dict:
        return self.ask(f"/schedules/{schedule}/{verb}", "POST")


@pytest.fixture
def clock(platform: Platform, app_name: str) -> Clock:
    return Clock(platform, app_name)


def deploy(name: str, **environment: str) -> Ended:
    return cli("deploy", "ticking.py", APP_NAME=name, **environment)


def time(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_given_a_period_when_it_is_deployed_then_it_is_called_once_for_each_slot_from_zero(app_name: str, clock: Clock):
    deploy(app_name, SECONDS="2.5").ok()
    schedule = clock.tick()
    assert (schedule["kind"], schedule["expression"], schedule["state"]) == ("period", "PT2.5S", "ACTIVE")
    eventually(lambda: len(clock.fired(schedule["id"])) >= 4, SOON, "4 firings")
    firings = clock.firings(schedule["id"])[::-1]
    slots = [round((time(f["slot"]) - time(schedule["since"])) / 2.5, 3) for f in firings]
    assert slots == [float(n) for n in range(1, len(slots) + 1)], "one period after the deployment, then each period"
    fired = [f for f in firings if f["outcome"] == "FIRED"]
    assert len({f["call"] for f in fired}) == len(fired)
    for firing in fired[:2]:
        assert modal.FunctionCall.from_id(firing["call"]).get(timeout=SOON) == "ticked 1"


def test_given_a_cron_of_every_minute_when_the_minute_begins_then_it_is_called(app_name: str, clock: Clock):
    deploy(app_name, CRON="* * * * *", ZONE="Europe/Berlin").ok()
    schedule = clock.tick()
    assert (schedule["kind"], schedule["expression"], schedule["timezone"]) == ("cron", "* * * * *", "Europe/Berlin")
    firing = eventually(lambda: clock.fired(schedule["id"]), 75, "the minute's firing")[0]
    assert firing["slot"] == schedule["next_at"] and time(firing["slot"]) % 60 == 0
    assert time(firing["fired_at"]) >= time(firing["slot"])
    assert modal.FunctionCall.from_id(firing["call"]).get(timeout=SOON) == "ticked 1"


def test_given_a_pause_when_it_is_resumed_then_one_late_firing_and_the_older_slots_are_skipped(app_name: str, clock: Clock):
    deploy(app_name, SECONDS="2").ok()
    schedule = clock.tick()["id"]
    eventually(lambda: clock.fired(schedule), SOON, "a firing")
    paused = clock.post(schedule, "pause")
    assert paused["state"] == "PAUSED" and paused["next_at"] is None
    before = len(clock.firings(schedule))
    upcoming = clock.ask(f"/schedules/{schedule}", next="5")["next"]
    eventually(lambda: time(upcoming[4]) < datetime.now().timestamp(), 20, "five slots of the pause")
    assert len(clock.firings(schedule)) == before, "nothing fires in a pause"

    clock.post(schedule, "resume")

    late = eventually(lambda: [f for f in clock.fired(schedule) if f["late"]], SOON, "the late firing")
    assert len(late) == 1 and "paused" in late[0]["reason"]
    skipped = [f for f in clock.firings(schedule) if f["outcome"] == "SKIPPED"]
    assert len(skipped) >= 4 and all(time(f["slot"]) < time(late[0]["slot"]) and f["call"] is None for f in skipped)
    eventually(lambda: [f for f in clock.fired(schedule) if time(f["slot"]) > time(late[0]["slot"])], SOON, "firings go on")


def test_given_a_redeployment_when_it_is_published_then_the_new_timetable_is_in_effect_at_once(app_name: str, clock: Clock):
    deploy(app_name, SECONDS="2").ok()
    first = clock.tick()
    deploy(app_name, CRON="0 9 * * MON", ZONE="America/New_York", APP_VERSION="2").ok()
    second = clock.tick()
    assert second["id"] == first["id"]
    assert (second["expression"], second["timezone"]) == ("0 9 * * MON", "America/New_York")
    before = len(clock.firings(first["id"]))
    call = clock.post(first["id"], "fire")["call"]
    assert modal.FunctionCall.from_id(call).get(timeout=SOON) == "ticked 2"
    assert len(clock.firings(first["id"])) == before + 1, "by hand, and no other"

    deploy(app_name, SECONDS="2", APP_VERSION="quiet").ok()

    assert set(clock.all()) == {"fail"}
    assert clock.ask(f"/schedules/{first['id']}")["schedule"]["state"] == "ENDED"


def test_given_a_stopped_app_when_it_is_stopped_then_nothing_fires_any_more(app_name: str, clock: Clock):
    deploy(app_name, SECONDS="1").ok()
    schedule = clock.tick()["id"]
    eventually(lambda: clock.fired(schedule), SOON, "a firing")
    cli("app", "stop", "--yes", app_name).ok()
    assert clock.all() == {}
    ended = clock.ask(f"/schedules/{schedule}")
    assert ended["schedule"]["state"] == "ENDED" and ended["next"] == []
    assert all(time(f["fired_at"]) <= time(ended["schedule"]["ended_at"]) for f in ended["last"])


def test_given_a_failing_function_when_it_is_fired_then_it_is_a_call_like_any_other(app_name: str, clock: Clock):
    deploy(app_name, SECONDS="3600").ok()
    call = clock.post(clock.all()["fail"]["id"], "fire")["call"]
    with pytest.raises(ValueError, match="as every day"):
        modal.FunctionCall.from_id(call).get(timeout=SOON)
    shown = clock.ask(f"/calls/{call}")
    assert (shown["kind"], shown["inputs"], shown["outputs"]) == ("unary", 1, 1)


def test_given_a_run_that_is_not_deployed_when_it_has_a_schedule_then_it_runs_without(app_name: str, clock: Clock):
    assert "ticked 1" in cli("run", "ticking.py", APP_NAME=app_name, SECONDS="1").ok().stdout
    assert clock.all() == {}


REFUSED = {
    "hour": ({"CRON": "0 25 * * *"}, ["hour", '"25"', "position 3"]),
    "zone": ({"CRON": "0 9 * * *", "ZONE": "Europe/Berlni"}, ["timezone", "Europe/Berlni"]),
    "fields": ({"CRON": "0 9 * *"}, ["4 fields"]),
    "never": ({"CRON": "0 0 31 2 *"}, ["day of month", '"31"', "position 5"]),
    "zero": ({"SECONDS": "0"}, ["period", "1 second"]),
    "negative": ({"SECONDS": "-5"}, ["period", "seconds", "-5"]),
}


@pytest.mark.parametrize(("environment", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_given_a_bad_schedule_when_it_is_deployed_then_it_is_refused_by_field_and_value(
    app_name: str, clock: Clock, environment: dict[str, str], words: list[str]
):
    deploy(app_name, SECONDS="3600").ok()
    before = clock.all()
    refused = deploy(app_name, **environment)
    assert refused.code == 1 and "Traceback" not in refused.output
    plain = " ".join(refused.output.replace("│", " ").split())
    assert all(word in plain for word in words), refused.output
    assert clock.all() == before, "the deployed version goes on as it was"
