# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""From zero and back to zero, as the Nomad API shows it."""

import re

import pytest
import scaling
from serai_conformance.nomad import Nomad
from serai_conformance.poll import eventually
from serai_conformance.terminal import start

TO_ZERO_WITHIN = 20


@pytest.fixture
def app_id() -> str:
    with scaling.app.run():
        yield scaling.app.app_id


def job_of(nomad: Nomad, app_id: str, function: str) -> str:
    (job,) = nomad.jobs(app_id, function)
    return job["ID"]


def test_given_a_function_at_zero_when_it_is_called_then_an_allocation_runs_it_and_is_gone_after_the_window(
    app_id: str, nomad: Nomad
):
    assert all(nomad.is_at_zero(job["ID"]) for job in nomad.jobs(app_id, "hold"))

    call = scaling.hold.spawn(2.0)
    job = eventually(lambda: nomad.jobs(app_id, "hold"), 10, "a job for the function")[0]["ID"]
    running = eventually(lambda: nomad.running(job), 10, "a running allocation while there is work")
    assert len(running) == 1 and nomad.count(job) == 1
    assert call.get(timeout=30).startswith("ta-")

    eventually(lambda: nomad.is_at_zero(job), TO_ZERO_WITHIN, "no container once the window is over")
    assert scaling.hold.remote().startswith("ta-")  # and from zero again


def test_given_work_for_more_when_mapped_then_the_job_asks_for_the_maximum_and_never_for_more(app_id: str, nomad: Nomad):
    calls = [scaling.hold.spawn(1.5) for _ in range(8)]
    job = eventually(lambda: nomad.jobs(app_id, "hold"), 10, "a job for the function")[0]["ID"]
    seen = []

    def done() -> bool:
        seen.append((nomad.count(job), len(nomad.running(job))))
        return all(is_done(call) for call in calls)

    eventually(done, 60, "all results")
    assert max(count for count, _ in seen) == 3
    assert 2 <= max(running for _, running in seen) <= 3
    assert len({call.get() for call in calls}) <= 3
    eventually(lambda: nomad.is_at_zero(job), TO_ZERO_WITHIN, "no container once the window is over")


def is_done(call) -> bool:
    try:
        call.get(timeout=0)
        return True
    except TimeoutError:
        return False


def test_given_a_minimum_when_nobody_calls_then_one_container_stays(app_id: str, nomad: Nomad):
    job = eventually(lambda: nomad.jobs(app_id, "kept_warm"), 10, "a job for the function")[0]["ID"]
    first = eventually(lambda: nomad.running(job), 15, "a container without any call")
    assert len(first) == 1 and nomad.count(job) == 1

    # the other function's container, begun later with the same window, goes: this one had its chance to
    scaling.hold.remote()
    other = job_of(nomad, app_id, "hold")
    eventually(lambda: nomad.is_at_zero(other), TO_ZERO_WITHIN, "the other function at zero")
    assert [a["ID"] for a in nomad.running(job)] == [first[0]["ID"]]


def test_given_a_function_that_nobody_calls_when_its_app_runs_then_it_has_no_container(app_id: str, nomad: Nomad):
    scaling.hold.remote()
    assert all(nomad.is_at_zero(job["ID"]) for job in nomad.jobs(app_id, "untouched"))


def test_given_an_ephemeral_app_when_it_ends_then_the_cluster_is_rid_of_its_jobs(nomad: Nomad):
    with scaling.app.run():
        app_id = scaling.app.app_id
        scaling.hold.remote()
        assert nomad.jobs(app_id)
    eventually(lambda: not alive(nomad, app_id), 20, "no job of the ended app")


def alive(nomad: Nomad, app_id: str) -> list[dict]:
    """Jobs that have not been stopped, or of which an allocation is left."""
    return [job for job in nomad.jobs(app_id) if not job["Stop"] or not nomad.is_at_zero(job["ID"])]


def test_given_a_program_that_is_interrupted_when_its_function_sleeps_then_the_cluster_is_rid_of_it(nomad: Nomad):
    program = start("run", "scaling.py::hold_on")
    program.shows("Created objects", within=20)
    app_id = re.search(r"\bap-\w+", program.stdout.decode()).group()
    eventually(lambda: any(nomad.running(job["ID"]) for job in nomad.jobs(app_id, "hold")), 15, "the function runs")
    program.interrupt()
    program.end(timeout=30)
    eventually(lambda: not alive(nomad, app_id), 20, "no job of the interrupted app")
