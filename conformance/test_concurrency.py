# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""How many inputs a container works on at once."""

import batching
import overlapping
import pytest


@pytest.fixture(scope="module", autouse=True)
def app():
    with overlapping.app.run(), batching.app.run():
        yield


def most_at_once(spans: list[tuple[str, float, float]]) -> int:
    return max(sum(1 for _, begun, ended in spans if begun <= at < ended) for _, at, _ in spans)


def test_given_five_inputs_at_once_when_mapped_then_one_container_overlaps_five_and_no_more():
    spans = list(overlapping.five_at_once.map([0.5] * 15))
    assert len({task for task, _, _ in spans}) == 1
    assert most_at_once(spans) == 5


def test_given_an_async_function_when_mapped_then_its_coroutines_overlap():
    spans = list(overlapping.twenty_at_once.map([1.0] * 20))
    assert len({task for task, _, _ in spans}) == 1
    assert 10 <= most_at_once(spans) <= 20


def test_given_no_concurrency_when_mapped_then_one_input_follows_another():
    spans = list(overlapping.one_at_a_time.map([0.1] * 8))
    assert most_at_once(spans) == 1


def test_given_a_target_below_the_maximum_when_more_waits_than_containers_can_come_then_one_takes_more_than_its_target():
    spans = list(batching.bursting.map([1.0] * 24))
    assert len({task for task, _, _ in spans}) == 1
    assert 2 < most_at_once(spans) <= 6
