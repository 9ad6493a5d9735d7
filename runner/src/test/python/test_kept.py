# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Roots of containers that become layers: what of them is the image's."""

from __future__ import annotations

import os
import pathlib
import signal

import pytest
import roots
from fakes import until
from serai_runner import entries, kept, layers
from serai_runner.registration import File

NEEDS_ROOT = pytest.mark.skipif(not roots.available(), reason="needs root, nsenter and the distribution's Python")


def tree_of(path: pathlib.Path, *files: str) -> pathlib.Path:
    for name in files:
        file = path / name.rstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.mkdir(exist_ok=True) if name.endswith("/") else file.write_text("" if "empty" in name else "text")
    return path


def names(tree: pathlib.Path) -> set[str]:
    return {str(it.relative_to(tree)) for it in tree.rglob("*")}


def test_given_places_of_mounts_when_tidied_then_only_what_somebody_filled_or_had_before_stays(tmp_path):
    tree = tree_of(tmp_path / "tree", "pkg/", "etc/empty-hosts", "etc/resolv.conf", "opt/a/b/", "run/", "srv/x/", "data/mine")
    lower = tree_of(tmp_path / "lower", "etc/passwd", "opt/")
    kept.tidy(str(tree), ["/pkg", "/etc/empty-hosts", "/etc/resolv.conf", "/opt/a/b", "/run", "/srv", "/nowhere"], [str(lower)])
    assert names(tree) == {"etc", "etc/resolv.conf", "opt", "srv", "srv/x", "data", "data/mine"}


def test_given_links_in_what_was_written_when_tidied_then_nothing_outside_is_touched(tmp_path):
    outside = tree_of(tmp_path / "outside", "empty", "hollow/")
    tree = tree_of(tmp_path / "tree", "data/")
    (tree / "etc").symlink_to(outside)
    (tree / "run").symlink_to(outside / "hollow")
    kept.tidy(str(tree), ["/etc/empty", "/etc/hollow", "/run", "/data/../etc/empty"], [])
    assert names(outside) == {"empty", "hollow"} and names(tree) == {"data", "etc", "run"}


def test_given_modules_of_the_containers_own_when_tidied_then_what_python_made_of_them_goes(tmp_path):
    cache = "root/__pycache__/"
    tree = tree_of(
        tmp_path, f"{cache}mine.cpython-311.pyc", f"{cache}mine2.cpython-311.pyc", "root/sub/__pycache__/inner.cpython-311.pyc"
    )
    own = [File(path, "", 1, 0o644) for path in ("/root/mine.py", "/root/sub/inner.py", "/root/mine2.txt")]
    kept.tidy(str(tree), kept.compiled(str(tree), own), [])
    assert names(tree) == {"root", "root/__pycache__", f"{cache}mine2.cpython-311.pyc"}


def test_given_options_of_a_sandbox_then_the_places_are_those_that_it_makes():
    options = ["--bind", "/a", "/", "--proc", "/proc", "--setenv", "--dir", "x", "--ro-bind", "/b", "/pkg", "--chdir", "/work"]
    assert {"/", "/proc", "/pkg"} <= set(kept.mount_points(options)) and "/work" not in kept.mount_points(options)


def test_given_what_was_in_the_making_when_its_maker_is_gone_then_it_is_collected_and_others_stay(tmp_path, monkeypatch):
    store = layers.Layers(str(tmp_path))
    ours = store.place()
    left = os.path.join(store.directory, ".partial-1-ab")
    os.mkdir(left)
    assert entries.collect_remains(store.directory) == (0, 0), "it is young"
    monkeypatch.setattr(entries, "YOUNG_S", -1)
    assert entries.collect_remains(store.directory).entries == 1
    assert os.path.isdir(ours) and not os.path.exists(left)


@pytest.fixture
def builds(node, http, base):
    """A container whose function makes a layer."""
    http.answer.update(root={"base": base, "layers": []}, python_version=roots.python(), keeps=True)
    http.add_file("/root/app.py", "mine = 1")

    def run(code: str):
        node.runtime(code, tag="cp" + roots.python().replace(".", ""))
        return node.run(120)

    return run


def in_the_making(node) -> list[str]:
    return [name for name in os.listdir(pathlib.Path(node.cache, "layers")) if name.startswith(".partial")]


@NEEDS_ROOT
def test_given_a_function_that_ends_well_when_it_is_wanted_then_what_it_wrote_is_a_layer_and_nothing_else(builds, node, http):
    ended = builds('import os, sys; os.makedirs("/data"); open("/data/x", "w").write("kept"); open("/tmp/y", "w").write("lost")')
    assert ended.code == 0 and len(http.kept) == 1, ended.err
    layer = pathlib.Path(node.cache, "layers", http.kept[0]["digest"][: layers.NAME])
    assert (layer / "data/x").read_text() == "kept" and http.kept[0]["size"] >= 4
    ours = {name for name in names(layer) if not name.startswith("usr")}  # where Python leaves what it compiled of its own
    assert ours - {"etc", "root"} == {"data", "data/x"}
    assert in_the_making(node) == [] and http.exits[-1]["exit_code"] == 0


@NEEDS_ROOT
@pytest.mark.parametrize(("code", "wanted"), [("raise SystemExit(3)", True), ("pass", False)])
def test_given_a_function_that_fails_or_is_not_wanted_when_it_ends_then_nothing_is_kept(builds, node, http, code, wanted):
    http.wanted = wanted
    before = set(os.listdir(pathlib.Path(node.cache, "layers"))) if pathlib.Path(node.cache, "layers").exists() else set()
    builds(f'open("/opt/half", "w").write("half")\n{code}')
    left = {name for name in set(os.listdir(pathlib.Path(node.cache, "layers"))) - before if len(name) == layers.NAME}
    assert http.kept == [] and not left and in_the_making(node) == []
    assert http.wishes == (0 if wanted else 1) and len(http.exits) == 1


@NEEDS_ROOT
def test_given_a_function_when_its_container_is_stopped_then_nothing_is_kept(builds, node, http):
    node.runtime(
        'import time; open("/opt/half", "w").write("half"); print("begun", flush=True); time.sleep(300)',
        tag="cp" + roots.python().replace(".", ""),
    )
    process = node.start()
    until(lambda: "begun" in http.text(1), 60, "the function has begun")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert http.kept == [] and in_the_making(node) == []


@NEEDS_ROOT
def test_given_a_layer_that_is_not_taken_any_more_when_it_is_told_then_the_end_is_told_nevertheless(builds, http):
    http.kept_status = 403
    builds("pass")
    assert http.wishes == 1 and http.kept == [] and len(http.exits) == 1


@NEEDS_ROOT
@pytest.mark.parametrize("then_s", [0, 60])
def test_given_a_function_that_writes_more_than_it_may_when_it_ends_or_is_ended_then_nothing_is_kept(builds, node, http, then_s):
    http.answer["limits"] = {"disk_mb": 20, "pids": 100}
    builds(f'import time\nopen("/opt/large", "wb").write(bytes(40 << 20))\ntime.sleep({then_s})')
    assert [one["reason"] for one in http.exits] == ["out of disk: it wrote more than 20 MiB. Ask for more, as by ephemeral_disk=…"]
    assert http.kept == [] and in_the_making(node) == []
