# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""`serialized=True`, and functions that no file holds."""

import notebook
import pytest
from serai_conformance.terminal import python


@pytest.fixture(scope="module", autouse=True)
def app():
    with notebook.app.run():
        yield


def test_given_a_serialized_function_when_called_then_it_has_what_it_refers_to():
    assert notebook.scaled.remote(6) == 42
    assert notebook.scaled_later.remote(6) == 42
    assert list(notebook.counted.remote_gen(3)) == [0, 1, 2]


def test_given_a_serialized_class_when_called_then_it_has_its_parameters():
    assert notebook.Scale().times.remote(4) == 56
    assert notebook.Scale(by=5).times.remote(4) == 140


def test_given_a_function_of_an_interactive_session_when_called_then_its_code_travels():
    session = """
import modal

app = modal.App("interactive")


@app.function(serialized=True)
def shout(text: str) -> str:
    return text.upper() + mark


mark = "!"
with app.run():
    print(shout.remote("hello"))
"""
    assert python("-c", session).ok().stdout.splitlines()[-1] == "HELLO!"
