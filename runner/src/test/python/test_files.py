# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The node's cache of files and their layout for one container."""

from __future__ import annotations

import hashlib
import os
import tempfile

import pytest
import roots
from fakes import TOKEN
from serai_runner import trees
from serai_runner.addresses import Addresses
from serai_runner.files import LARGE_BYTES, Cache, lay_out, lay_out_for_layer, sha256_of
from serai_runner.problems import Failed
from serai_runner.registration import File
from serai_runner.server import Server


@pytest.fixture
def files(tmp_path):
    return Cache(str(tmp_path / "cache"))


def listed(http) -> list[File]:
    return [File(**each) for each in http.listed]


def connect(http):
    return lambda: Server(Addresses([http.url]), TOKEN)


def test_given_files_when_they_are_fetched_twice_then_the_server_is_asked_once(files, http):
    for n in range(50):
        http.add_file(f"/root/{n}.py", f"# {n % 40}")
    assert files.fetch(listed(http), connect(http)) == 40
    assert files.fetch(listed(http), connect(http)) == 0
    assert len(http.fetched) == 40


def test_given_other_bytes_than_the_name_says_when_they_come_then_they_are_not_kept(files, http, tmp_path):
    http.add_file("/root/a.py", "good")
    http.files[http.listed[0]["sha256"]] = b"evil"
    with pytest.raises(Failed, match="are not file"):
        files.fetch(listed(http), connect(http))
    assert not [f for _, _, f in os.walk(tmp_path / "cache") if f]


def test_given_a_busy_server_when_files_are_fetched_then_it_is_asked_again(files, http):
    http.add_file("/root/a.py", "x")
    http.faults = [("/internal/v1/files", 503, "busy")] * 2
    assert files.fetch(listed(http), connect(http)) == 1


def test_given_a_file_the_server_does_not_have_then_its_path_is_named(files, http):
    http.add_file("/root/a.py", "x")
    http.files.clear()
    with pytest.raises(Failed, match=r"/root/a.py"):
        files.fetch(listed(http), connect(http))


def test_given_a_large_file_when_it_is_fetched_then_it_is_whole(files, http):
    http.add_file("/root/large", os.urandom(20 << 20))
    http.add_file("/root/empty", b"")
    assert files.fetch(listed(http), connect(http)) == 2
    assert os.path.getsize(files.path(http.listed[0]["sha256"])) == 20 << 20


def test_given_a_connection_cut_in_a_file_when_it_is_fetched_then_it_is_asked_for_again(files, http):
    http.add_file("/root/a", os.urandom(5 << 20))
    http.cuts = 1
    assert files.fetch(listed(http), connect(http)) == 1
    assert len(http.fetched) == 2


def test_given_a_cut_off_file_in_the_cache_when_it_is_needed_then_it_is_fetched_again(files, http):
    http.add_file("/root/a.py", "all of it")
    files.fetch(listed(http), connect(http))
    with open(files.path(http.listed[0]["sha256"]), "w") as file:
        file.write("all")
    assert files.fetch(listed(http), connect(http)) == 1


def test_given_files_when_they_are_laid_out_then_they_are_copies_with_their_modes(files, http, tmp_path):
    http.add_file("/root/a.py", "a", mode=0o755)
    files.fetch(listed(http), connect(http))
    lay_out(listed(http), files, str(tmp_path / "tree"))
    copy = tmp_path / "tree" / "root" / "a.py"
    assert copy.stat().st_nlink == 1
    assert copy.stat().st_mode & 0o777 == 0o755
    copy.write_text("changed")
    assert open(files.path(http.listed[0]["sha256"])).read() == "a"


def test_given_a_large_file_when_it_is_laid_out_then_it_is_shown_from_the_cache_read_only(files, tmp_path):
    sha256 = hashlib.sha256(bytes(LARGE_BYTES)).hexdigest()
    files.put(sha256, lambda out: out.write(bytes(LARGE_BYTES)))
    bindings = lay_out([File("/models/weights", sha256, LARGE_BYTES, 0o644)], files, str(tmp_path / "tree"))
    assert bindings[-1] == (files.path(sha256), "/models/weights", False)
    assert os.stat(files.path(sha256)).st_mode & 0o777 == 0o644, "others may read it who are shown it"
    lay_out([File("/models/program", sha256, LARGE_BYTES, 0o755)], files, str(tmp_path / "other"))
    assert os.stat(files.path(sha256)).st_mode & 0o777 == 0o755
    assert not (tmp_path / "tree" / "models").exists()


@pytest.mark.parametrize(
    "path", ["relative", "/root/../etc/passwd", "//x", "/", "/root/", "/root/./a", "/proc/x", "/pkg/modal/x.py", "/a\0b"]
)
def test_given_a_path_a_container_cannot_have_then_it_is_refused(files, tmp_path, path):
    with pytest.raises(Failed):
        lay_out([File(path, "ab" * 32, 1, 0o644)], files, str(tmp_path / "tree"))


def test_given_two_hundred_files_when_they_are_in_the_cache_then_they_are_laid_out_without_a_request(files, http, tmp_path):
    for n in range(200):
        data = f"# {n}\n" * 300
        sha256 = hashlib.sha256(data.encode()).hexdigest()
        http.listed.append({"path": f"/root/p{n % 10}/m{n}.py", "sha256": sha256, "size": len(data), "mode": 0o644})
        files.put(sha256, lambda out, data=data: out.write(data.encode()))
    assert files.fetch(listed(http), connect(http)) == 0
    lay_out(listed(http), files, str(tmp_path / "tree"))
    assert http.fetched == []
    assert len(list((tmp_path / "tree").rglob("*.py"))) == 200


def kept(files: Cache, content: bytes = b"x" * LARGE_BYTES, mode: int = 0o644, path: str = "/root/large") -> File:
    sha256 = hashlib.sha256(content).hexdigest()
    files.put(sha256, lambda out: out.write(content))
    return File(path, sha256, len(content), mode)


def test_given_a_tree_that_nobody_writes_to_when_laid_out_then_it_has_large_files_in_common_with_the_cache(files, tmp_path):
    large, small = kept(files), kept(files, b"small", path="/root/small")
    for number in range(2):
        tree = tmp_path / f"tree-{number}"
        lay_out_for_layer([large, small], files, str(tree), is_shared=True)
        assert os.path.samefile(tree / "root/large", files.path(large.sha256))
        assert not os.path.samefile(tree / "root/small", files.path(small.sha256))
        assert (tree / "root/large").stat().st_mode & 0o777 == 0o644
    assert os.stat(files.path(large.sha256)).st_nlink == 3


def test_given_a_tree_that_its_container_writes_to_when_laid_out_then_it_has_copies(files, tmp_path):
    large = kept(files)
    lay_out_for_layer([large], files, str(tmp_path / "tree"))
    assert not os.path.samefile(tmp_path / "tree/root/large", files.path(large.sha256))


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_given_a_large_file_with_another_mode_than_others_have_when_laid_out_then_each_has_its_own(files, tmp_path, mode):
    large = kept(files)
    lay_out_for_layer([large], files, str(tmp_path / "one"), is_shared=True)
    lay_out_for_layer([large._replace(mode=mode)], files, str(tmp_path / "other"), is_shared=True)
    assert (tmp_path / "one/root/large").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "other/root/large").stat().st_mode & 0o777 == mode


def test_given_a_large_file_of_a_layer_when_it_is_shown_as_a_program_then_the_layers_is_none(files, tmp_path):
    large = kept(files)
    lay_out_for_layer([large], files, str(tmp_path / "tree"), is_shared=True)
    shown = files.show(large._replace(mode=0o755))
    assert os.stat(shown).st_mode & 0o777 == 0o755
    assert (tmp_path / "tree/root/large").stat().st_mode & 0o777 == 0o644
    assert os.listdir(os.path.dirname(shown)) == [large.sha256]
    with open(shown, "rb") as file:
        assert sha256_of(file) == large.sha256


def test_given_a_cache_on_another_file_system_when_laid_out_then_large_files_are_copied(tmp_path):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        if os.stat(elsewhere).st_dev == tmp_path.stat().st_dev:
            pytest.skip("needs two file systems")
        files = Cache(elsewhere)
        lay_out_for_layer([kept(files)], files, str(tmp_path / "tree"), is_shared=True)
        assert (tmp_path / "tree/root/large").stat().st_size == LARGE_BYTES


def test_given_a_large_file_that_a_layer_has_when_collected_then_it_stays_as_long_as_the_layer_does(files, tmp_path):
    large = kept(files)
    lay_out_for_layer([large], files, str(tmp_path / "tree"), is_shared=True)
    assert files.collect(large.sha256, float("inf")) is None
    trees.remove(str(tmp_path / "tree"))
    assert files.collect(large.sha256, float("inf")) >= LARGE_BYTES


WRITES = """
import os
os.chmod('/root/large', 0o600)
with open('/root/large', 'r+b') as file:
    file.write(b'mine')
print(open('/root/large', 'rb').read(5), os.stat('/root/large').st_uid)
"""


@pytest.mark.skipif(not roots.available(), reason="needs root")
def test_given_a_container_of_an_image_that_writes_to_its_large_file_then_the_caches_is_as_it_was(node, http, base):
    node.runtime(WRITES, tag=f"cp{roots.python().replace('.', '')}")
    http.answer.update(root={"base": base, "layers": []}, python_version=roots.python())
    http.add_file("/root/large", os.urandom(8) + b"x" * LARGE_BYTES)
    node.run()
    assert http.text(1).startswith("b'mine") and http.text(1).endswith(" 0\n"), http.text(2)
    sha256 = http.listed[0]["sha256"]
    path = Cache(node.cache).path(sha256)
    assert os.stat(path).st_nlink == 2 and os.stat(path).st_mode & 0o777 == 0o644
    with open(path, "rb") as file:
        assert sha256_of(file) == sha256
