# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Which packages a Python needs, asked of the node's own tools and noted beside the layers."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
import roots
from conftest import SOURCES
from serai_runner import bases
from serai_runner.layers import Layers

pytestmark = pytest.mark.skipif(not (shutil.which("ldd") and shutil.which("dpkg")), reason="needs a Debian's own tools")


@pytest.fixture
def prefix(tmp_path) -> pathlib.Path:
    """An installation whose one program needs the C library."""
    prefix = tmp_path / "python"
    (prefix / "lib/python3.11/lib-dynload").mkdir(parents=True)
    (prefix / "bin").mkdir()
    shutil.copy2(os.path.realpath("/bin/sh"), prefix / "bin/python3.11")
    return prefix


@pytest.fixture
def asked(tmp_path, monkeypatch) -> pathlib.Path:
    """A file with one line for each time that the node's ldd was called."""
    calls, tools = tmp_path / "asked", tmp_path / "tools"
    tools.mkdir()
    calls.touch()
    (tools / "ldd").write_text(f'#!/bin/sh\necho asked >> {calls}\nexec {shutil.which("ldd")} "$@"\n')
    (tools / "ldd").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    return calls


@pytest.fixture
def layers(tmp_path) -> Layers:
    return Layers(str(tmp_path / "cache"))


def times(asked: pathlib.Path) -> int:
    return asked.read_text().count("\n")


def test_given_a_python_when_its_packages_are_needed_again_then_the_node_is_not_asked_again(prefix, asked, layers):
    first = bases._needed(str(prefix), "bookworm", layers)
    assert "libc6" in first
    assert bases._needed(str(prefix), "bookworm", Layers(os.path.dirname(layers.directory))) == first
    assert times(asked) == 1
    assert len(os.listdir(layers.directory)) == 1, "no draft is left"
    assert layers.names() == [], "a note is no layer"


@pytest.mark.parametrize("where", ["bin", "lib/python3.11/lib-dynload"])
def test_given_a_python_that_has_changed_when_its_packages_are_needed_then_the_node_is_asked_again(prefix, asked, layers, where):
    bases._needed(str(prefix), "bookworm", layers)
    os.utime(prefix / where, (1, 1))
    bases._needed(str(prefix), "bookworm", layers)
    assert times(asked) == 2
    bases._needed(str(prefix), "bookworm", layers)
    assert times(asked) == 2


def test_given_another_release_when_its_packages_are_needed_then_the_node_is_asked_for_it(prefix, asked, layers):
    bases._needed(str(prefix), "bookworm", layers)
    bases._needed(str(prefix), "trixie", layers)
    assert times(asked) == 2


def test_given_a_node_on_which_something_is_installed_when_packages_are_needed_then_it_is_asked_again(
    prefix, asked, layers, tmp_path, monkeypatch
):
    status = tmp_path / "status"
    status.touch()
    monkeypatch.setattr(bases, "_LIBRARIES", (str(status),))
    bases._needed(str(prefix), "bookworm", layers)
    os.utime(status, (1, 1))
    bases._needed(str(prefix), "bookworm", layers)
    assert times(asked) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null"])
def test_given_a_note_that_is_no_note_when_packages_are_needed_then_it_is_written_anew(prefix, asked, layers, text):
    first = bases._needed(str(prefix), "bookworm", layers)
    [note] = pathlib.Path(layers.directory).iterdir()
    note.write_text(text)
    assert bases._needed(str(prefix), "bookworm", layers) == first
    assert bases._needed(str(prefix), "bookworm", layers) == first
    assert times(asked) == 2


def test_given_a_note_that_cannot_be_written_when_packages_are_needed_then_the_answer_is_the_same(prefix, asked, layers):
    first = bases._needed(str(prefix), "bookworm", layers)
    os.unlink(*pathlib.Path(layers.directory).iterdir())
    os.rmdir(layers.directory)
    pathlib.Path(layers.directory).touch()  # a directory that takes no file
    assert bases._needed(str(prefix), "bookworm", layers) == first
    assert times(asked) == 2


def test_given_a_single_program_when_its_packages_are_needed_then_they_are_those_of_its_libraries(tmp_path, layers):
    program = tmp_path / "micromamba"
    shutil.copy2(os.path.realpath("/bin/sh"), program)
    assert bases._needed(str(program), "bookworm", layers) == {"libc6"}


def without(*programs: str) -> list[str]:
    """Words before a command that finds no such programs on this machine."""
    cover = "; ".join(f"mount --bind /dev/null {os.path.realpath(shutil.which(program))}" for program in programs)
    return ["unshare", "--mount", "/bin/sh", "-ec", f'{cover}; exec "$@"', "sh"]


@pytest.mark.skipif(not roots.available(), reason="needs root, nsenter and the distribution's Python")
def test_given_a_node_without_a_debians_tools_when_an_image_is_built_on_a_given_base_then_it_is_built(node, http, base):
    http.build = {
        "build": "po-build", "token": "po-build.bt-1", "root": {"base": base, "layers": []}, "memory_mb": 512,
        "work": [{"image": "im-1", "steps": [], "context": [], "secrets": {}}],
    }  # fmt: skip
    node.prefix = without("apt-config", "dpkg", "ldd")
    ended = node.run(120, SERAI_BUILD="1")
    assert http.build_ends[-1] == {"ok": True, "reason": "", "reference": ""}, ended.err


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("missing", ["dpkg", "ldd"])
def test_given_a_node_without_a_debians_tools_when_packages_are_needed_then_what_to_do_is_said(prefix, missing):
    program = "import sys; sys.path[:0] = [sys.argv[1]]; from serai_runner import bases; bases._ask_needed(sys.argv[2])"
    command = [*without(missing), sys.executable, "-c", program, str(SOURCES), str(prefix)]
    said = subprocess.run(command, capture_output=True, text=True).stderr
    assert f"Failed: {missing} was not found on this node" in said and "serai.image.bases" in said


class Kept:
    """Layers that are there already, but for those of Pythons."""

    directory = "/nowhere"

    def ensure(self, name: str, make) -> str:
        if name.startswith("python-"):
            make(name)
        return f"/layers/{name}"


def test_given_the_distributions_python_when_a_base_is_made_then_it_gets_the_packages_that_every_base_has():
    base = bases.Base.of({"name": "python:3.11", "python": "3.11", "interpreter": "/usr", "release": "bookworm"})
    done: list[tuple[str, list[str]]] = []
    paths = bases.ensure(base, Kept(), None, lambda words, lower, name: done.append((words[-1], lower)), print)
    assert [path.split("-")[0] for path in paths] == ["/layers/python", "/layers/system"]
    assert done == [(bases._SETTLE, [os.path.basename(paths[0]), paths[1]])]
