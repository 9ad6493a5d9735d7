# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The first program of the README."""

from pathlib import Path

from serai_conformance.terminal import modal

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_given_the_quickstart_when_it_is_run_then_it_prints_its_results_and_the_functions_output():
    ended = modal("run", "quickstart.py", cwd=EXAMPLES).ok()
    lines = ended.stdout.splitlines()

    assert "one call: 49" in lines
    assert "a map:    [0, 1, 4, 9, 16]" in lines
    squared = [line for line in lines if line.startswith("squaring ")]
    assert sorted(squared) == ["squaring 0", "squaring 1", "squaring 2", "squaring 3", "squaring 4", "squaring 7"]
    assert lines.index("squaring 7") < lines.index("squaring 0")


def test_given_the_quickstart_when_it_is_run_quietly_then_only_the_programs_own_lines_are_shown():
    ended = modal("run", "--quiet", "quickstart.py", cwd=EXAMPLES).ok()
    assert ended.stdout.splitlines() == ["one call: 49", "a map:    [0, 1, 4, 9, 16]"]
