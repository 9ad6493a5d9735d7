# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What users raise reaches their callers as what it was."""

import traceback

import failing
import modal
import pytest
from serai_conformance.terminal import PROGRAMS
from serai_conformance.terminal import modal as cli


@pytest.fixture(scope="module", autouse=True)
def app():
    with failing.app.run():
        yield


def line_of(text: str) -> int:
    lines = (PROGRAMS / "failing.py").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_given_a_builtin_exception_when_it_is_raised_then_type_and_arguments_are_kept():
    with pytest.raises(ZeroDivisionError) as raised:
        failing.divide.remote(1, 0)
    assert raised.value.args == ("division by zero",)


def test_given_an_exception_of_user_code_when_it_is_raised_then_type_arguments_and_state_are_kept():
    with pytest.raises(failing.OutOfCheese) as raised:
        failing.shop.remote("cheddar")
    assert raised.value.args == ("no cheddar today", ["cheddar", "brie"])
    assert raised.value.cheeses == ["cheddar", "brie"]


def test_given_an_exception_when_its_traceback_is_shown_then_the_users_file_and_line_are_in_it():
    with pytest.raises(failing.OutOfCheese) as raised:
        failing.shop.remote("cheddar")
    frames = traceback.extract_tb(raised.value.__traceback__)
    places = {(frame.name, frame.lineno) for frame in frames if frame.filename.endswith("failing.py")}
    assert ("order", line_of("raise OutOfCheese")) in places
    assert ("shop", line_of("    order(cheese)")) in places


def test_given_a_chained_exception_when_it_is_raised_then_its_cause_is_not_lost():
    with pytest.raises(RuntimeError, match="while looking") as raised:
        failing.chained.remote()
    shown = "".join(traceback.format_exception(raised.value))
    assert "chained" in shown and "while looking" in shown


def test_given_an_exception_that_cannot_be_pickled_when_it_is_raised_then_its_words_arrive():
    with pytest.raises(Exception, match=r"has a lock|CannotBePickled"):
        failing.unpicklable.remote()


def test_given_a_result_that_cannot_be_pickled_when_returned_then_the_caller_is_told_why():
    with pytest.raises(Exception, match=r"pickle|serializ"):
        failing.unpicklable_result.remote()


def test_given_a_system_exit_when_it_is_raised_then_the_caller_hears_of_it_and_the_next_call_works():
    with pytest.raises((SystemExit, modal.exception.Error)):
        failing.leave.remote()
    assert failing.divide.remote(1, 2) == 0.5


def test_given_a_failure_when_another_call_follows_then_it_is_answered():
    with pytest.raises(ZeroDivisionError):
        failing.divide.remote(1, 0)
    assert failing.divide.remote(6, 3) == 2


def test_given_a_program_that_fails_when_it_is_run_then_the_terminal_shows_where_and_the_code_is_not_zero():
    ended = cli("run", "failing.py")
    assert ended.code == 1
    assert "OutOfCheese" in ended.output and "no cheddar today" in ended.output
    assert f"failing.py:{line_of('raise OutOfCheese')}" in ended.output
