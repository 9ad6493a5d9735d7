# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Arguments and results of every size."""

import hashlib

import payloads
import pytest

MIB = 1 << 20


@pytest.fixture(scope="module", autouse=True)
def app():
    with payloads.app.run():
        yield


def test_given_an_argument_of_10_mib_when_called_then_every_byte_arrives():
    data = payloads.block(10 * MIB, 1)
    assert payloads.digest.remote(data) == hashlib.sha256(data).hexdigest()


def test_given_a_result_of_10_mib_when_called_then_every_byte_comes_back():
    assert payloads.make.remote(10 * MIB, 2) == payloads.block(10 * MIB, 2)


@pytest.mark.parametrize("size", [0, 1, 2 * MIB - 64, 2 * MIB, 2 * MIB + 64])
def test_given_a_payload_around_the_limit_of_a_message_when_echoed_then_it_is_the_same(size: int):
    data = payloads.block(size, 3)
    assert payloads.echo.remote(data) == data


def test_given_inputs_of_3_mib_when_mapped_then_each_result_belongs_to_its_input():
    inputs = [payloads.block(3 * MIB, seed) for seed in range(6)]
    assert list(payloads.echo.map(inputs)) == inputs


def test_given_an_argument_of_10_mib_when_spawned_then_every_byte_arrives():
    data = payloads.block(10 * MIB, 4)
    assert payloads.digest.spawn(data).get(timeout=60) == hashlib.sha256(data).hexdigest()


def test_given_a_payload_that_is_uploaded_in_parts_when_called_then_every_byte_arrives_and_comes_back():
    data = payloads.block(65 * MIB, 5)
    assert payloads.echo.remote(data) == data


def test_given_an_exception_of_10_mib_when_called_then_all_of_it_is_raised():
    with pytest.raises(ValueError, match=r"^b") as raised:
        payloads.fail_with.remote(10 * MIB, 6)
    assert raised.value.args == (payloads.block(10 * MIB, 6),)
