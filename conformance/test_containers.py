# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""`modal container …`: what runs, what it wrote, and its end."""

import modal
import pytest
from serai_conformance.poll import eventually
from serai_conformance.terminal import modal as cli


def containers(app: str) -> list[str]:
    rows = cli("container", "list", "--json").ok().rows()
    return [row["container_id"] for row in rows if row["app_name"] == app]


@pytest.fixture
def work(app_name: str) -> modal.Function:
    cli("deploy", "managed.py", APP_NAME=app_name).ok()
    return modal.Function.from_name(app_name, "work")


def test_given_a_container_when_listed_then_it_is_there_until_it_is_stopped(work: modal.Function, app_name: str):
    container = work.remote()[1]
    assert containers(app_name) == [container]
    cli("container", "stop", container, "--yes").ok()
    eventually(lambda: container not in containers(app_name), 40, "the container has ended")
    assert work.remote()[1] != container


def test_given_a_container_that_works_when_it_is_stopped_then_its_input_is_answered_by_another_one(
    work: modal.Function, app_name: str
):
    call = work.spawn(5.0)
    container = eventually(lambda: containers(app_name), 60, "it is there")[0]
    cli("container", "stop", container, "--yes").ok()
    assert call.get(timeout=90)[1] != container


def test_given_a_container_that_works_when_it_is_stopped_gracefully_then_it_finishes_first(work: modal.Function, app_name: str):
    container = work.remote()[1]
    call = work.spawn(8.0, "begun")
    eventually(lambda: "begun" in cli("container", "logs", container).ok().stdout, 60, "the call has begun")
    cli("container", "stop", container, "--yes", "--graceful").ok()
    assert call.get(timeout=60)[1] == container


def test_given_a_container_that_nobody_has_when_asked_about_then_it_is_not_found():
    for command in (("logs",), ("stop", "--yes")):
        ended = cli("container", command[0], "ta-0123456789abcdefghijkl", *command[1:])
        assert ended.code != 0 and "ta-0123456789abcdefghijkl" in ended.output, f"{command}: {ended.output}"


def test_given_two_containers_when_the_logs_of_one_are_asked_for_then_the_others_are_not_shown(work: modal.Function, app_name: str):
    calls = [work.spawn(3.0, f"line {i}") for i in range(2)]
    answers = [call.get(timeout=60) for call in calls]
    by_container = {container: f"line {i}" for i, (_, container) in enumerate(answers)}
    if len(by_container) < 2:
        pytest.skip("one container took both")
    for container, line in by_container.items():
        shown = eventually(
            lambda c=container, text=line: (s := cli("container", "logs", c).ok().stdout) and text in s and s, 30, "its line"
        )
        assert not any(other in shown for other in by_container.values() if other != line)
