# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Autoscaler settings that are changed while a function runs, and what a client sees of it."""

import modal
import pytest
from serai_conformance.nomad import Nomad
from serai_conformance.platform import Platform, api
from serai_conformance.poll import eventually
from serai_conformance.terminal import modal as command

ZERO_WITHIN = 30


def adjusting(app_name: str) -> modal.Function:
    command("deploy", "--name", app_name, "adjusting.py").ok()
    return modal.Function.from_name(app_name, "hold")


def test_given_a_minimum_when_it_is_set_later_then_containers_stay_until_the_next_deployment(app_name: str, nomad: Nomad):
    hold = adjusting(app_name)
    hold.hydrate()
    assert nomad.jobs(app_name) == []  # the cluster hears of it when it needs a container

    hold.update_autoscaler(min_containers=2, max_containers=3)

    eventually(
        lambda: [len(nomad.running(job["ID"])) for job in nomad.jobs(app_name)] == [2],
        30,
        "the new minimum, above the deployed maximum",
    )
    eventually(lambda: hold.get_current_stats().num_total_runners == 2, 30, "the client sees them")

    adjusting(app_name)
    eventually(lambda: all(nomad.is_at_zero(j["ID"]) for j in nomad.jobs(app_name)), ZERO_WITHIN, "none is left of the minimum")


def test_given_waiting_inputs_when_asked_then_the_statistics_count_them_and_each_size_has_its_reason(
    app_name: str, platform: Platform
):
    hold = adjusting(app_name)
    calls = [hold.spawn(20) for _ in range(3)]

    def busy() -> bool:
        stats = hold.get_current_stats()
        return (stats.backlog, stats.num_running_inputs, stats.num_total_runners) == (2, 1, 1)

    eventually(busy, 30, "one runs, as max_containers is 1, and two wait")
    events = api(platform.api_token).get(f"/functions/{hold.object_id}/events").raise_for_status().json()["items"]
    first = events[-1]
    assert first["kind"] == "SCALED"
    assert first["reason"].startswith("from 0 to 1 containers: ")
    assert "at most 1 containers" in first["reason"]
    for call in calls:
        call.cancel()


def test_given_nonsense_when_adjusted_then_it_is_refused_and_nothing_changes(app_name: str, nomad: Nomad):
    hold = adjusting(app_name)
    with pytest.raises(modal.exception.InvalidError, match="min_containers is 5, max_containers 1"):
        hold.update_autoscaler(min_containers=5)
    assert nomad.jobs(app_name) == []
