# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""`FunctionCall.cancel`: it reaches the code that runs, and code that does not listen is ended."""

import time

import ending
import modal
import pytest
from serai_conformance.poll import eventually

GRACE_S = 30  # serai.call.cancel-grace


@pytest.fixture(scope="module", autouse=True)
def app():
    with ending.app.run():
        yield


@pytest.fixture(scope="module", autouse=True)
def deaf(app):
    """Begun first and looked at last: it takes as long as the grace."""
    task = ending.swallows.remote(0)
    call = ending.swallows.spawn(600)
    is_running(call)
    call.cancel()
    return task


def is_running(call: modal.FunctionCall) -> None:
    eventually(lambda: any(i.task_id for i in call.get_call_graph()), 60, "a container works on it")


@pytest.mark.parametrize("function", [ending.sleeps, ending.sleeps_async], ids=["sync", "async"])
def test_given_a_call_that_runs_when_cancelled_then_its_container_is_free_at_once(function: modal.Function):
    task = function.remote(0)
    call = function.spawn(600)
    is_running(call)
    call.cancel()
    with pytest.raises(modal.exception.Error, match="cancelled"):
        call.get(timeout=30)
    begun = time.monotonic()
    assert function.remote(0) == task
    assert time.monotonic() - begun < GRACE_S


def test_given_a_call_that_waits_when_cancelled_then_it_never_runs():
    before = ending.sleeps.spawn(5)
    is_running(before)
    waiting = ending.sleeps.spawn(600)
    waiting.cancel()
    with pytest.raises(modal.exception.Error, match="cancelled"):
        waiting.get(timeout=30)
    assert before.get(timeout=60)
    assert ending.sleeps.remote(0)


def test_given_a_call_that_is_over_when_cancelled_then_its_result_stays():
    call = ending.sleeps.spawn(0)
    result = call.get(timeout=60)
    call.cancel()
    assert call.get(timeout=10) == result


def test_given_a_call_that_waits_for_another_when_cancelled_then_both_end_and_what_it_only_began_goes_on():
    task = ending.sleeps.remote(0)
    outer = ending.waits_for_another.spawn(600)
    calls = eventually(lambda: within(outer, "sleeps", "shared"), 60, "it has called both, and one of them runs")
    outer.cancel()
    for call in (outer, calls["sleeps"]):
        with pytest.raises(modal.exception.Error, match="cancelled"):
            call.get(timeout=30)
    assert ending.sleeps.remote(0) == task
    assert calls["shared"].get(timeout=60)


def within(call: modal.FunctionCall, running: str, begun: str) -> dict[str, modal.FunctionCall] | None:
    """The calls of these functions that the call made, once the first one has a container."""
    made = {i.function_name: i for outer in call.get_call_graph() for i in outer.children}
    if made.keys() != {running, begun} or not made[running].task_id:
        return None
    return {name: modal.FunctionCall.from_id(i.function_call_id) for name, i in made.items()}


def test_given_a_container_with_other_inputs_when_cancelled_with_it_then_the_others_run_elsewhere():
    task = ending.shared.remote(0)
    doomed = ending.shared.spawn(600)
    other = ending.shared.spawn(3)
    is_running(doomed)
    is_running(other)
    doomed.cancel(terminate_containers=True)
    with pytest.raises(modal.exception.Error, match="cancelled"):
        doomed.get(timeout=30)
    assert other.get(timeout=90) != task


def test_given_code_that_swallows_the_cancellation_when_its_grace_is_over_then_another_container_works(deaf: str):
    assert ending.swallows.remote(0) != deaf
