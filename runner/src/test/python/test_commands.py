# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The command line, as a person or the launcher uses it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys

import pytest
import registries
import roots
from fakes import TOKEN
from serai_runner import collect, doctor, inotify, layers, registry
from serai_runner.problems import Failed

needs_root = pytest.mark.skipif(not roots.available(), reason="needs root, nsenter and the distribution's Python")


@pytest.fixture
def call(packed, tmp_path):
    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "SERAI_CACHE": str(tmp_path / "none"), **more}
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
    assert set(found) == {"ok", "root", "python", "bubblewrap", "network", "images", "cgroup", "lost_limits", "advice"}
    assert set(found["images"]) == {"works", "detail", "lacks"}


@needs_root
def test_given_root_when_the_node_is_examined_then_a_layer_is_tried_and_nothing_of_it_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("SERAI_CACHE", str(tmp_path / "cache that is not there yet"))
    assert doctor.examine()["images"]["detail"] == ""
    assert os.listdir(tmp_path) == []


@needs_root
def test_given_files_on_which_no_overlay_may_lie_when_the_node_is_examined_then_it_says_where(tmp_path, monkeypatch):
    class Refusing:
        def overlay(self, *_: object) -> None:
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(doctor, "Stage", Refusing)
    monkeypatch.setenv("SERAI_CACHE", str(tmp_path))
    images = doctor.examine()["images"]
    assert not images["works"]
    assert images["detail"].startswith(f"no overlay can be mounted with its files at {tmp_path} (Invalid argument)")


def test_given_an_ordinary_user_when_the_node_is_examined_then_builds_need_root_and_containers_may_run(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "run as root" in doctor._no_layers()


def test_given_no_tun_when_the_node_is_examined_then_it_is_told_how_to_have_one(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "TUN", str(tmp_path / "tun"))
    assert "modprobe tun" in doctor._tun_advice()
    monkeypatch.setattr(doctor, "TUN", "/dev/null")
    assert doctor._tun_advice() == ""


def test_given_a_node_with_few_inotify_instances_when_it_is_examined_then_it_is_told_how_to_have_more(tmp_path, monkeypatch):
    monkeypatch.setattr(inotify, "NODE", str(tmp_path / "max_user_{}"))
    assert inotify.advice() == ""  # a kernel without it
    (tmp_path / "max_user_instances").write_text("1024\n")
    assert inotify.advice() == ""
    (tmp_path / "max_user_instances").write_text("128\n")
    assert "max_user_instances is 128" in inotify.advice() and "sysctl -w fs.inotify.max_user_instances=" in inotify.advice()


def test_given_doctor_when_it_prints_text_then_it_ends_with_a_verdict(call):
    assert call("doctor").stdout.strip().endswith("containers can run here")


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_given_a_question_then_the_answer_is_on_standard_output(call, word):
    done = call(word)
    assert done.returncode == 0 and "serai-runner.pyz" in done.stdout


def test_given_no_job_when_it_is_started_then_it_says_how_it_is_meant_to_be(call):
    done = call()
    assert done.returncode == 1 and "--help" in done.stderr and "Traceback" not in done.stderr


def test_given_layers_that_no_image_has_when_collected_by_command_then_they_are_gone_but_for_young_and_used_ones(
    http, tmp_path, monkeypatch
):
    store = layers.Layers(str(tmp_path))
    needed, garbage, used = (letter * layers.NAME for letter in "abc")
    for name in (needed, garbage, used):
        os.mkdir(store.path(name))
        (tmp_path / "layers" / name / "file").write_bytes(b"x" * 10_000)
    http.garbage = [garbage, used]
    assert collect.collect(str(tmp_path), http.url, TOKEN)[:3:2] == (0, 2), "they are young"
    monkeypatch.setattr(layers, "YOUNG_S", -1)
    held = store.hold(used)
    done = collect.collect(str(tmp_path), http.url, TOKEN)
    os.close(held)
    assert (done.removed, done.kept, done.needed) == (1, 1, 1) and done.freed >= 10_000
    assert sorted(store.names()) == [needed, used]


@pytest.mark.skipif(
    not (roots.available() and registries.available()), reason="needs root, and the packages docker-registry and skopeo"
)
def test_given_a_registry_when_collected_by_command_then_it_has_what_is_needed_and_nothing_else(http, tmp_path, call):
    store = layers.Layers(str(tmp_path / "cache"))
    needed = "a" * layers.NAME
    os.mkdir(store.path(needed))
    store.ensure("system-test", lambda tree: None)
    digest = layers.digest(os.path.join(store.directory, "system-test"), "").digest
    http.bases = {"system-test": digest, "system-other": "0" * 64}
    base = f"base-{digest[: layers.NAME]}"
    with registries.Registry(tmp_path).running() as there:
        http.registry = there.described
        node = registry.Registry(registry.Address.of(there.described), store)
        for tag in ("im-1-1.6.4", "im-2-1.6.4"):
            node.publish([needed], {}, tag, lambda tags: None)
        http.remains, http.publications = {"im-2-1.6.4": 5}, ["im-1-1.6.4", "im-3-1.6.4"]
        done = collect.collect(str(tmp_path / "cache"), http.url, TOKEN)
        assert done == (0, 0, 0, 1, 1, 2, 1, "", 0, 0)
        assert there.tags == {"im-1-1.6.4", f"layer-{needed}", base}
        assert sorted(http.missed) == sorted(["im-3-1.6.4", f"layer-{needed}", base])
        assert collect.collect(str(tmp_path / "cache"), http.url, TOKEN)[4:] == (0, 0, 1, "", 0, 0)
    ended = call("collect", "--cache", str(tmp_path / "cache"), SERAI_URL=http.url, SERAI_ADMIN_TOKEN=TOKEN)
    assert ended.returncode == 0 and "could not be looked at" in ended.stdout and "1 needed" in ended.stdout


def test_given_a_server_that_refuses_when_collected_then_nothing_is_removed_and_it_is_said(http, tmp_path, call):
    store = layers.Layers(str(tmp_path))
    os.mkdir(store.path("a" * 64))
    with pytest.raises(Failed, match="not known what is needed"):
        collect.collect(str(tmp_path), http.url, "a wrong token")
    assert store.names() == ["a" * layers.NAME]
    done = call("collect", "--cache", str(tmp_path))
    assert done.returncode == 1 and "SERAI_ADMIN_TOKEN" in done.stderr


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
