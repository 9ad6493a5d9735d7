# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""`modal deploy`: an app that stays, is found by name, is replaced and is stopped."""

import modal
import pytest
from serai_conformance.nomad import Nomad
from serai_conformance.poll import eventually
from serai_conformance.terminal import Ended, python
from serai_conformance.terminal import modal as cli


def deploy(name: str, version: str = "1") -> Ended:
    return cli("deploy", "deployed.py", APP_NAME=name, APP_VERSION=version)


def ask(name: str, function: str, *arguments: str) -> str:
    """Asked by a process of its own, so that no client remembers an id."""
    return python("ask.py", name, function, *arguments).ok().stdout.strip()


def test_given_a_deployed_app_when_a_fresh_process_looks_it_up_then_its_functions_can_be_called(app_name: str):
    assert "App deployed" in deploy(app_name).ok().stdout
    assert ask(app_name, "triple", "14") == "42"
    assert ask(app_name, "version") == "1"


def test_given_a_redeployed_app_when_called_then_the_new_version_answers_under_the_same_id(app_name: str):
    deploy(app_name, "1").ok()
    version = modal.Function.from_name(app_name, "version")
    version.hydrate()
    before = version.object_id
    assert version.remote() == "1"

    deploy(app_name, "2").ok()

    assert version.remote() == "2"  # also for those who looked it up before
    again = modal.Function.from_name(app_name, "version")
    again.hydrate()
    assert again.object_id == before


def test_given_a_deployment_that_fails_here_when_called_then_the_old_version_answers(app_name: str):
    deploy(app_name, "1").ok()
    assert deploy(app_name, "broken").code != 0
    assert ask(app_name, "version") == "1"


def test_given_a_deployment_that_is_refused_when_called_then_the_old_version_answers(app_name: str):
    deploy(app_name, "1").ok()
    refused = deploy(app_name, "refused")
    assert refused.code != 0 and "region" in refused.output
    assert ask(app_name, "version") == "1"
    assert ask(app_name, "triple", "2") == "6"


def test_given_a_version_without_a_function_when_it_is_looked_up_then_it_is_not_found(app_name: str):
    deploy(app_name, "1").ok()
    deploy(app_name, "smaller").ok()
    assert ask(app_name, "version") == "smaller"
    with pytest.raises(modal.exception.NotFoundError, match="triple"):
        modal.Function.from_name(app_name, "triple").hydrate()


def test_given_an_app_that_nobody_deployed_when_looked_up_then_it_is_not_found_by_name():
    with pytest.raises(modal.exception.NotFoundError, match="nobody-deployed-this"):
        modal.Function.from_name("nobody-deployed-this", "f").hydrate()


def test_given_a_stopped_app_when_looked_up_then_it_is_not_found_and_the_cluster_is_rid_of_it(app_name: str, nomad: Nomad):
    deploy(app_name).ok()
    triple = modal.Function.from_name(app_name, "triple")
    assert triple.remote(1) == 3
    jobs = [job["ID"] for job in nomad.jobs(app_name)]
    assert jobs

    cli("app", "stop", "--yes", app_name).ok()

    with pytest.raises(modal.exception.NotFoundError, match=app_name):
        modal.Function.from_name(app_name, "triple").hydrate()
    with pytest.raises(modal.exception.Error, match="stopped"):
        triple.remote(1)
    eventually(lambda: all(nomad.is_at_zero(job) for job in jobs), 15, "the stopped app's containers are gone")


def test_given_a_stopped_app_when_it_is_deployed_again_then_it_answers(app_name: str):
    deploy(app_name, "1").ok()
    cli("app", "stop", "--yes", app_name).ok()
    deploy(app_name, "2").ok()
    assert ask(app_name, "version") == "2"


def test_given_a_deployed_app_when_its_deployer_is_gone_then_calls_survive_their_callers(app_name: str):
    deploy(app_name).ok()
    code = f"import modal; print(modal.Function.from_name('{app_name}', 'triple').spawn(5).object_id)"
    call = python("-c", code).ok().stdout.strip()
    assert modal.FunctionCall.from_id(call).get(timeout=30) == 15
