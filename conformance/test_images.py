# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Images that need no build, and local files in them."""

import importlib
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def pictured(tmp_path_factory: pytest.TempPathFactory):
    files: Path = tmp_path_factory.mktemp("files")
    (files / "sub" / "deeper").mkdir(parents=True)
    (files / "one.txt").write_text("eins, Grüße")
    (files / "two.log").write_text("ignored")
    (files / "sub" / "three.txt").write_text("three")
    (files / "sub" / "deeper" / "four.txt").write_text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PICTURED_FILES", str(files))
        module = importlib.import_module("pictured")
        with module.app.run():
            yield module


def test_given_an_environment_in_the_image_when_called_then_it_is_there_as_it_was_written(pictured):
    seen = pictured.environment.remote()
    assert seen["environment"] == {"PLAIN": "2", "SPACED": "1 2", "QUOTED": 'it\'s "it"', "LATER": "é$HOME"}
    assert seen["workdir"] == "/work/here"


def test_given_a_local_file_when_mounted_then_it_lies_where_it_was_wanted(pictured):
    seen = pictured.mounted_file.remote()
    assert seen["files"] == {"/data/renamed.txt": "eins, Grüße"}
    assert seen["workdir"] == "/root"


def test_given_a_local_file_when_copied_then_later_layers_are_on_top_of_it(pictured):
    seen = pictured.copied_file.remote()
    assert seen["files"] == {"/data/copied.txt": "eins, Grüße"}
    assert seen["environment"]["LATER"] == "after the copy"


def test_given_a_local_directory_when_mounted_then_its_files_are_there_but_for_the_ignored(pictured):
    assert pictured.mounted_directory.remote() == ["one.txt", "sub/deeper/four.txt", "sub/three.txt"]


def test_given_a_local_directory_when_copied_then_its_files_are_there(pictured):
    assert pictured.copied_directory.remote() == ["deeper/four.txt", "three.txt"]


def test_given_a_python_module_when_mounted_or_copied_then_it_can_be_imported(pictured):
    assert pictured.python_source.remote() == "taken along"
    assert pictured.copied_python_source.remote() == "taken along"


def test_given_a_plain_image_when_called_then_its_python_is_the_clients_version(pictured):
    assert pictured.python_version.remote().split(".")[:2] == [str(part) for part in sys.version_info[:2]]
