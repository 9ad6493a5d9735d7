# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The command line, as a person or the launcher uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


@pytest.fixture
def call(packed, tmp_path):
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "SERAI_CACHE": str(tmp_path / "none")}
        return subprocess.run([sys.executable, str(packed), *words], capture_output=True, text=True, env=environment)

    return run


def test_given_doctor_when_it_prints_json_then_the_launcher_finds_what_it_needs(call):
    done = call("doctor", "--json")
    found = json.loads(done.stdout)
    assert found["ok"] is True and done.returncode == 0
    assert found["root"] == (os.geteuid() == 0)
    assert found["bubblewrap"]["works"] is True
    assert found["network"]["works"] is True, found["network"]["detail"]
    assert found["python"]["version"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert set(found) == {"ok", "root", "python", "bubblewrap", "network", "cgroup", "lost_limits", "advice"}


def test_given_doctor_when_it_prints_text_then_it_ends_with_a_verdict(call):
    assert call("doctor").stdout.strip().endswith("containers can run here")


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_given_a_question_then_the_answer_is_on_standard_output(call, word):
    done = call(word)
    assert done.returncode == 0 and "serai-runner.pyz" in done.stdout


def test_given_no_job_when_it_is_started_then_it_says_how_it_is_meant_to_be(call):
    done = call()
    assert done.returncode == 1 and "--help" in done.stderr and "Traceback" not in done.stderr


def test_given_an_unknown_command_then_it_is_named(call):
    done = call("prepare")
    assert done.returncode == 2 and "'prepare'" in done.stderr


def test_given_a_run_when_the_next_one_starts_then_it_finds_itself_compiled(node, http):
    from serai_runner.compiled import directory

    node.runtime("")
    node.run()
    compiled = directory(str(node.packed), node.cache)
    assert [n for n in os.listdir(compiled + "/serai_runner/__pycache__") if n.startswith("main.")]
    node.runtime("print('fine')")
    http.exits.clear()
    assert node.run().out == "fine\n"
