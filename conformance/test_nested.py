# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Calls from inside a container."""

import modal
import nesting
import pytest
from serai_conformance.terminal import modal as cli


@pytest.fixture(scope="module", autouse=True)
def app():
    with nesting.app.run():
        yield


def test_given_a_function_when_it_calls_another_of_its_app_then_it_has_the_results():
    assert nesting.total.remote([1, 2, 3, 4]) == 10


def test_given_a_function_when_it_maps_another_then_it_has_the_results_in_order():
    assert nesting.pairs.remote(list(range(20))) == [2 * n for n in range(20)]


def test_given_a_function_when_it_awaits_many_calls_then_it_has_all_results():
    assert nesting.together.remote(20) == list(range(1, 21))


def test_given_a_function_when_it_calls_itself_then_further_containers_do_the_rest():
    assert nesting.factorial.remote(6) == 720


def test_given_a_function_when_it_spawns_a_call_then_others_can_fetch_its_result():
    assert modal.FunctionCall.from_id(nesting.later.remote(40, 2)).get(timeout=30) == 42


def test_given_a_function_when_its_inner_call_fails_then_the_exception_passes_through():
    with pytest.raises(TypeError):
        nesting.fail_inside.remote()


def test_given_another_deployed_app_when_a_function_looks_it_up_then_it_can_call_it(app_name: str):
    cli("deploy", "deployed.py", APP_NAME=app_name, APP_VERSION="1").ok()
    assert nesting.ask.remote(app_name, "triple", 14) == 42
