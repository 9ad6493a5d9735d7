# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Variants: `with_options`, `with_concurrency`, `with_batching` of classes and functions."""

import classy
import modal
import pytest


@pytest.fixture(scope="module", autouse=True)
def app():
    with classy.app.run() as running:
        yield running


def test_given_other_options_when_called_then_a_pool_of_its_own_answers():
    base = classy.Plain().where.remote()
    other = classy.Plain.with_options(memory=300)().where.remote()
    assert base != other
    assert classy.Plain.with_options(memory=300)().where.remote() == other
    assert classy.Plain().where.remote() == base


def test_given_a_function_with_other_options_when_called_then_a_pool_of_its_own_answers():
    assert classy.pid.with_options(cpu=0.2).remote() != classy.pid.remote()


def test_given_a_shorter_timeout_when_a_method_takes_longer_then_it_is_ended():
    with pytest.raises(modal.exception.FunctionTimeoutError):
        classy.Plain.with_options(timeout=1)().nap.remote(30)


def test_given_retries_when_a_method_fails_twice_then_the_third_attempt_answers():
    retries = modal.Retries(max_retries=3, initial_delay=0.0, backoff_coefficient=1.0)
    patient = classy.Plain.with_options(retries=retries, max_containers=1)
    assert patient().flaky.remote() == 3


def test_given_more_concurrency_when_mapped_then_a_container_overlaps_inputs():
    many = classy.Plain.with_options(max_containers=1).with_concurrency(max_inputs=4)
    spans = list(many().overlap.map([0.5] * 8))
    assert len({task for task, _, _ in spans}) == 1
    assert max(sum(1 for _, b, e in spans if b <= at < e) for _, at, _ in spans) == 4


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"region": "us-east"}, "region"),
        ({"memory": (512, 256)}, "memory"),
        ({"gpu": "NoSuchGpu"}, "NoSuchGpu"),
        ({"volumes": {"/data": modal.Volume.from_name("v-options", create_if_missing=True)}}, "volume"),
    ],
    ids=["region", "memory", "gpu", "volume"],
)
def test_given_options_that_are_not_there_when_asked_for_then_they_are_refused_by_name(options: dict, name: str):
    with pytest.raises(modal.exception.Error) as refused:
        classy.Plain.with_options(**options)().where.remote()
    assert name.lower() in str(refused.value).lower()
