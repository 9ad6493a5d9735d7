# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""How many may come in: by rate, by number, by address; and what becomes of those who are too many."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import web_busy
from serai_conformance.web import WAIT, ask, reason

HOUR = 3600


@pytest.fixture(scope="module", autouse=True)
def app():
    with web_busy.app.run():
        yield


@pytest.fixture(scope="module")
def busy(web):
    with web.to(web_busy.busy.get_web_url()) as client:
        assert client.get("/here").status_code == 200
        yield client


@pytest.mark.parametrize("whose", ["rate", "caller_rate"])
def test_given_a_rate_when_more_come_then_they_are_told_when_to_come_back(busy, rules, whose):
    rules.put(web_busy.busy, **{whose: {"requests": 5, "per_s": HOUR}})
    answers = [busy.get("/here") for _ in range(8)]
    assert [a.status_code for a in answers] == [200] * 5 + [429] * 3
    assert [int(a.headers["ratelimit-remaining"]) for a in answers] == [4, 3, 2, 1, 0, 0, 0, 0]
    assert {a.headers["ratelimit-limit"] for a in answers} == {"5"}
    assert {a.headers["ratelimit-policy"] for a in answers} == {f"5;w={HOUR}"}
    for refused in answers[5:]:
        assert reason(refused) == "too-many-requests"
        assert 1 <= int(refused.headers["retry-after"]) <= HOUR / 5
        assert int(refused.headers["ratelimit-reset"]) > 0


def test_given_a_rate_when_many_come_at_once_then_as_many_are_let_in_as_may(web, busy, rules):
    rules.put(web_busy.busy, rate={"requests": 7, "per_s": HOUR})
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda i: ask(web, web_busy.busy, "/here").status_code, range(48)))
    assert Counter(answers) == {200: 7, 429: 41}


def test_given_no_rate_when_asked_then_nothing_is_said_of_one(busy):
    assert not [name for name in busy.get("/here").headers if name.startswith("ratelimit")]


@pytest.mark.parametrize("whose", ["concurrency", "caller_concurrency"])
def test_given_as_many_at_a_time_as_may_when_another_comes_then_429(web, busy, rules, whose):
    rules.put(web_busy.busy, **{whose: 3})
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda i: ask(web, web_busy.busy, "/wait/3"), range(12)))
    counts = Counter(a.status_code for a in answers)
    assert counts.keys() == {200, 429}
    assert counts[200] >= 3
    assert all(a.headers["retry-after"] == "1" for a in answers if a.status_code == 429)
    assert busy.get("/here").status_code == 200, "those that are over are not counted"


def test_given_addresses_that_may_when_others_ask_then_403(busy, rules):
    rules.put(web_busy.busy, allowed=["192.0.2.0/24", "2001:db8::/32"])
    refused = busy.get("/here", headers={"x-forwarded-for": "192.0.2.1"})
    assert (refused.status_code, reason(refused)) == (403, "address-refused")
    rules.put(web_busy.busy, allowed=["192.0.2.0/24", "127.0.0.0/8", "::1"])
    assert busy.get("/here").status_code == 200


BAD = {
    "rate.requests": {"rate": {"requests": 0, "per_s": 1}},
    "rate.per_s": {"rate": {"requests": 1}},
    "caller_rate.per_s": {"caller_rate": {"requests": 1, "per_s": 100_000}},
    "concurrency": {"concurrency": -1},
    "allowed": {"allowed": ["10.0.0.0/33"]},
    "max_wait_s": {"max_wait_s": "1"},
    "speed": {"speed": 1},
}


@pytest.mark.parametrize("field", BAD)
def test_given_rules_that_cannot_be_when_put_then_the_field_is_named_and_nothing_changes(rules, field):
    rules.put(web_busy.busy, concurrency=7)
    refused = rules.send(web_busy.busy, BAD[field])
    assert refused.status_code == 400
    assert refused.json()["detail"].startswith(f"{field}:")
    assert rules.get(web_busy.busy)["concurrency"] == 7


def test_given_another_workspaces_function_when_its_rules_are_put_then_it_is_unknown(rules):
    unknown = rules.client.put("/functions/fu-0123456789012345678901/web", json={})
    assert unknown.status_code == 404


def test_given_five_times_what_it_takes_when_sent_then_the_rest_is_refused_and_it_goes_on(web, busy, rules):
    """Capacity is 20 at a time: 100 ask again and again until each was let in once."""
    rules.put(web_busy.busy, concurrency=20)
    refusals = Counter()

    def persist(i: int) -> str:
        with web.to(web_busy.busy.get_web_url()) as client:
            for _ in range(10_000):
                answer = client.get("/wait/0.2")
                if answer.status_code == 200:
                    return answer.text
                refusals[answer.status_code, answer.headers.get("retry-after")] += 1
        raise AssertionError("it was never let in")

    with ThreadPoolExecutor(100) as pool:
        served = [f.result(WAIT) for f in [pool.submit(persist, i) for i in range(100)]]
    assert served == ["waited"] * 100
    assert refusals.keys() == {(429, "1")}, "whoever is refused is told so, and nothing else goes wrong"
