# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What nobody has used for long goes from a node's cache, and nothing else does."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import threading

import pytest
import roots
from conftest import SOURCES
from fakes import TOKEN, until
from serai_runner import collect, compiled, entries, layers, locks, trees, unused
from serai_runner.entries import Removed
from serai_runner.files import LARGE_BYTES, Cache
from serai_runner.registration import File

DAY_S = 86_400
RETENTION_S = 30 * DAY_S
NOTHING = Removed(0, 0)


@pytest.fixture
def place(tmp_path) -> pathlib.Path:
    return tmp_path / "cache"


@pytest.fixture
def store(place) -> layers.Layers:
    return layers.Layers(str(place))


def fill(tree: str) -> None:
    for name in ("first", "last"):
        pathlib.Path(tree, name).write_bytes(b"x" * 10_000)


def made(place: pathlib.Path, *names: str) -> list[pathlib.Path]:
    """Entries that nobody uses any more."""
    paths = [place / name for name in names]
    for path in paths:
        os.close(entries.ensure(str(path), fill))
    return paths


def added(place: pathlib.Path, content: bytes) -> pathlib.Path:
    """A file of a task."""
    sha256 = hashlib.sha256(content).hexdigest()
    Cache(str(place)).put(sha256, lambda out: out.write(content))
    return pathlib.Path(Cache(str(place)).path(sha256))


def age(path: pathlib.Path, days: int = 31) -> None:
    """So long ago somebody used it last."""
    noted = path if path.is_file() else path.with_name(path.name + locks.NOTE)
    when = noted.stat().st_mtime - days * DAY_S
    os.utime(noted, (when, when))


def remove(place: pathlib.Path) -> Removed:
    return unused.remove(str(place), layers.Layers(str(place)), RETENTION_S)


KINDS = (
    "layers/files-1",
    "layers/runtime-1",
    "layers/given-1",
    "layers/system-1",
    "runtime/modal-1.6.10-cp314",
    "runner/1-a-cpython-311",
)


def test_given_entries_of_all_kinds_when_collected_then_those_go_that_nobody_used_for_long(place):
    old = [*made(place, *KINDS), added(place, b"old" * 10_000)]
    (place / "layers" / "system-1.digest").write_text("0" * 64)
    for path in old:
        age(path)
    fresh = [*made(place, *(f"{kind}0" for kind in KINDS)), added(place, b"fresh")]
    for path in fresh:
        age(path, days=29)
    removed = remove(place)
    assert removed.entries == len(old) and removed.size >= 10_000 * len(old)
    assert [path for path in old if path.exists()] == [] and all(path.exists() for path in fresh)
    left = sorted(
        name for path in old for name in os.listdir(path.parent) if name.startswith(path.name) and path.name + "0" not in name
    )
    assert left == [], "no notes either"
    assert remove(place) == NOTHING


def test_given_entries_in_use_when_collected_then_they_stay_however_old(place):
    held = [entries.ensure(str(place / kind), fill) for kind in KINDS]
    shown = added(place, b"shown")
    files = Cache(str(place))
    assert files.show(File("/root/shown", shown.name, 5, 0o644)) == str(shown)
    for path in (*(place / kind for kind in KINDS), shown):
        age(path)
    assert remove(place) == NOTHING
    for descriptor in (*held, *files._shown):
        os.close(descriptor)
    assert remove(place).entries == len(KINDS) + 1


def test_given_an_old_entry_when_it_is_used_again_then_it_stays(place, http):
    (path,) = made(place, "layers/given-1")
    file = added(place, b"content")
    for it in (path, file):
        age(it)
    os.close(locks.hold(str(path)))
    with Cache(str(place)).at_hand([File("/root/file", file.name, 7, 0o644)], lambda: None):
        pass
    assert remove(place) == NOTHING


def test_given_an_entry_of_a_time_without_notes_when_collected_then_its_time_begins(place):
    path = place / "layers" / "system-1"
    path.mkdir(parents=True)
    assert remove(place) == NOTHING and path.exists()
    age(path)
    assert remove(place).entries == 1


def test_given_a_file_that_a_start_is_about_to_copy_when_collected_then_it_stays(place):
    file = added(place, b"content")
    with Cache(str(place)).at_hand([], lambda: None):
        age(file)
        assert remove(place) == NOTHING
    assert remove(place).entries == 1


def test_given_base_systems_when_collected_then_those_stay_on_which_a_layer_stands(place, store, monkeypatch):
    top, system, other = made(place, "layers/python-1", "layers/system-1", "layers/system-2")
    for path in (top, system, other):
        age(path)
    layer = place / "layers" / ("a" * layers.NAME)
    layer.mkdir()
    os.close(store.hold(layer.name))
    assert remove(place) == NOTHING, "nobody has said on which one it stands"
    os.close(store.hold(layer.name, layers.bases_of([str(top), str(system)])))
    assert remove(place).entries == 1
    assert top.exists() and system.exists() and not other.exists()
    monkeypatch.setattr(layers, "YOUNG_S", -1)
    assert store.collect(layer.name) is not None
    assert remove(place).entries == 2


def test_given_a_layer_that_was_made_then_it_says_on_what_it_stands(place, store):
    made(place, "layers/system-1", "layers/system-2")
    for name in ("system-1", "system-2"):
        age(place / "layers" / name)
    tree = os.path.join(store.place(), "tree")
    os.mkdir(tree)
    store.keep(tree, "system-1", ["system-1"])
    assert remove(place).entries == 1
    assert (place / "layers" / "system-1").exists()


KILLED = """
import os, sys
from serai_runner import entries, trees
trees.remove = lambda tree: os._exit(9)
entries.collect(sys.argv[1])
"""


def test_given_a_collector_that_is_killed_when_an_entry_is_needed_then_it_is_made_anew_and_nothing_is_left(place, monkeypatch):
    (path,) = made(place, "layers/given-1")
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], env=environment).returncode == 9
    assert not path.exists()
    os.close(entries.ensure(str(path), fill))
    assert sorted(os.listdir(path)) == ["first", "last"]
    assert remove(place) == NOTHING, "it is young"
    monkeypatch.setattr(entries, "YOUNG_S", -1)
    assert remove(place).entries == 1
    assert sorted(os.listdir(path.parent)) == ["given-1", "given-1.used"]


@pytest.mark.parametrize(
    "name",
    [
        "layers/.partial-1-ab", "layers/given-1.gone-1-ab", "runtime/modal-1.6.4-cp311.partial", "runtime/.partial-1-ab",
        "runner/1-a-cpython-311.17.0a1b2c3d", "files/ab/abcd.17.0a1b2c3d", "runner/abcd.pyz.17.new",
    ],
)  # fmt: skip
def test_given_what_was_left_by_a_kill_when_collected_then_it_goes_unless_it_is_young(place, name, monkeypatch):
    half = place / name
    half.parent.mkdir(parents=True)
    if name.startswith("files") or name.endswith("new"):
        half.write_bytes(b"x" * 10_000)
    else:
        half.mkdir()
        (half / "file").write_bytes(b"x" * 10_000)
    assert remove(place) == NOTHING and half.exists()
    monkeypatch.setattr(entries, "YOUNG_S", -1)
    removed = remove(place)
    assert removed.entries == 1 and removed.size >= 10_000
    assert not half.exists()


def test_given_a_download_under_way_when_collected_then_it_is_left_alone(place, monkeypatch):
    monkeypatch.setattr(entries, "YOUNG_S", -1)
    content = b"content"

    def fill(out) -> None:
        out.write(content)
        assert remove(place) == NOTHING

    Cache(str(place)).put(hashlib.sha256(content).hexdigest(), fill)


def beside(work, collect) -> None:
    """Two do some work while two collect again and again; what one of them raises is raised."""
    failures: list[BaseException] = []
    over = threading.Event()

    def run(it) -> None:
        try:
            it()
        except BaseException as e:
            failures.append(e)

    def tidy() -> None:
        while not over.is_set():
            collect()

    workers, collectors = ([threading.Thread(target=run, args=(it,)) for _ in range(2)] for it in (work, tidy))
    for thread in workers + collectors:
        thread.start()
    for thread in workers:
        thread.join()
    over.set()
    for thread in collectors:
        thread.join()
    if failures:
        raise failures[0]


def test_given_a_cache_that_one_may_only_read_when_something_is_used_then_it_is_found(ordinary):
    cache = pathlib.Path(ordinary.cache)
    (path,) = made(cache, "runtime/modal-1")
    for directory in (ordinary.directory, cache, path.parent):
        directory.chmod(0o755)
    program = "import sys; from serai_runner import locks; print(locks.hold(sys.argv[1]) is not None)"
    command = [*ordinary.prefix, ordinary.python, "-c", program, str(path)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ordinary.packed)}, capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


def test_given_an_entry_that_goes_and_comes_while_one_waits_to_use_it_then_the_new_one_is_held(place):
    (path,) = made(place, "layers/given-1")
    note = path.with_name(path.name + locks.NOTE)
    held: list[int] = []
    starter = threading.Thread(target=lambda: held.append(locks.hold(str(path))))
    with locks.alone(str(path)):
        starter.start()
        inode = f":{note.stat().st_ino} "
        until(lambda: [it for it in pathlib.Path("/proc/locks").read_text().splitlines() if "->" in it and inode in it])
        path.rename(place / "gone")
        note.unlink()
        made(place, "layers/given-1")
    starter.join()
    assert entries.collect(str(path)) is None
    os.close(held[0])
    assert entries.collect(str(path)) is not None


def test_given_starts_beside_collectors_then_each_has_a_whole_entry_for_as_long_as_it_needs_it(place):
    path = str(place / "layers" / "given-1")
    times: list[int] = []

    def make(tree: str) -> None:
        times.append(1)
        fill(tree)

    def start() -> None:
        for _ in range(3):
            held = entries.ensure(path, make)
            assert sorted(os.listdir(path)) == ["first", "last"]
            assert pathlib.Path(path, "last").stat().st_size == 10_000
            os.close(held)
            entries.collect(path)  # as builds do

    beside(start, lambda: entries.collect(path))
    assert len(times) > 1
    entries.collect(path)
    assert os.listdir(place / "layers") == []


def test_given_starts_beside_collectors_then_each_has_its_files(place, tmp_path):
    file = File("/root/file", hashlib.sha256(b"content").hexdigest(), 7, 0o644)

    class Source:
        def get(self, _path, out) -> None:
            out.write(b"content")

        def close(self) -> None: ...

    def start() -> None:
        for _ in range(200):
            with Cache(str(place)).at_hand([file], Source) as files:
                assert pathlib.Path(files.path(file.sha256)).read_bytes() == b"content"

    beside(start, lambda: Cache(str(place)).collect(file.sha256, float("inf")))


WAIT = "import time\nprint('up', flush=True)\ntime.sleep(60)"


def test_given_a_container_that_runs_for_long_when_collected_then_all_that_it_uses_stays(packed, place, http, tmp_path):
    from launch import Node

    (tmp_path / "node").mkdir()
    with Node(packed, str(place), http, tmp_path / "node") as node:
        node.runtime("")
        node.run()  # leaves itself compiled
        http.exits.clear()
        http.add_file("/root/large", b"x" * LARGE_BYTES)
        node.runtime(WAIT)
        process = node.start()
        node.text_shown(1, "up")
        program = pathlib.Path(compiled.directory(str(packed), str(place)))
        client = next((place / "runtime").glob("modal-0.0.0-cp*[0-9]"))
        large = pathlib.Path(Cache(str(place)).path(http.listed[0]["sha256"]))
        for path in (program, client, large):
            age(path)
        assert remove(place) == NOTHING
        process.terminate()
        process.wait()
        for path in (program, client, large):
            age(path)
        assert remove(place).entries == 3


@pytest.mark.skipif(not roots.available(), reason="needs root")
def test_given_a_container_of_an_image_that_runs_for_long_when_collected_then_its_root_stays(packed, place, http, base, tmp_path):
    from launch import Node

    (tmp_path / "node").mkdir()
    with Node(packed, str(place), http, tmp_path / "node") as node:
        node.runtime(WAIT, tag=f"cp{roots.python().replace('.', '')}")
        http.answer.update(root={"base": base, "layers": ["a" * 64]}, python_version=roots.python())
        http.add_file("/root/app.py", "mine = 1")
        layer = place / "layers" / ("a" * layers.NAME)
        layer.mkdir(parents=True)
        process = node.start()
        node.text_shown(1, "up")
        used = [path for path in (place / "layers").iterdir() if path.is_dir() and path != layer]
        assert sorted(path.name.partition("-")[0] for path in used) == ["files", "given"]
        for path in used:
            age(path)
        assert remove(place) == NOTHING
        process.terminate()
        process.wait()
        assert remove(place).entries == 1, "of its own files; it was said on which base the layer stands"
        layer.rmdir()
        assert remove(place).entries == 1


def test_given_the_servers_retention_when_collected_by_command_then_it_counts_and_is_reported(place, http, packed):
    (path,) = made(place, "layers/given-1")
    age(path, days=3)
    assert collect.collect(str(place), http.url, TOKEN)[-2:] == (0, 0)
    http.cache_retention_s = 2 * DAY_S
    environment = {"PATH": os.environ["PATH"], "SERAI_CACHE": str(place), "SERAI_URL": http.url, "SERAI_ADMIN_TOKEN": TOKEN}
    command = [sys.executable, str(packed), "collect", "--cache", str(place), "--json"]
    said = json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)
    assert said["unused"] == 1 and said["unused_freed"] >= 20_000
    assert not path.exists()


def test_given_a_server_that_says_no_retention_then_all_stays(place, http):
    (path,) = made(place, "layers/given-1")
    age(path, days=3000)
    http.cache_retention_s = None
    assert collect.collect(str(place), http.url, TOKEN)[-2:] == (0, 0)
    assert path.exists()


def test_given_hard_links_when_a_tree_is_measured_then_a_file_counts_once_and_one_with_names_elsewhere_not(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    empty = trees.size(str(tree))
    (tree / "one").write_bytes(b"x" * 100_000)
    alone = trees.size(str(tree))
    os.link(tree / "one", tree / "two")
    assert trees.size(str(tree)) == alone >= empty + 100_000
    os.link(tree / "one", tmp_path / "elsewhere")
    assert trees.size(str(tree)) == empty


def test_given_no_entry_nor_a_directory_for_it_when_collected_then_nothing_happens(tmp_path):
    assert entries.collect(str(tmp_path / "layers" / "given-1")) is None
    assert not os.listdir(tmp_path)
