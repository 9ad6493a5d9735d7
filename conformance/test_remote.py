# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""`.remote`, `.remote.aio` and `.local`: one call, one result."""

import asyncio
import datetime
import os

import calling
import pytest
from serai_conformance.terminal import modal


@pytest.fixture(scope="module", autouse=True)
def app():
    with calling.app.run():
        yield


def test_given_arguments_when_called_then_the_result_comes_back():
    assert calling.divide.remote(7, 4) == 1.75


def test_given_a_default_when_it_is_left_out_then_the_function_uses_it():
    assert calling.divide.remote(7) == 3.5


def test_given_named_arguments_when_called_then_they_arrive_under_their_names():
    positional, named = calling.arguments.remote(1, "two", x=[3, None], y={"four": 4.0})
    assert positional == (1, "two")
    assert named == {"x": [3, None], "y": {"four": 4.0}}


def test_given_rich_values_when_they_travel_then_type_and_content_are_the_same():
    values = (
        b"\x00\xff",
        {1, 2},
        datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc),
        10**40,
        "ß\u2028\U0001f680",
    )
    assert calling.arguments.remote(*values) == (values, {})


def test_given_a_function_without_a_result_when_called_then_none_comes_back():
    assert calling.nothing.remote() is None


def test_given_a_call_when_it_runs_then_it_is_another_process_than_ours():
    _, task = calling.process.remote()
    assert task.startswith("ta-")
    assert "MODAL_TASK_ID" not in os.environ


def test_given_two_calls_in_a_row_when_both_are_done_then_one_warm_container_did_both():
    assert calling.process.remote() == calling.process.remote()


def test_given_an_event_loop_when_calls_are_awaited_together_then_each_has_its_own_result():
    async def together():
        return await asyncio.gather(*(calling.divide.remote.aio(n, 1) for n in range(10)))

    assert asyncio.run(together()) == list(range(10))


def test_given_an_async_function_when_called_then_its_coroutine_is_awaited_over_there():
    assert calling.later.remote("now") == "NOW"


def test_given_a_function_when_called_locally_then_it_runs_here():
    assert calling.divide.local(9, 3) == 3
    with pytest.raises(KeyError, match="MODAL_TASK_ID"):
        calling.process.local()


def test_given_an_entrypoint_with_options_when_run_then_they_are_parsed_and_used():
    ended = modal("run", "calling.py", "--dividend", "9", "--divisor", "4").ok()
    assert "quotient: 2.25" in ended.stdout


def test_given_a_single_function_when_it_is_run_by_name_then_its_result_is_computed():
    modal("run", "calling.py::divide", "--dividend", "9").ok()


def test_given_a_wrong_number_of_arguments_when_called_then_the_type_error_is_the_functions_own():
    with pytest.raises(TypeError, match="divisor_typo"):
        calling.divide.remote(1, divisor_typo=2)
