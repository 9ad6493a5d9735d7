# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""`.spawn` and `FunctionCall`: calls that are looked at later."""

import time

import modal
import pytest
import spawning
from serai_conformance.poll import eventually


@pytest.fixture(scope="module", autouse=True)
def app():
    with spawning.app.run():
        yield


def test_given_a_spawned_call_when_it_is_asked_for_then_its_result_comes():
    assert spawning.add.spawn(2, 3).get() == 5


def test_given_a_result_when_it_is_asked_for_again_then_it_is_still_there():
    call = spawning.add.spawn(2, 4)
    assert [call.get(), call.get(), call.get(timeout=0)] == [6, 6, 6]


def test_given_a_slow_call_when_patience_ends_then_a_timeout_is_raised_and_the_call_goes_on():
    call = spawning.after.spawn(2.5, "done")
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        call.get(timeout=0.5)
    assert time.monotonic() - begun < 2
    assert call.get(timeout=30) == "done"


def test_given_a_call_that_is_not_done_when_polled_with_zero_then_it_answers_at_once():
    spawning.after.remote(0, None)
    call = spawning.after.spawn(2, "late")
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        call.get(timeout=0)
    assert time.monotonic() - begun < 1
    assert call.get(timeout=30) == "late"


def test_given_the_id_of_a_call_when_it_is_looked_up_then_its_result_comes():
    call = spawning.add.spawn(20, 22)
    assert call.object_id.startswith("fc-")
    assert modal.FunctionCall.from_id(call.object_id).get(timeout=30) == 42


def test_given_a_spawned_call_that_fails_when_it_is_asked_for_then_the_exception_is_raised_each_time():
    call = spawning.fail.spawn()
    for _ in range(2):
        with pytest.raises(LookupError, match="not here"):
            call.get(timeout=30)


def test_given_many_spawned_calls_when_gathered_then_each_has_its_own_result():
    calls = [spawning.add.spawn(n, n) for n in range(20)]
    assert modal.FunctionCall.gather(*calls) == [2 * n for n in range(20)]


def test_given_many_inputs_when_spawned_as_a_map_then_each_runs_and_nobody_waits():
    marks = spawning.Marks()
    before = marks.seen.remote()
    assert marks.mark.spawn_map(range(30)) is None
    eventually(lambda: marks.seen.remote() == before + 30, 60, "all of them ran", every=0.5)


def test_given_many_inputs_when_spawned_as_one_call_then_its_results_are_read_in_order_and_by_index():
    call = spawning.add.experimental_spawn_map(range(60), range(60))
    assert call.num_inputs() == 60
    assert list(call.iter()) == [2 * n for n in range(60)]
    assert list(call.iter(start=50, end=53)) == [100, 102, 104]
    assert call.get(index=7) == 14


@pytest.mark.parametrize("kib", [7, 9, 100])
def test_given_an_argument_around_the_limit_for_async_calls_when_spawned_then_it_arrives(kib: int):
    assert spawning.size.spawn(b"x" * (kib << 10)).get(timeout=30) == kib << 10


def test_given_an_id_that_nobody_has_when_looked_up_then_it_is_not_found():
    with pytest.raises(modal.exception.NotFoundError, match="fc-nobodyhasthis"):
        modal.FunctionCall.from_id("fc-nobodyhasthis").get(timeout=1)
