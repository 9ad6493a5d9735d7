# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What a container of an engine has on its node's disk, counted from inside: its layer is not to be seen there.

Where the node has lost no more than the container may write, nobody counts. Else what it wrote is known by its ctime, which only
the clock sets: files of the image, and those that the runner has laid out, are older than the runtime.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from itertools import chain

from . import disk

LOOKS = 20  # at what is free in two places, which others change between the one and the other


class Count(disk.Sparing):
    """Counts what was written below directories, each on a file system of its own or not."""

    def __init__(self, places: list[str], since: int, limit: int) -> None:
        """
        @param places: what is mounted below them is not theirs
        @param since: by disk.now(): what was not touched since is not counted
        @param limit: in bytes
        """
        super().__init__(disks(places), limit)
        self._places, self._since = places, since
        self._first = self._last

    def _counted(self) -> int:
        """@raise OSError: something cannot be looked at, and there is less free than could be explained without it"""
        hidden: list[str] = []

        def count(met: disk.Once) -> int:
            hidden.clear()
            found = chain(self._walk(hidden), self._open(hidden))
            return sum(disk.room(one) for one in found if one.st_ctime_ns >= self._since and met.is_new(one))

        room = disk.once(count, self._limit)
        if hidden and room <= self._limit < disk.fallen(self._first, self._last):
            raise OSError(errno.EACCES, hidden[0])
        return room

    def _walk(self, hidden: list[str]) -> Iterator[os.stat_result]:
        for place in self._places:
            device = os.stat(place).st_dev
            left = [place]
            while left:
                directory = left.pop()
                try:
                    with os.scandir(directory) as entries:
                        for entry in entries:
                            try:
                                found = entry.stat(follow_symlinks=False)
                            except FileNotFoundError:
                                continue
                            if not stat.S_ISDIR(found.st_mode):
                                yield found
                            elif found.st_dev == device and entry.path not in self._places:
                                yield found
                                left.append(entry.path)
                except (FileNotFoundError, NotADirectoryError):
                    continue
                except PermissionError:
                    if self._may_hide(directory):
                        hidden.append(f"{directory!a} cannot be listed")

    def _may_hide(self, directory: str) -> bool:
        """An image's own directory that we cannot enter, and that is as it was, has nothing of a container's: it has our rights."""
        try:
            return os.access(directory, os.X_OK) or os.stat(directory).st_ctime_ns >= self._since
        except FileNotFoundError:
            return False

    def _open(self, hidden: list[str]) -> Iterator[os.stat_result]:
        """What has a name still is found there."""
        own = os.getpid()
        for name in os.listdir("/proc"):
            if name.isdecimal() and int(name) != own:
                held = disk.removed(int(name), lambda pid=name: hidden.append(f"process {pid} lets nobody see its files"))
                yield from (found for found in held if not found.st_nlink)


def disks(places: list[str]) -> list[str]:
    """@return one place on each disk: an overlay has the numbers of the disk that it lies on"""
    found: list[str] = []
    for place in {os.stat(place).st_dev: place for place in places}.values():
        if not any(_is_same_disk(place, other) for other in found):
            found.append(place)
    return found


def _is_same_disk(one: str, other: str) -> bool:
    for _ in range(LOOKS):
        first, second = os.statvfs(one), os.statvfs(other)
        if (first.f_blocks, first.f_frsize, first.f_files, first.f_bfree) == (
            second.f_blocks,
            second.f_frsize,
            second.f_files,
            second.f_bfree,
        ):
            return True
    return False
