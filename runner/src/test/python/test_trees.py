# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Trees with more levels than Python recurses into, than a process may have descriptors, and than fit into a path."""

from __future__ import annotations

import os
import pathlib
import resource
import shutil
import subprocess
import sys

import pytest
from conftest import SOURCES
from serai_runner import entries, files, layers, namespaces, packed, trees
from serai_runner.problems import Failed
from serai_runner.registration import File

MANY, TOO_MANY = 1_100, 5_000  # of two bytes each: with so many they make no path
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def deepen(directory: pathlib.Path, levels: int) -> None:
    """Makes a directory in a directory in a …, with a file in the last one."""
    descriptor = os.open(directory, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("a", 0o755, dir_fd=descriptor)
        below = os.open("a", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=descriptor))
    os.close(descriptor)


@pytest.fixture
def tree(tmp_path):
    tree = tmp_path / "tree"
    before = os.umask(0o022)
    tree.mkdir()
    yield tree
    os.umask(before)
    assert trees.remove(str(tree)) == ""


@pytest.fixture
def _few_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("_few_descriptors")
def test_given_a_tree_that_is_deeper_than_any_limit_when_walked_and_removed_then_all_of_it_is(tree):
    deepen(tree, TOO_MANY)
    found = [(it.name, it.stat.st_ino == os.lstat(it.path).st_ino) for it in trees.walk(str(tree))]
    assert len(found) == TOO_MANY + 2 and all(same for _, same in found)
    assert found[-1][0] == "a/" * TOO_MANY + "file"
    assert trees.remove(str(tree)) == ""
    assert not tree.exists()


def test_given_a_tree_when_walked_then_it_comes_in_the_order_of_names_and_links_are_not_followed(tree):
    for name in ("b/d", "a/c", "a/z", "a-"):
        (tree / name).mkdir(parents=True)
    (tree / "a/z/file").touch()
    (tree / "a/link").symlink_to(tree / "b")
    names = [found.name for found in trees.walk(str(tree))]
    assert names == [".", "a", "a-", "b", "a/c", "a/link", "a/z", "a/z/file", "b/d"]


def test_given_a_directory_that_is_moved_while_it_is_walked_then_the_walk_goes_nowhere_else(tree, tmp_path):
    (tree / "a/b").mkdir(parents=True)
    (tree / "c/d").mkdir(parents=True)
    walk = trees.walk(str(tree))
    while next(walk).name != "a/b":
        pass
    (tree / "a").rename(tmp_path / "elsewhere")
    with pytest.raises(Failed, match="was moved"):
        list(walk)


def test_given_a_link_when_the_tree_is_removed_then_what_it_leads_to_stays(tree, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").touch()
    (tree / "link").symlink_to(outside)
    assert trees.remove(str(tree)) == ""
    assert (outside / "victim").exists()
    (tmp_path / "link").symlink_to(outside)
    assert trees.remove(str(tmp_path / "link")) != "", "a link is no tree"
    assert (outside / "victim").exists()


def test_given_no_tree_when_removed_then_nothing_is_said(tmp_path):
    assert trees.remove(str(tmp_path / "nothing")) == ""


@as_root
def test_given_something_that_cannot_be_removed_then_it_is_said_and_the_rest_is_gone(tree):
    (tree / "a/mount").mkdir(parents=True)
    (tree / "b").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(tree / "a/mount")], check=True)
    try:
        assert "busy" in trees.remove(str(tree))
        assert os.listdir(tree) == ["a"]
    finally:
        subprocess.run(["umount", str(tree / "a/mount")], check=True)


@as_root
@pytest.mark.parametrize("mode", [0o000, 0o500, 0o300])
def test_given_directories_that_are_closed_to_their_owner_when_he_removes_them_then_they_are_gone(tree, mode):
    (tree / "a/b/c").mkdir(parents=True)
    (tree / "a/b/file").touch()
    for path in (tree / "a/b/c", tree / "a/b", tree / "a", tree):
        os.chown(path, 65534, 65534)
        path.chmod(mode)
    tree.parent.chmod(0o777)
    for above in tree.parent.parents[:2]:
        above.chmod(0o755)
    shutil.copytree(
        SOURCES / "serai_runner", tree.parent / "serai_runner"
    )  # who may not pass the checkout's directories may pass these
    program = "import sys; sys.path[:0] = [sys.argv[1]]; from serai_runner import trees; print(trees.remove(sys.argv[2]))"
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
    said = subprocess.run([*nobody, python, "-c", program, str(tree.parent), str(tree)], capture_output=True, text=True)
    assert said.stdout == "\n", said.stdout + said.stderr
    assert not tree.exists()


@as_root
def test_given_a_layer_of_many_levels_when_digested_then_it_is_the_same_with_every_python(tree):
    deepen(tree, MANY)
    (tree / "b").mkdir(mode=0o755)
    (tree / "b/link").symlink_to("../a")
    made = layers.digest(str(tree), "below")
    assert made == layers.Made("9ed1ece8a394f587ea2e0facb88d5c72766306e09c7bf28b5700e7aeff4eed3d", 0)


@as_root
def test_given_a_layer_with_a_path_of_all_bytes_that_fit_when_packed_then_it_can_be_unpacked_below_a_longer_one(tree, tmp_path):
    deepen(tree, trees.PATH_MAX // 2 - 5)
    again = tmp_path / "again"
    again.mkdir()
    with open(tmp_path / "archive", "w+b") as archive:
        packed.pack(str(tree), archive)
        archive.seek(0)
        namespaces.own_tree(str(tree))
        packed.unpack(archive, str(again))
    namespaces.own(str(again))
    assert layers.digest(str(again), "below") == layers.digest(str(tree), "below")
    assert trees.remove(str(again)) == ""


def test_given_a_path_that_nothing_can_use_when_digested_then_it_is_refused_in_a_sentence(tree):
    deepen(tree, TOO_MANY)
    with pytest.raises(Failed, match="more than 4095 bytes"):
        layers.digest(str(tree), "below")


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A node's layers, none of which is too young to be collected."""
    monkeypatch.setattr(layers, "YOUNG_S", -1)
    monkeypatch.setattr(entries, "YOUNG_S", -1)
    return layers.Layers(str(tmp_path / "cache"))


def test_given_what_killed_builds_left_when_collected_then_it_is_gone_at_any_depth(store):
    place = pathlib.Path(store.directory, ".partial-1-0")
    place.mkdir()
    deepen(place, TOO_MANY)
    assert entries.collect_remains(store.directory).entries == 1
    assert os.listdir(store.directory) == []


def test_given_a_layer_of_many_levels_when_measured_and_collected_then_it_is_gone(store):
    path = pathlib.Path(store.path("a" * layers.NAME))
    path.mkdir()
    deepen(path, MANY)
    assert trees.size(str(path)) >= 0
    assert store.collect(path.name) is not None
    assert store.names() == []


def test_given_a_file_in_many_directories_when_laid_out_then_it_is_there(tmp_path, tree):
    cache = files.Cache(str(tmp_path / "cache"))
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    cache.put(sha256, lambda out: out.write(b"abc"))
    path = "/root/" + "a/" * MANY + "file"
    files.lay_out([File(path, sha256, 3, 0o644)], cache, str(tree))
    assert pathlib.Path(f"{tree}{path}").read_bytes() == b"abc"


def test_given_a_task_that_the_runner_did_not_foresee_when_started_then_the_end_tells_of_it_and_the_log_where_it_was(node, http):
    node.runtime("")
    http.answer["workdir"] = 5
    ended = node.run()
    assert http.exits[-1]["reason"].startswith("the runner itself failed: TypeError: "), ended.err
    assert "Traceback" in ended.err
    assert not list(node.containers.iterdir())


def test_given_a_container_that_leaves_a_deep_tree_when_it_ends_then_that_is_told_and_the_tree_is_gone(node, http):
    node.runtime(
        f"""
import os
os.chdir("/root")
for _ in range({TOO_MANY}):
    os.mkdir("a")
    os.chdir("a")
"""
    )
    ended = node.run()
    assert (ended.code, http.exits[-1]["reason"]) == (0, "ended"), ended.err
    assert not list(node.containers.iterdir()), ended.err
