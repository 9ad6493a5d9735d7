# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The layer that has the node's micromamba."""

from __future__ import annotations

import os
import subprocess

import pytest
from serai_runner import micromamba, namespaces
from serai_runner.problems import Failed

FAKE = """#!/bin/bash
[ "$1" = shell ] && echo 'micromamba() { export CONDA_PREFIX=$MAMBA_ROOT_PREFIX ACTIVE=$2; }'
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "micromamba"
    path.write_text(FAKE)
    path.chmod(0o755)
    return path


@pytest.fixture
def tree(tmp_path, program, monkeypatch):
    monkeypatch.setattr(namespaces, "own_tree", lambda _: None)
    place = tmp_path / "tree"
    place.mkdir()
    micromamba.layer(str(program))[1](str(place))
    for path in (place / "usr/local/bin").iterdir():  # as if it were the root
        path.write_text(path.read_text().replace("/usr/local/bin", str(place / "usr/local/bin")))
    return place


def run(tree, script: str, *words: str, **environment: str) -> list[str]:
    path = tree / "usr/local/bin" / script
    given = {"PATH": os.environ["PATH"], "MAMBA_EXE": str(tree / "usr/bin/micromamba"), "MAMBA_ROOT_PREFIX": "/opt/conda"}
    done = subprocess.run([path, *words], env=given | environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_given_a_program_when_its_layer_is_made_then_it_is_where_images_of_it_have_it(tree):
    assert os.access(tree / "usr/bin/micromamba", os.X_OK)
    assert (tree / "opt/conda/conda-meta").is_dir()


def test_given_its_shell_when_activation_is_asked_for_then_commands_are_in_the_environment(tree):
    assert run(tree, "_dockerfile_shell.sh", "echo $CONDA_PREFIX", MAMBA_DOCKERFILE_ACTIVATE="1") == ["/opt/conda"]
    assert run(tree, "_dockerfile_shell.sh", "echo none${CONDA_PREFIX:-}") == ["none"]


def test_given_its_entrypoint_when_a_command_runs_then_it_is_in_the_environment_that_is_named(tree):
    assert run(tree, "_entrypoint.sh", "bash", "-c", 'echo "$ACTIVE" "$1"', "bash", "a word") == ["base", "a", "word"]
    assert run(tree, "_entrypoint.sh", "bash", "-c", "echo $ACTIVE", ENV_NAME="other") == ["other"]


def test_given_another_program_at_its_place_when_named_then_the_layer_is_another(program):
    before = micromamba.layer(str(program))[0]
    assert micromamba.layer(str(program))[0] == before
    os.utime(program, (1, 1))
    assert micromamba.layer(str(program))[0] != before


def test_given_no_program_when_its_layer_is_wanted_then_the_setting_is_named(tmp_path, program):
    with pytest.raises(Failed, match=r"serai\.image\.micromamba"):
        micromamba.layer(str(tmp_path / "gone"))
    program.chmod(0o644)
    with pytest.raises(Failed, match="no program"):
        micromamba.layer(str(program))
    with pytest.raises(Failed, match="no program"):
        micromamba.layer(str(tmp_path))
