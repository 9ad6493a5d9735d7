# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What a container may write to its node's disk, and what happens to one that writes more."""

from __future__ import annotations

import os

import pytest
import roots
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


def test_given_a_removed_file_when_a_process_has_it_open_then_it_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "_IN_MEMORY", ("/memfd:",))  # a container's /tmp is, this machine's may be a disk
    with (tmp_path / "gone").open("wb") as file:
        file.write(bytes(2 * MIB))
        file.flush()
        os.unlink(tmp_path / "gone")
        assert disk.used(str(tmp_path), []) < MIB
        assert disk.used(str(tmp_path), [os.getpid(), os.getpid()]) >= 2 * MIB


def test_given_no_limit_then_it_is_half_of_what_is_free(tmp_path):
    found = os.statvfs(tmp_path)
    watch = disk.Watch(str(tmp_path), None, list, lambda: None)
    assert watch.limit_mb == pytest.approx(found.f_bavail * found.f_frsize / 2 / MIB, rel=0.2)


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
