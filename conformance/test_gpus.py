# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""GPUs: each container has exactly its own, and whoever waits for one knows why."""

import ast
import secrets

import computing
import modal
import pytest
from serai_conformance.nomad import Nomad
from serai_conformance.platform import Platform, api
from serai_conformance.poll import eventually
from serai_conformance.terminal import start

H100, A100 = "NVIDIA H100 80GB HBM3", "NVIDIA A100-SXM4-40GB"
NO_H100 = "1 × H100: no free device matches on 1 of 1 nodes"


@pytest.fixture(scope="module")
def models(nomad: Nomad) -> dict[str, str]:
    """The model of each device of the one node, by id."""
    nodes = nomad.get("/v1/nodes", resources="true").json()
    groups = [group for node in nodes for group in node["NodeResources"]["Devices"] or []]
    found = {i["ID"]: group["Name"] for group in groups for i in group["Instances"]}
    if sorted(found.values()) != [A100, H100, H100]:
        pytest.skip(f"the node has {sorted(found.values())} where these tests need two H100 and one A100 (docs/gpus.md)")
    return found


@pytest.fixture
def running(nomad: Nomad, models: dict[str, str]):
    """The app, with nobody else on the devices."""
    eventually(lambda: not held(nomad), 40, "all devices are free")
    with computing.app.run():
        yield computing


def held(nomad: Nomad) -> dict[str, str]:
    """The device's holder, by device."""
    holders = {}
    for stub in nomad.get("/v1/allocations").json():
        if stub["ClientStatus"] in ("pending", "running"):
            response = nomad.get(f"/v1/allocation/{stub['ID']}")
            if response.status_code == 404:
                continue  # purged meanwhile
            allocation = response.json()
            tasks = ((allocation.get("AllocatedResources") or {}).get("Tasks") or {}).values()
            for device in (d for task in tasks for d in task["Devices"] or []):
                for one in device["DeviceIDs"]:
                    assert one not in holders, f"{one} has two holders"
                    holders[one] = stub["JobID"]
    return holders


def only(seen: dict) -> str:
    """The one device that was seen, by all that tell of it."""
    assert list(seen["nodes"].values()) == [seen["visible"]]
    return seen["visible"]


def test_given_a_gpu_when_called_then_the_container_has_exactly_that(running, nomad, models):
    call = running.one.spawn(3)
    holders = eventually(lambda: held(nomad), 20, "a device is held")
    assert [only(call.get())] == list(holders)
    assert [models[device] for device in holders] == [H100]


def test_given_no_gpu_when_called_then_there_is_none(running):
    assert running.none.remote() == {"nodes": {}, "visible": None}


def test_given_two_functions_when_called_together_then_they_do_not_share_one(running, models):
    calls = [running.one.spawn(3), running.another.spawn(3)]
    seen = [only(call.get()) for call in calls]
    assert len(set(seen)) == 2
    assert {models[device] for device in seen} == {H100}


def test_given_two_gpus_when_called_then_the_container_has_both(running, models):
    seen = running.both.remote()
    assert len(seen["nodes"]) == 2 and sorted(seen["nodes"].values()) == sorted(seen["visible"].split(","))
    assert {models[device] for device in seen["nodes"].values()} == {H100}


def test_given_any_gpu_when_called_then_it_has_one(running, models):
    assert only(running.whatever.remote()) in models


@pytest.mark.parametrize("name", ["ranked", "ranked_alone"])
def test_given_a_list_when_the_first_is_taken_then_the_second_serves_and_later_the_first_again(running, nomad, models, name):
    function = getattr(running, name)
    blocking = running.both.spawn(15)
    eventually(lambda: len(held(nomad)) == 2, 20, "both H100 are held")
    assert models[only(function.remote())] == A100
    blocking.get()
    eventually(lambda: not held(nomad), 40, "everything has gone to zero")
    assert models[only(function.remote())] == H100


def test_given_no_free_gpu_when_called_then_the_terminal_says_what_is_missing_until_it_is_there(running, nomad, models):
    blocking = running.both.spawn(20)
    eventually(lambda: len(held(nomad)) == 2, 20, "both H100 are held")
    program = start("run", "computing.py::ask_for_one")
    program.shows(f"Function 'one' waits for {NO_H100}", within=20)
    blocking.get()
    ended = program.end(timeout=60).ok()
    assert "it had GPU-" in ended.output
    assert ended.output.count("waits for") == 1


def reason_of(platform: Platform, function: modal.Function) -> str:
    return api(platform.api_token).get(f"/functions/{function.object_id}").raise_for_status().json()["pool"]["reason"]


def test_given_no_free_gpu_when_called_then_the_function_and_the_call_tell_the_reason(running, nomad, models, platform):
    blocking = running.both.spawn(20)
    eventually(lambda: len(held(nomad)) == 2, 20, "both H100 are held")
    call = running.one.spawn()
    reason = f"1 container waits for {NO_H100}"
    eventually(lambda: reason_of(platform, running.one) == reason, 10, "the reason")
    explained = api(platform.api_token).get(f"/calls/{call.object_id}/explanation").raise_for_status().json()
    assert explained["cause"] == "NO_PLACE"
    assert "1 × H100" in explained["sentence"]
    blocking.get()
    call.get()
    eventually(lambda: NO_H100 not in reason_of(platform, running.one), 10, "another reason")


@pytest.mark.timeout(900)  # if nobody has made the base system before
def test_given_a_build_with_a_gpu_when_none_is_free_then_it_says_what_it_waits_for_and_has_its_own_then(running, nomad, models):
    blocking = running.both.spawn(20)
    eventually(lambda: len(held(nomad)) == 2, 20, "both H100 are held")
    program = start("run", "computing_builds.py", BUILT_MARK=secrets.token_hex(4))
    program.shows(f"The build waits for {NO_H100}", within=30)
    blocking.get()
    told = program.end(timeout=800).ok().output
    seen = ast.literal_eval(told.split("seen: ")[1].splitlines()[0])
    assert seen["seen"] == seen["given"] and models[seen["seen"][0]] == H100
    assert seen["now"] == [], "the function itself has none"


def test_given_a_build_with_a_gpu_that_is_not_known_then_it_is_refused_with_what_is():
    ended = start("run", "computing_builds.py", BUILT_GPU="H1000").end(timeout=60)
    assert ended.code == 1
    assert "gpu 'H1000' is not known here. Known are: A10" in ended.output


@pytest.mark.parametrize(
    ("gpu", "why"),
    [
        ("H1000", "gpu 'H1000' is not known here. Known are: A10, A100, A100-40GB, A100-80GB, A10G, ANY"),
        (["H100", "nothing"], "gpu 'NOTHING' is not known here"),
        ("H100:9", "gpu 'H100': count 9, must be from 1 to 8"),
        ("H100:0", "gpu 'H100': count 0, must be from 1 to 8"),
        (":2", "gpu: the name is empty"),
    ],
)
def test_given_a_gpu_that_cannot_be_when_the_app_starts_then_it_is_refused_with_what_can(gpu, why):
    app = modal.App("cannot-be")
    app.function(gpu=gpu, serialized=True)(lambda: None)
    with pytest.raises(modal.exception.InvalidError) as refused, app.run():
        pytest.fail("it was accepted")
    assert why in str(refused.value)
