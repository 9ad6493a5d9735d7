# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What was written below a directory, found by its time, and how seldom somebody looks."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest
from serai_runner import counted, disk

MIB = 1 << 20


class Counting(counted.Count):
    """On a disk that has as much free as the test says."""

    def __init__(self, directory, since, limit=10 * MIB):
        self.free, self.walks = 1000 * MIB, 0
        super().__init__([str(directory)], since, limit)

    def _free(self):
        return [self.free]

    def _open(self, hidden):
        return iter(())

    def _walk(self, hidden):
        self.walks += 1
        return super()._walk(hidden)


@pytest.fixture
def after(tmp_path) -> int:
    """A time after which what the tests made before is old."""
    (tmp_path / "old").write_bytes(bytes(20 * MIB))
    made = os.stat(tmp_path / "old").st_ctime_ns
    while disk.now() <= made:
        pass
    return disk.now()


def test_given_a_disk_that_loses_less_than_the_limit_then_nobody_counts_and_that_is_the_most_it_can_be(tmp_path, after):
    count = Counting(tmp_path, after)
    count.free -= 4 * MIB
    assert count() == 4 * MIB
    count.free += 3 * MIB  # somebody frees something, which need not be the container
    count.free -= 5 * MIB
    assert count() == 6 * MIB
    assert not count.walks


def test_given_a_disk_that_loses_more_than_the_limit_then_what_is_new_is_counted_and_is_the_measure_from_then_on(tmp_path, after):
    count = Counting(tmp_path, after)
    (tmp_path / "new").write_bytes(bytes(3 * MIB))
    os.utime(tmp_path / "new", (0, 0))
    count.free -= 50 * MIB
    assert 3 * MIB <= count() < 4 * MIB
    count.free -= 2 * MIB
    assert 5 * MIB <= count() < 6 * MIB
    assert count.walks == 1
    (tmp_path / "more").write_bytes(bytes(12 * MIB))
    count.free -= 12 * MIB
    assert 15 * MIB <= count() < 16 * MIB


def test_given_a_disk_whose_free_space_says_nothing_then_it_is_counted_now_and_then(tmp_path, after, monkeypatch):
    monkeypatch.setattr(disk, "AGAIN_S", 0)
    count = Counting(tmp_path, after)
    (tmp_path / "new").write_bytes(bytes(12 * MIB))
    assert count() >= 12 * MIB


def test_given_an_old_file_when_it_is_changed_then_it_counts(tmp_path, after):
    count = Counting(tmp_path, after)
    with (tmp_path / "old").open("ab") as file:
        file.write(b"more")
    count.free -= 50 * MIB
    assert count() >= 20 * MIB


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_given_an_overlay_and_the_disk_on_which_it_lies_when_what_is_free_is_looked_at_then_it_is_looked_at_once(tmp_path):
    for name in ("lower", "upper", "work", "root", "memory"):
        (tmp_path / name).mkdir()
    places = [str(tmp_path / name) for name in ("root", "upper", "memory")]
    look = f"import sys; sys.path.insert(0, {str(pathlib.Path(counted.__file__).parents[1])!r})\n"
    look += f"from serai_runner import counted; print(counted.disks({places}))"
    mounts = (
        f"mount -t overlay -o lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,workdir={tmp_path}/work none {tmp_path}/root"
        f" && mount -t tmpfs none {tmp_path}/memory"
    )
    ran = subprocess.run(
        ["unshare", "--mount", "/bin/sh", "-c", f'{mounts} && exec "$0" -c "$1"', sys.executable, look],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.stdout == f"{[places[0], places[2]]}\n", ran.stderr
