# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The runtime's installation, with a package of our own: pip needs no index for it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import zipfile

import pytest
from serai_runner import runtime
from serai_runner.interpreter import this
from serai_runner.problems import Failed


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A directory of wheels in place of an index: `little`, which needs `other`."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name, needs in (("little", "Requires-Dist: other\n"), ("other", "")):
        info = f"{name}-1.0.dist-info"
        with zipfile.ZipFile(wheels / f"{name}-1.0-py3-none-any.whl", "w") as archive:
            archive.writestr(f"{name}/__init__.py", "VALUE = 1\n")
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", f"{name}/__init__.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    return wheels


def test_given_a_package_when_it_is_installed_then_it_and_its_needs_are_apart(tmp_path, wheel):
    told = []
    directory = runtime.ensure(str(tmp_path / "cache"), "little", "1.0", this(), told.append)
    assert directory.endswith(f"/runtime/little-1.0-{this().tag}")
    assert os.path.exists(directory + "/pkg/little/__init__.py")
    assert os.path.exists(directory + "/pkg/sitecustomize.py")
    assert os.path.exists(directory + "/deps/other/__init__.py")
    assert not os.path.exists(directory + "/deps/little")
    assert [name for _, _, names in os.walk(directory) for name in names if name.endswith(".pyc")]
    assert len(told) == 2
    assert runtime.ensure(str(tmp_path / "cache"), "little", "1.0", this(), told.append) == directory
    assert len(told) == 2


def test_given_several_at_once_when_they_install_then_one_does_and_all_find_it(tmp_path, wheel):
    told, found = [], []

    def ensure() -> None:
        found.append(runtime.ensure(str(tmp_path / "cache"), "little", "1.0", this(), told.append))

    threads = [threading.Thread(target=ensure) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1 and len(found) == 4
    assert len([text for text in told if text.startswith("Installing")]) == 1


def test_given_what_pip_cannot_find_then_its_words_are_in_the_failure_and_nothing_is_left(tmp_path, wheel):
    with pytest.raises(Failed, match=r"little==9.9"):
        runtime.ensure(str(tmp_path / "cache"), "little", "9.9", this(), print)
    assert os.listdir(tmp_path / "cache" / "runtime") == []


def test_given_a_version_with_a_limit_for_another_package_when_it_is_installed_then_the_limit_holds(tmp_path, wheel, monkeypatch):
    monkeypatch.setattr(runtime, "_LIMITS", {("little", "1.0"): ("other<1.0",)})
    with pytest.raises(Failed, match=r"little==1\.0, other<1\.0"):  # there is no such one
        runtime.ensure(str(tmp_path / "cache"), "little", "1.0", this(), print)


def test_given_an_interrupted_installation_when_it_is_tried_again_then_it_is_complete(tmp_path, wheel):
    os.makedirs(tmp_path / "cache" / "runtime" / ".partial-1-ab" / "tree" / "deps" / "half")
    directory = runtime.ensure(str(tmp_path / "cache"), "little", "1.0", this(), print)
    assert sorted(os.listdir(directory)) == ["deps", "pkg"]


def test_given_a_python_without_pip_when_it_can_make_a_virtual_environment_then_that_installs(tmp_path, wheel, monkeypatch):
    bare = tmp_path / "bare"
    subprocess.run([this().executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    python = str(bare / "bin" / "python")
    monkeypatch.setattr(sys, "executable", python)
    interpreter = this()._replace(executable=python)
    directory = runtime.ensure(str(tmp_path / "cache"), "little", "1.0", interpreter, print)
    assert sorted(os.listdir(directory)) == ["deps", "pkg"]


def test_given_no_pip_at_all_then_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(Failed, match="install python3-pip or python3-venv"):
        runtime.ensure(str(tmp_path / "cache"), "little", "1.0", this()._replace(executable="/bin/false"), print)
