# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What a container may write to its node's disk, and what happens to one that writes more."""

from __future__ import annotations

import os
import subprocess
import tracemalloc

import pytest
import roots
from fakes import until
from serai_runner import disk

MIB = 1 << 20


def test_given_files_when_their_room_is_counted_then_each_counts_once_and_an_empty_one_too(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside/large").write_bytes(bytes(3 * MIB))
    os.link(tmp_path / "inside/large", tmp_path / "again")
    (tmp_path / "link").symlink_to("/usr")
    empty = disk.used(str(tmp_path), [])
    assert 3 * MIB <= empty < 4 * MIB
    for i in range(100):
        (tmp_path / f"empty-{i}").touch()
    assert disk.used(str(tmp_path), []) >= empty + 100 * disk.LEAST


def test_given_a_hole_when_its_room_is_counted_then_it_takes_none(tmp_path):
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(100 * MIB)
    assert disk.used(str(tmp_path), []) < MIB


@pytest.mark.parametrize("name", ["gone", "memfd:gone"])
def test_given_a_removed_file_when_a_process_has_it_open_then_it_counts_whatever_its_name(tmp_path, name, monkeypatch):
    monkeypatch.setattr(disk, "_in_memory", lambda pid: frozenset(disk._nameless()))  # where the tests write may be in memory
    with (tmp_path / name).open("wb") as file:
        file.write(bytes(2 * MIB))
        file.flush()
        os.unlink(tmp_path / name)
        assert disk.used(str(tmp_path), []) < MIB
        assert disk.used(str(tmp_path), [os.getpid(), os.getpid()]) >= 2 * MIB


def test_given_a_removed_file_in_memory_when_a_process_has_it_open_then_it_counts_as_memory_only():
    file = os.memfd_create("gone")
    try:
        os.write(file, bytes(2 * MIB))
        assert os.fstat(file) not in list(disk.removed(os.getpid()))
    finally:
        os.close(file)


def test_given_no_limit_then_it_is_half_of_what_is_free(tmp_path):
    found = os.statvfs(tmp_path)
    assert disk.limit(None, str(tmp_path)) == pytest.approx(found.f_bavail * found.f_frsize / 2 / MIB, rel=0.2)


def test_given_files_that_come_and_go_when_their_room_is_counted_then_those_that_stay_count(tmp_path, monkeypatch):
    for i in range(50):
        (tmp_path / f"passing-{i}").touch()
    (tmp_path / "stays").write_bytes(bytes(2 * MIB))
    listed = os.scandir

    def emptied(path):
        found = listed(path)
        entries = list(found)
        for entry in entries:
            if entry.name.startswith("passing"):
                os.unlink(tmp_path / entry.name)
        return Listing(entries)

    monkeypatch.setattr(disk.os, "scandir", emptied)
    assert disk.used(str(tmp_path), []) >= 2 * MIB


@pytest.fixture
def meanwhile(monkeypatch):
    """Has something done once the first directory was looked through."""

    def arrange(act) -> None:
        listed, left = os.scandir, [act]

        def scandir(directory):
            found = Listing(listed(directory))
            for entry in found:
                entry.stat(follow_symlinks=False)
            if left:
                left.pop()()
            return found

        monkeypatch.setattr(disk.os, "scandir", scandir)

    return arrange


def test_given_a_file_that_is_moved_when_its_room_is_counted_meanwhile_then_it_counts_once(tmp_path, meanwhile):
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").write_bytes(bytes(5 * MIB))
    meanwhile(lambda: os.rename(tmp_path / "file", tmp_path / "directory/file"))
    assert 5 * MIB <= disk.used(str(tmp_path), [], 8 * MIB) < 6 * MIB


def test_given_a_link_that_takes_a_directorys_place_when_counted_meanwhile_then_it_leads_nowhere(tmp_path, meanwhile):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/large").write_bytes(bytes(5 * MIB))
    directory = tmp_path / "written/directory"
    directory.mkdir(parents=True)

    def replace():
        directory.rmdir()
        directory.symlink_to(tmp_path / "elsewhere")

    meanwhile(replace)
    assert disk.used(str(tmp_path / "written"), []) < MIB


def test_given_a_file_of_two_names_when_one_is_removed_and_a_process_has_it_open_then_it_counts_once(tmp_path):
    with (tmp_path / "one").open("wb") as file:
        file.write(bytes(5 * MIB))
        file.flush()
        os.link(tmp_path / "one", tmp_path / "other")
        os.unlink(tmp_path / "one")
        assert 5 * MIB <= disk.used(str(tmp_path), [os.getpid()]) < 6 * MIB


def test_given_room_that_is_reserved_when_it_is_counted_then_it_is_taken(tmp_path):
    with (tmp_path / "reserved").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 5 * MIB)
    assert 5 * MIB <= disk.used(str(tmp_path), []) < 6 * MIB


def test_given_more_than_the_limit_when_counted_then_the_rest_is_not_looked_at(tmp_path):
    for i in range(1_000):
        (tmp_path / str(i)).touch()
    assert disk.used(str(tmp_path), [], MIB) == MIB + disk.LEAST


def test_given_many_files_when_counted_then_they_are_not_kept_in_mind(tmp_path):
    for i in range(5_000):
        (tmp_path / str(i)).touch()
    made = os.stat(tmp_path / "4999").st_ctime_ns
    while disk.now() <= made:
        pass
    tracemalloc.start()
    try:
        assert disk.used(str(tmp_path), []) == 5_000 * disk.LEAST
        assert tracemalloc.get_traced_memory()[1] < 5_000 * 50
    finally:
        tracemalloc.stop()


class Sparingly(disk.Written):
    """On a disk that has as much free as the test says."""

    def __init__(self, directory, limit=10 * MIB):
        self.free, self.counts = 1000 * MIB, 0
        super().__init__(str(directory), list, limit)

    def _free(self):
        return [self.free]

    def _counted(self):
        self.counts += 1
        return super()._counted()


def test_given_a_disk_that_loses_less_than_the_limit_then_nobody_counts(tmp_path):
    count = Sparingly(tmp_path)
    count.free -= 4 * MIB
    assert count() == 4 * MIB
    count.free += 100 * MIB  # somebody frees something, which need not be the container
    count.free -= 6 * MIB
    assert count() <= 10 * MIB
    count.free -= 5 * MIB
    count()
    assert count.counts == 0
    count.free -= 2 * MIB
    count()
    assert count.counts == 1


def test_given_a_directory_that_has_something_when_more_is_written_then_that_counts(tmp_path):
    (tmp_path / "before").write_bytes(bytes(20 * MIB))
    count = Sparingly(tmp_path)
    (tmp_path / "more").write_bytes(bytes(5 * MIB))
    count.free -= 50 * MIB
    assert 5 * MIB <= count() < 6 * MIB
    (tmp_path / "more").write_bytes(bytes(12 * MIB))
    count.free -= 12 * MIB
    assert count() > 10 * MIB


def test_given_others_who_free_as_much_as_it_writes_then_it_is_counted_now_and_then(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "AGAIN_S", 0)
    count = Sparingly(tmp_path)
    (tmp_path / "more").write_bytes(bytes(12 * MIB))
    assert count() > 10 * MIB


class Listing(list):
    """As os.scandir's answer, of what was there a moment ago."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


DEEP = """
import os, time
os.makedirs("/opt/deep")
os.chdir("/opt/deep")
for _ in range(30):
    os.mkdir("x" * 200)
    os.chdir("x" * 200)
with open("large", "wb") as file:
    for _ in range(200):
        file.write(bytes(1 << 20))
print("hidden", flush=True)
time.sleep(60)
"""


def test_given_a_container_when_it_hides_what_it_writes_below_a_path_that_is_too_long_then_it_is_ended(node, http, base):
    http.answer.update(root={"base": base, "layers": []}, python_version=roots.python(), limits={"disk_mb": 100, "pids": 100})
    node.runtime(DEEP, tag="cp" + roots.python().replace(".", ""))
    assert node.run().code == 137
    assert http.exits[0]["reason"] == "out of disk: what it wrote cannot be counted: File name too long"


def test_given_directories_deeper_than_python_recurses_when_counted_then_what_is_in_them_counts(tmp_path):
    deep = tmp_path
    for _ in range(1_200):
        deep = deep / "d"
        deep.mkdir()
    (deep / "large").write_bytes(bytes(2 * MIB))
    try:
        assert disk.used(str(tmp_path), []) >= 2 * MIB
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)  # Python's own removal recurses


def test_given_a_path_that_is_too_long_on_the_node_only_when_counted_then_what_is_there_counts(tmp_path):
    """Inside, it begins at the root."""
    inside = "/".join(["x" * 203] * 20)
    subprocess.run(["mkdir", "-p", inside], cwd=tmp_path, check=True)
    top = os.open(tmp_path, os.O_RDONLY)
    deepest = os.open(inside, os.O_RDONLY, dir_fd=top)
    try:
        with open(os.open("large", os.O_WRONLY | os.O_CREAT, dir_fd=deepest), "wb") as file:
            file.write(bytes(2 * MIB))
        assert len(os.fsencode(f"{tmp_path}/{inside}")) > 4095
        assert disk.used(str(tmp_path), []) >= 2 * MIB
    finally:
        os.close(deepest)
        os.close(top)


WRITES = """
import os
with open("/opt/large", "wb") as file:
    {before}
    for _ in range(200):
        file.write(bytes(1 << 20))
    file.flush()
    print("all of it", flush=True)
    import time; time.sleep(60)
"""


@pytest.mark.parametrize("before", ["pass", 'os.unlink("/opt/large")'], ids=["named", "removed"])
def test_given_a_container_when_it_writes_more_than_it_may_then_it_is_ended_and_the_reason_is_told(node, http, base, before):
    http.answer.update(root={"base": base, "layers": []}, python_version=roots.python(), limits={"disk_mb": 100, "pids": 100})
    node.runtime(WRITES.format(before=before), tag="cp" + roots.python().replace(".", ""))
    assert node.run().code == 137
    reason = "out of disk: it wrote more than 100 MiB. Ask for more, as by ephemeral_disk=…"
    assert http.exits == [{"exit_code": None, "signal": 9, "reason": reason}]


def test_given_a_container_when_it_writes_less_than_it_may_then_it_goes_on(node, http, base):
    http.answer.update(root={"base": base, "layers": []}, python_version=roots.python(), limits={"disk_mb": 300, "pids": 100})
    node.runtime(WRITES.format(before="pass").replace("sleep(60)", "sleep(3)"), tag="cp" + roots.python().replace(".", ""))
    assert node.run().out == "all of it\n"
    assert [one["exit_code"] for one in http.exits] == [0]


PLAIN = WRITES.replace("/opt/large", "{place}/large")
TOLD = {"exit_code": None, "signal": 9, "reason": "out of disk: it wrote more than 100 MiB. Ask for more, as by ephemeral_disk=…"}


@pytest.mark.parametrize("before", ["pass", 'os.unlink("{place}/large")'], ids=["named", "removed"])
@pytest.mark.parametrize("place", ["/root", "/tmp", "/data"])
def test_given_a_container_of_the_nodes_system_when_it_writes_more_than_it_may_then_it_is_ended(node, http, place, before):
    http.answer["limits"] = {"disk_mb": 100, "pids": 100}
    http.add_file("/data/own.txt", "of the task")
    node.runtime(PLAIN.format(before=before.format(place=place), place=place))
    assert node.run().code == 137
    assert http.exits == [TOLD]
    assert not list(node.containers.iterdir())


@pytest.mark.parametrize("before", ["pass", 'os.unlink("/root/large")'], ids=["named", "removed"])
def test_given_a_runner_without_rights_when_its_container_writes_more_than_it_may_then_it_is_ended(
    ordinary, http, before, own_by_nobody
):
    http.answer["limits"] = {"disk_mb": 100}
    ordinary.runtime(PLAIN.format(before=before, place="/root"))
    own_by_nobody(ordinary)
    assert ordinary.run().code == 137
    assert http.exits == [TOLD]


def test_given_files_of_the_task_when_they_are_larger_than_the_limit_then_they_do_not_count(node, http):
    http.answer["limits"] = {"disk_mb": 20, "pids": 100}
    for i in range(3):
        http.add_file(f"/data/{i}", "x" * (10 * MIB))
    node.runtime(PLAIN.format(before="pass", place="/root").replace("range(200)", "range(15)").replace("sleep(60)", "sleep(3)"))
    assert node.run().out == "all of it\n"
    assert [one["exit_code"] for one in http.exits] == [0]


def test_given_a_container_of_the_nodes_system_when_it_writes_to_memory_then_that_is_no_disk(node, http):
    http.answer["limits"] = {"disk_mb": 20, "pids": 100}
    node.runtime(PLAIN.format(before="pass", place="/var/tmp").replace("range(200)", "range(30)").replace("sleep(60)", "sleep(3)"))
    assert node.run().out == "all of it\n"


READS = """
import os, time
with open("/data/large", "rb") as file:
    print("open", flush=True)
    while os.stat("/data/large").st_nlink:
        time.sleep(0.05)
    for _ in range(3):
        with open("/root/passing", "wb") as passing:
            passing.write(bytes(15 << 20))
        time.sleep(1.5)
        os.unlink("/root/passing")
        time.sleep(1.5)
    print(len(file.read()) >> 20)
"""


def test_given_a_large_file_of_the_task_when_the_node_loses_it_while_it_is_open_then_it_does_not_count(node, http):
    http.answer["limits"] = {"disk_mb": 20, "pids": 100}
    http.add_file("/data/large", "x" * (40 * MIB))
    node.runtime(READS)
    process = node.start()
    until(lambda: "open" in http.text(1), 60, "it is open")
    sha256 = next(file["sha256"] for file in http.listed if file["path"] == "/data/large")
    os.unlink(os.path.join(node.cache, "files", sha256[:2], sha256))
    process.communicate(timeout=60)
    assert [one["exit_code"] for one in http.exits] == [0], http.exits
    assert http.text(1).split() == ["open", "40"]
