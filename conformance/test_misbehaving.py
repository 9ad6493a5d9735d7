# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What docs/failures.md promises of functions that flood, devour, breed, or do not listen; and that the next call is well."""

import secrets
import time
from pathlib import Path

import misbehaving
import modal
import pytest
from serai_conformance.platform import Platform, api
from serai_conformance.poll import eventually
from serai_conformance.processes import started_with
from serai_conformance.terminal import modal as cli

#: Eight losses, five seconds between two starts.
LOSSES_END_WITHIN = 150
FLOOD_MB = 100
MOST_SHOWN_MB = 50


@pytest.fixture(scope="module", autouse=True)
def app():
    with misbehaving.app.run():
        yield


@pytest.fixture(scope="module", autouse=True)
def devoured(app):
    """Begun first and looked at last: it is lost eight times, and the others can go on beside it."""
    return misbehaving.devour.spawn(1000)


def has_group(controller: str) -> bool:
    """Whether a container of this machine can be limited in it: by a control group, which only root makes."""
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        return controller in (root / "cgroup.controllers").read_text().split()
    return (root / controller).is_dir()


def test_given_100_mb_of_output_when_it_is_printed_at_once_then_the_call_ends_well_and_what_is_missing_is_told():
    shown = cli("run", "misbehaving.py::flood", "--megabytes", str(FLOOD_MB), timeout=180).ok().stdout
    assert len(shown) < MOST_SHOWN_MB << 20
    missing = [line for line in shown.splitlines() if "bytes of output are missing here: more than 1 MiB a second" in line]
    assert missing, shown[-500:]
    told = sum(int(line.split()[0]) for line in missing)
    kept = shown.count("x" * 99 + "\n") * 100
    assert kept + told >= 0.99 * FLOOD_MB * 1_000_000, "what is neither shown nor told of"


def test_given_a_function_that_ignores_everything_when_its_time_is_over_then_it_is_ended_and_the_next_call_is_answered():
    begun = time.monotonic()
    with pytest.raises(modal.exception.FunctionTimeoutError, match="3s"):
        misbehaving.deaf.remote(600)
    assert time.monotonic() - begun < 100
    assert misbehaving.deaf.remote(0) == "heard nothing"


def test_given_a_function_that_forks_when_both_return_then_one_answer_is_the_result_and_the_next_call_is_answered():
    assert {misbehaving.forks.remote() for _ in range(3)} <= {"from the parent", "from the child"}


@pytest.mark.skipif(not has_group("cpu"), reason="this machine has no control group for processors")
def test_given_a_limit_of_a_quarter_core_when_two_processes_burn_then_they_have_no_more_together():
    assert 0.05 < misbehaving.burns.remote(3) < 0.4


def test_given_a_child_that_outlives_its_call_when_the_container_ends_then_it_is_gone():
    mark = secrets.token_hex(8)
    assert misbehaving.leaves_a_child.remote(mark) > 1
    eventually(lambda: not started_with(mark), 60, "no process with the mark of the call")


@pytest.mark.skipif(not has_group("pids"), reason="this machine has no control group for processes")
def test_given_a_function_that_breeds_when_it_has_4096_threads_then_it_gets_no_more_and_the_next_call_is_answered():
    threads, why = misbehaving.breeds.remote(6000)
    assert (why, 4000 < threads < 4096) == ("BlockingIOError", True), threads
    assert misbehaving.breeds.remote(1) == (1, "")


@pytest.mark.skipif(not has_group("memory"), reason="this machine has no control group for memory")
def test_given_a_child_that_devours_the_memory_when_it_is_killed_then_the_function_goes_on_and_the_log_says_why(
    platform: Platform,
):
    assert misbehaving.devour_in_a_child.remote(20) == 0
    assert misbehaving.devour_in_a_child.remote(1000) == -9
    client, logs = api(platform.api_token), f"/functions/{misbehaving.devour_in_a_child.object_id}/logs"
    eventually(lambda: "were killed: out of memory" in client.get(logs).text, 60, "the container's last words", every=0.5)


@pytest.mark.skipif(not has_group("memory"), reason="this machine has no control group for memory")
def test_given_a_function_that_the_kernel_kills_when_it_was_lost_eight_times_then_its_caller_hears_of_the_memory(
    devoured: modal.FunctionCall, platform: Platform
):
    with pytest.raises(modal.exception.InternalFailure, match=r"lost 8 times.*out of memory.*192 MiB"):
        devoured.get(timeout=LOSSES_END_WITHIN)
    shown = api(platform.api_token).get(f"/calls/{devoured.object_id}").json()
    assert (shown["state"], shown["error"]["kind"], shown["losses"]) == ("FAILED", "PLATFORM", 8)
    assert misbehaving.devour.remote(20) == 20 << 20
