# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The oldest client that is supported, once; all of them by compatibility.py, whose page is looked at."""

from pathlib import Path

import pytest
from serai_conformance import rpcs
from serai_conformance.clients import OLDEST, interpreter
from serai_conformance.terminal import PROGRAMS, Program, environment


@pytest.mark.timeout(600)
def test_given_the_oldest_client_when_a_program_runs_then_calls_maps_and_generators_are_answered():
    """The containers run that client's runtime, too."""
    python = interpreter(OLDEST)
    program = Program([str(python), "-m", "modal", "run", "compatible.py"], PROGRAMS, environment())
    shown = program.end(300).ok().stdout
    assert f"client {OLDEST}, runtime {OLDEST}" in shown
    assert "map [0, 1, 4, 9, 16]" in shown
    assert "values [0, 1, 2]" in shown
    assert "spawned 49" in shown
    assert "raised ValueError: 13" in shown
    assert "squaring 7" in shown  # its logs


def test_given_the_handbooks_list_of_rpcs_then_it_is_what_the_platform_answers():
    """`compatibility.py --rpcs` writes it anew."""
    page = Path(__file__).parents[1] / "docs" / "compatibility.md"
    assert page.read_text().partition("\n## RPCs\n\n")[2] == rpcs.table() + "\n"
