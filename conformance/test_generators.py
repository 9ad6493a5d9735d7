# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Generators: values arrive while the function runs."""

import asyncio
import time

import generating
import pytest


@pytest.fixture(scope="module", autouse=True)
def app():
    with generating.app.run():
        yield


def test_given_a_generator_when_consumed_then_all_values_come_in_order():
    assert list(generating.count.remote_gen(300)) == list(range(300))


def test_given_a_generator_without_values_when_consumed_then_it_ends():
    assert list(generating.count.remote_gen(0)) == []


def test_given_an_async_generator_when_consumed_then_all_values_come_in_order():
    assert list(generating.count_async.remote_gen(50)) == list(range(50))


def test_given_a_generator_when_consumed_asynchronously_then_all_values_come_in_order():
    async def consume():
        return [value async for value in generating.count.remote_gen.aio(20)]

    assert asyncio.run(consume()) == list(range(20))


def test_given_values_of_2_mib_when_consumed_then_every_byte_arrives():
    size = (2 << 20) + 17
    assert list(generating.blocks.remote_gen(4, size)) == [bytes([i]) * size for i in range(4)]


def test_given_a_slow_generator_when_consumed_then_values_come_while_it_runs():
    arrivals = [time.monotonic() for _ in generating.slowly.remote_gen(3, 1.0)]
    assert len(arrivals) == 3
    assert arrivals[2] - arrivals[0] > 1.5  # two pauses lay between the first value and the last


def test_given_an_exception_in_the_middle_when_consumed_then_the_values_before_it_come_first():
    seen = []
    with pytest.raises(ValueError, match="no more") as raised:
        seen.extend(generating.breaks_after.remote_gen(5))
    assert seen == [0, 1, 2, 3, 4]
    assert raised.value.args == ("no more", 5)


def test_given_a_generator_that_is_left_early_when_another_follows_then_it_is_complete():
    for value in generating.count.remote_gen(1_000):
        if value == 3:
            break
    assert list(generating.count.remote_gen(5)) == [0, 1, 2, 3, 4]
