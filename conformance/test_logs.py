# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What functions write appears on the terminal of whoever runs them."""

import re

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
