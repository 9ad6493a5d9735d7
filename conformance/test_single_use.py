# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Containers that work on one input and end."""

import pytest
import single_use


@pytest.fixture(scope="module", autouse=True)
def app():
    with single_use.app.run():
        yield


def test_given_single_use_containers_when_called_often_then_no_two_inputs_share_one():
    results = list(single_use.once.map(range(4)))
    assert [x for x, _ in results] == [0, 1, 2, 3]
    assert len({task for _, task in results}) == 4
