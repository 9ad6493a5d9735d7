# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What functions write appears on the terminal of whoever runs them."""

import re
import secrets

import modal as client
import pytest
from serai_conformance.poll import eventually
from serai_conformance.terminal import modal, start


def test_given_both_streams_when_run_then_the_lines_of_both_are_shown_in_their_colours():
    shown = modal("run", "talking.py::both_streams", FORCE_COLOR="1", NO_COLOR="").ok().output
    output, error = (
        next(line for line in shown.splitlines() if text in line) for text in ("to standard output", "to standard error")
    )
    assert output.replace("output", "error") != error  # the client paints the two streams differently


def test_given_lines_of_many_shapes_when_run_then_they_appear_as_they_were_written():
    shown = modal("run", "talking.py::shapes").ok().stdout
    assert "first line\nsecond line\n\nafter an empty one\n" in shown
    assert "        indented, Grüße, 你好, \U0001f980\n" in shown  # the client expands the tab
    assert "no newline at the end" in shown


def test_given_a_function_that_runs_on_when_it_prints_then_the_line_is_shown_before_it_ends():
    program = start("run", "talking.py::slowly")
    program.shows("I have begun", within=20)
    assert b"I have ended" not in program.stdout
    assert "I have ended" in program.end().ok().stdout


def test_given_a_burst_of_1_mb_when_run_then_every_line_is_shown_once_in_order():
    ended = modal("run", "talking.py::burst", "--lines", "10000").ok()
    numbers = [int(line[:6]) for line in ended.stdout.splitlines() if re.fullmatch(r"\d{6} x{92}", line)]
    assert numbers == list(range(10_000))


def test_given_several_containers_when_run_then_the_lines_of_all_of_them_are_shown_once():
    ended = modal("run", "talking.py").ok()
    lines = re.findall(r"^input (\d) on (ta-\S+)$", ended.stdout, re.MULTILINE)
    assert sorted(number for number, _ in lines) == [str(i) for i in range(6)]
    tasks = {task for _, task in lines}
    assert len(tasks) > 1
    assert f"containers: {len(tasks)}" in ended.stdout


def test_given_a_child_process_when_it_writes_then_its_lines_are_shown_too():
    assert "from a child process" in modal("run", "talking.py::child").ok().stdout.splitlines()


def test_given_two_programs_at_once_when_both_run_then_neither_sees_the_others_lines():
    one, other = start("run", "talking.py::both_streams"), start("run", "talking.py::child")
    shown, others = one.end().ok(), other.end().ok()
    assert "from a child process" not in shown.output
    assert "to standard output" not in others.output


@pytest.fixture(scope="module")
def written():
    """An app whose function has written a line to each stream, twice; and what it wrote."""
    name, lines = f"written-{secrets.token_hex(4)}", [f"needle {secrets.token_hex(4)}" for _ in range(2)]
    modal("deploy", "managed.py", APP_NAME=name).ok()
    function = client.Function.from_name(name, "work")
    calls = [function.spawn(0, line) for line in lines]
    containers = [call.get(timeout=60)[1] for call in calls]
    shown = ("app", "logs", name, "--search", "needle")  # without an option, older clients follow
    eventually(lambda: all(line in modal(*shown).ok().stdout for line in lines), 60, "the lines are kept")
    yield name, lines, [call.object_id for call in calls], containers
    modal("app", "stop", "--yes", name)


def test_given_kept_logs_when_searched_then_only_lines_with_the_text_are_shown(written):
    name, lines, _, _ = written
    shown = modal("app", "logs", name, "--search", lines[0].upper()).ok().stdout
    assert lines[0] in shown and lines[1] not in shown
    assert len(shown.splitlines()) == 2  # one of each stream
    assert modal("app", "logs", name, "--search", "nobody wrote this").ok().stdout.strip() == ""


def test_given_kept_logs_when_one_stream_is_asked_for_then_the_other_is_not_shown(written):
    name, lines, _, _ = written
    shown = modal("app", "logs", name, "--source", "stderr").ok().stdout.splitlines()
    assert sorted(shown) == sorted(f"error: {line}" for line in lines)


def test_given_kept_logs_when_the_last_are_asked_for_then_so_many_lines_are_shown(written):
    name, _, _, _ = written
    assert len(modal("app", "logs", name, "--tail", "3").ok().stdout.splitlines()) == 3


def test_given_kept_logs_when_a_time_is_asked_for_then_they_are_counted_and_fetched_whole(written):
    name, lines, _, _ = written
    shown = modal("app", "logs", name, "--since", "1h").ok().stdout
    assert all(shown.count(line) == 2 for line in lines)
    assert modal("app", "logs", name, "--since", "3d", "--until", "2d").ok().stdout.strip() == ""


def test_given_kept_logs_when_those_of_a_call_or_a_container_are_asked_for_then_only_those_are_shown(written):
    name, lines, calls, containers = written
    shown = modal("app", "logs", name, "--function-call", calls[0]).ok().stdout
    assert lines[0] in shown and lines[1] not in shown
    for one in (modal("container", "logs", containers[1]), modal("app", "logs", name, "--container", containers[1])):
        assert lines[1] in one.ok().stdout


def test_given_logs_of_several_functions_when_those_of_one_are_asked_for_then_the_others_are_not_shown(written):
    name, lines, _, _ = written
    work, other = (client.Function.from_name(name, function).hydrate() for function in ("work", "elsewhere"))
    other.remote(0)
    eventually(lambda: "elsewhere has begun" in modal("app", "logs", name).ok().stdout, 60, "the line is kept")
    shown = modal("app", "logs", name, "--function", work.object_id).ok().stdout
    assert lines[0] in shown and "elsewhere has begun" not in shown
    assert modal("app", "logs", name, "--function", other.object_id).ok().stdout.strip() == "elsewhere has begun"
    assert work.object_id in modal("app", "logs", name, "--show-function-id").ok().stdout


def test_given_a_follower_when_something_is_written_then_it_is_shown_at_once(written):
    name, _, _, _ = written
    follower = start("app", "logs", name, "-f")
    try:
        line = f"followed {secrets.token_hex(4)}"
        client.Function.from_name(name, "work").remote(0, line)
        follower.shows(line, within=30)
    finally:
        follower.interrupt()
        follower.end()
