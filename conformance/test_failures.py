# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Containers that die, hang or never start: callers hear why, within bounds, and the platform works on."""

import signal
import time

import crashing
import modal
import pytest

#: A container is replaced after five seconds at the earliest, and an input may lose eight of them.
CRASHES_END_WITHIN = 90


@pytest.fixture(scope="module", autouse=True)
def app():
    with crashing.app.run():
        yield


@pytest.fixture(scope="module", autouse=True)
def crash_loop(app):
    """Begun first and looked at last: it takes long, and the others can go on beside it."""
    return crashing.die.spawn(3), crashing.is_killed.spawn(signal.SIGSEGV), time.monotonic()


@pytest.fixture(scope="module", autouse=True)
def endless_start(app):
    """Begun beside it."""
    return crashing.starts_for_ever.spawn()


def test_given_a_function_that_fails_twice_when_it_may_be_retried_twice_then_its_result_comes():
    assert crashing.fails_at_first.remote("twice", 2) == "attempt 3"


def test_given_a_function_that_fails_too_often_when_retried_then_its_last_exception_is_raised():
    with pytest.raises(ConnectionError, match="attempt 3"):
        crashing.fails_at_first.remote("always", 99)


def test_given_retries_when_mapped_then_every_input_has_its_own():
    states = [f"mapped-{i}" for i in range(5)]
    assert list(crashing.fails_at_first.map(states, kwargs={"times": 1})) == ["attempt 2"] * 5


def test_given_a_function_that_sleeps_too_long_when_called_then_its_time_limit_is_the_reason():
    crashing.sleeps.remote(0)
    begun = time.monotonic()
    with pytest.raises(modal.exception.FunctionTimeoutError):
        crashing.sleeps.remote(60)
    assert 2 <= time.monotonic() - begun < 10


def test_given_a_time_out_when_the_next_call_comes_then_it_is_answered():
    assert crashing.sleeps.remote(0) == "awake"


def test_given_a_module_that_is_missing_when_a_function_is_called_then_the_import_error_reaches_the_caller():
    with crashing.broken.run():
        begun = time.monotonic()
        with pytest.raises(ModuleNotFoundError, match="module_that_is_not_there"):
            crashing.never_runs.remote()
        assert time.monotonic() - begun < 20


def test_given_a_crash_loop_when_another_function_is_called_then_it_is_answered():
    assert crashing.well.remote(1) == 2


def test_given_a_process_that_always_dies_when_its_end_is_awaited_then_the_exit_code_is_the_reason(crash_loop):
    call, _, begun = crash_loop
    with pytest.raises(modal.exception.Error, match="code 3"):
        call.get(timeout=CRASHES_END_WITHIN)
    assert time.monotonic() - begun < CRASHES_END_WITHIN


def test_given_a_process_that_a_signal_always_ends_when_its_end_is_awaited_then_the_signal_is_the_reason(crash_loop):
    _, call, _ = crash_loop
    with pytest.raises(modal.exception.Error, match="SIGSEGV"):
        call.get(timeout=CRASHES_END_WITHIN)


def test_given_containers_that_never_become_ready_when_their_time_is_over_each_time_then_the_caller_is_told(endless_start):
    with pytest.raises(modal.exception.Error, match="not ready within 3 s"):
        endless_start.get(timeout=CRASHES_END_WITHIN)
