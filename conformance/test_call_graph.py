# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Which call led to which, and how many inputs one has."""

import ending
import modal
import pytest


@pytest.fixture(scope="module", autouse=True)
def app():
    with ending.app.run():
        yield


def test_given_calls_inside_of_calls_when_the_graph_is_asked_for_then_it_is_whole_from_wherever_one_looks():
    call = ending.root.spawn()
    assert call.get(timeout=90) == 4
    (root,) = call.get_call_graph()
    (branch,) = root.children
    assert (root.function_name, branch.function_name, root.module_name) == ("root", "branch", "ending")
    assert [leaf.function_name for leaf in branch.children] == ["leaf"] * 4
    statuses = sorted(leaf.status.name for leaf in branch.children)
    assert statuses == ["FAILURE", "SUCCESS", "SUCCESS", "SUCCESS"]
    inner = modal.FunctionCall.from_id(branch.function_call_id)
    assert inner.get_call_graph() == [root]


def test_given_a_map_when_its_call_is_looked_up_then_it_knows_how_many_inputs_it_has():
    many = ending.leaf.experimental_spawn_map(range(3))
    assert modal.FunctionCall.from_id(many.object_id).num_inputs() == 3
    assert ending.leaf.spawn(1).num_inputs() == 1


def test_given_a_call_that_nobody_has_when_its_graph_is_asked_for_then_it_is_not_found():
    with pytest.raises(modal.exception.NotFoundError, match="fc-nobody"):
        modal.FunctionCall.from_id("fc-nobody").get_call_graph()
