# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What this version does not have is refused by name: never ignored, never half done."""

import modal
import pytest
import wanting
from serai_conformance.nomad import Nomad
from serai_conformance.terminal import modal as cli

#: App of programs/wanting.py, and what the refusal has to name.
REFUSED = {
    "registry": "ubuntu:24.04",
    "ecr": "serai.image.bases=0.dkr.ecr.us-east-1.amazonaws.com/ours:1=",
    "gcp": "serai.image.bases=us-docker.pkg.dev/p/ours:1=",
    "scratch": "FROM scratch",
    "volume": "volume",
    "region": "region",
    "cloud": "cloud: leave it out",
    "routing": "routing_region: leave it out",
    "kept": "nonpreemptible: leave it out",
    "among_themselves": "i6pn: leave it out",
    "experimental": "experimental_options: leave out 'vm_runtime'",
    "build": "cloud: leave it out",
    "server": "h2_enabled: leave it out",
}


@pytest.mark.parametrize(("feature", "name"), REFUSED.items(), ids=REFUSED.keys())
def test_given_a_feature_that_is_not_there_when_it_is_asked_for_then_it_is_refused_by_name(feature: str, name: str):
    app = getattr(wanting, feature)
    with pytest.raises((modal.exception.ConflictError, modal.exception.UnimplementedError)) as refused, app.run():
        pytest.fail("it was accepted")
    assert name.lower() in str(refused.value).lower()


def test_given_a_refused_deployment_when_it_is_looked_up_then_nothing_of_it_is_there(app_name: str, nomad: Nomad):
    ended = cli("deploy", "--name", app_name, "wanting.py::region")
    assert ended.code == 1
    assert "region" in ended.output and "Traceback" not in ended.output
    with pytest.raises(modal.exception.NotFoundError):
        modal.Function.from_name(app_name, "with_region").hydrate()
    assert nomad.jobs(app_name) == []


def test_given_options_that_are_not_there_when_a_variant_is_called_then_they_are_refused_by_name():
    with wanting.snapshot.run(), pytest.raises(modal.exception.ConflictError, match="cloud: leave it out"):
        wanting.Remembered.with_options(cloud="oci")().said.remote()


def test_given_snapshots_of_memory_when_asked_for_then_the_client_is_told_that_all_runs_without(app_name: str):
    ended = cli("deploy", "--name", app_name, "wanting.py::snapshot").ok()
    assert "enable_memory_snapshot changes nothing" in ended.output
    assert modal.Cls.from_name(app_name, "Remembered")().said.remote() == ["before the snapshot", "after it"]


def test_given_an_rpc_that_is_not_there_when_a_client_needs_it_then_it_is_refused_by_name():
    with pytest.raises(modal.exception.UnimplementedError, match=r"Queue\w+ is not available"):
        modal.Queue.from_name("a-queue", create_if_missing=True).hydrate()


def test_given_a_command_that_is_not_there_when_it_is_typed_then_it_is_refused_by_name():
    ended = cli("volume", "list")
    assert ended.code == 1
    assert "VolumeList is not available" in ended.output
