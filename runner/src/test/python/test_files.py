# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The node's cache of files and their layout for one container."""

from __future__ import annotations

import hashlib
import os

import pytest
from fakes import TOKEN
from serai_runner.addresses import Addresses
from serai_runner.files import LARGE_BYTES, Cache, lay_out
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
