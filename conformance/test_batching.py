# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""`@modal.batched`: a container is given what waits, up to its batch size, within its patience."""

import batching
import pytest
from serai_conformance.clients import returned


@pytest.fixture(scope="module", autouse=True)
def app():
    with batching.app.run():
        yield


def test_given_many_inputs_when_mapped_then_they_come_in_batches_and_each_has_its_own_result():
    results = list(batching.sizes.map(range(20)))
    assert [x for x, _ in results] == list(range(20))
    assert max(size for _, size in results) == 4


def test_given_one_input_when_nothing_else_comes_then_it_is_not_kept_waiting():
    batching.sizes.remote(0)
    assert batching.sizes.remote(7) == (7, 1)


def test_given_an_async_function_of_two_arguments_when_mapped_then_both_are_lists():
    assert list(batching.doubled.map(range(7), range(7))) == [2 * x for x in range(7)]


def test_given_a_batch_that_fails_when_mapped_then_every_input_of_it_has_the_exception():
    results = returned(list(batching.fails.map(range(6), return_exceptions=True)))
    assert len(results) == 6
    assert all(isinstance(result, ValueError) and "batch of" in str(result) for result in results)


def test_given_a_batched_method_when_mapped_then_the_instance_has_its_parameters():
    assert list(batching.Model().times.map(range(6))) == [10 * x for x in range(6)]
    assert list(batching.Model(factor=3).times.map(range(6))) == [3 * x for x in range(6)]


def test_given_another_batch_size_when_mapped_then_batches_have_it():
    smaller = batching.sizes.with_batching(max_batch_size=2, wait_ms=300)
    assert max(size for _, size in smaller.map(range(8))) == 2
