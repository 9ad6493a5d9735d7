# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""`.map`, `.starmap` and `.for_each`: many inputs, each with its own result."""

import asyncio

import mapping
import pytest
from serai_conformance.clients import returned
from serai_conformance.platform import Platform


@pytest.fixture(scope="module", autouse=True)
def app():
    with mapping.app.run():
        yield


def test_given_1000_inputs_when_mapped_then_all_results_come_in_order():
    assert list(mapping.square.map(range(1_000))) == [x * x for x in range(1_000)]


def test_given_many_inputs_when_mapped_in_any_order_then_each_result_comes_once(platform: Platform):
    many = 1_000 if platform.full else 200
    assert sorted(mapping.square.map(range(many), order_outputs=False)) == [x * x for x in range(many)]


def test_given_a_slow_first_input_when_order_does_not_matter_then_the_quick_ones_come_first():
    seconds = [2.0, 0.0, 0.01, 0.02, 0.03]
    mapping.nap.remote(0)
    assert list(mapping.nap.map(seconds, order_outputs=False))[-1] == 2.0
    assert list(mapping.nap.map(seconds)) == seconds


def test_given_no_inputs_when_mapped_then_there_are_no_results():
    assert list(mapping.square.map([])) == []


def test_given_several_iterables_when_mapped_then_they_are_zipped():
    assert list(mapping.power.map([2, 3, 4], [5, 2, 1])) == [32, 9, 4]


def test_given_shared_arguments_when_mapped_then_every_input_has_them():
    assert list(mapping.power.map([2, 3], [5, 2], kwargs={"plus": 1})) == [33, 10]


def test_given_tuples_when_starmapped_then_they_are_the_arguments():
    assert list(mapping.power.starmap([(2, 5), (3, 2), (4, 1)])) == [32, 9, 4]


def test_given_inputs_when_for_each_is_done_then_all_of_them_ran():
    assert mapping.square.for_each(range(5)) is None


def test_given_an_input_that_fails_when_mapped_then_its_exception_is_raised_in_its_place():
    seen = []
    with pytest.raises(ValueError, match="no 3") as raised:
        seen.extend(mapping.check.map(range(10)))
    assert raised.value.args == ("no 3", 3)
    assert seen == [0, 1, 2][: len(seen)]


def test_given_inputs_that_fail_when_for_each_ignores_them_then_it_ends_well():
    mapping.check.for_each(range(20), ignore_exceptions=True)
    with pytest.raises(ValueError, match="no "):
        mapping.check.for_each(range(20))


def test_given_inputs_that_fail_when_exceptions_are_returned_then_they_stand_in_their_places():
    results = returned(list(mapping.check.map(range(50), return_exceptions=True)))
    for x, result in enumerate(results):
        if x % 10 == 3:
            assert isinstance(result, ValueError) and result.args == (f"no {x}", x)
        else:
            assert result == x
    assert len(results) == 50


def test_given_a_generator_of_inputs_when_it_is_mapped_asynchronously_then_results_stream_back():
    async def inputs():
        for x in range(30):
            yield x
            await asyncio.sleep(0)

    async def consume():
        return [y async for y in mapping.square.map.aio(inputs())]

    assert asyncio.run(consume()) == [x * x for x in range(30)]


def test_given_more_inputs_than_may_be_under_way_when_mapped_then_the_client_draws_no_more_of_them():
    drawn = 0

    def inputs():
        nonlocal drawn
        for _ in range(5_000):
            drawn += 1
            yield 0.2

    for _ in mapping.nap.map(inputs(), order_outputs=False):
        break
    assert 1 <= drawn < 1_500


def test_given_very_many_inputs_when_mapped_then_each_result_comes_once(platform: Platform):
    many = 20_000 if platform.full else 2_000
    assert sum(mapping.square.map(iter(range(many)), order_outputs=False)) == sum(x * x for x in range(many))


def test_given_a_map_that_is_left_early_when_another_call_follows_then_it_is_answered():
    for result in mapping.square.map(range(200)):
        if result >= 25:
            break
    assert mapping.square.remote(11) == 121


def test_given_several_maps_at_once_when_they_share_a_function_then_their_results_do_not_mix():
    async def run(start: int):
        return [y async for y in mapping.square.map.aio(range(start, start + 60))]

    async def together():
        return await asyncio.gather(*(run(start) for start in (0, 1_000, 2_000)))

    for start, results in zip((0, 1_000, 2_000), asyncio.run(together()), strict=True):
        assert results == [x * x for x in range(start, start + 60)]


def test_given_inputs_that_sleep_when_mapped_then_several_containers_share_them_and_no_more_than_the_maximum():
    tasks = list(mapping.where.map([1.0] * 9))
    assert 2 <= len(set(tasks)) <= 3
