# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What a container has on its node's disk. Few file systems have a quota for one directory, so somebody has to look."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator

MIB = 1 << 20
BLOCK = 512  # the unit of st_blocks, whatever the file system's
LEAST = 4096  # what a file takes that has nothing in it
EVERY_S = 1.0
PART = 20  # one part in so many of the time goes into looking, at most
MORE = "Ask for more, as by ephemeral_disk=…"
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)  # a process that has ended, or is about to
_MFD_HUGETLB = 4  # of linux/memfd.h
_IN_MEMORY = ("tmpfs", "ramfs", "hugetlbfs", "devtmpfs")


class Watch:
    """Looks at what is written, until it is more than the limit."""

    def __init__(self, limit_mb: int, count: Callable[[], int], end: Callable[[], None]):
        """
        @param count: says how many bytes it has, at least where that is more than the limit. @raise OSError: it cannot
        @param end: called once, when it is more
        """
        self.reason = ""  # why it was ended; empty if it was not
        self._limit_mb, self._count, self._end = limit_mb, count, end
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="disk", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """There is nothing to look at any more. A look that is under way ends nobody who has not ended."""
        self._closed.set()

    def _run(self) -> None:
        pause = EVERY_S
        while not self._closed.wait(pause):
            began = time.monotonic()
            self.reason = self._look()
            if self.reason:
                self._end()
                return
            pause = max(EVERY_S, PART * (time.monotonic() - began))

    def _look(self) -> str:
        try:
            if self._count() <= self._limit_mb * MIB:
                return ""
        except Exception as e:  # a path that is too long would hide anything, and a limit that nobody looks at is none
            if self._closed.is_set():
                return ""
            return f"what it wrote cannot be counted: {getattr(e, 'strerror', None) or repr(e)}"
        return f"it wrote more than {self._limit_mb} MiB. {MORE}"


def used(directory: str, processes: Iterable[int]) -> int:
    """@return the bytes that are taken by what is in the directory, and by what was removed from it and is still open

    @raise OSError: something is there that cannot be looked at
    """
    files = {(found.st_dev, found.st_ino): found for found in _walk(directory)}
    held = {(found.st_dev, found.st_ino): found for pid in processes for found in removed(pid)}
    return sum(room(found) for one in (files, held) for found in one.values())


def room(found: os.stat_result) -> int:
    """@return the bytes that a file takes"""
    return max(found.st_blocks * BLOCK, LEAST)


def limit(asked_mb: int | None, directory: str) -> int:
    """@return what may be written there, in mebibytes: half of what is free now, if nothing was asked for"""
    if asked_mb:
        return asked_mb
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize // MIB // 2


def _walk(directory: str) -> Iterator[os.stat_result]:
    """What is removed while we look is passed by, and nothing beside it is."""
    left = [directory]
    while left:
        try:
            entries = os.scandir(left.pop())
        except (FileNotFoundError, NotADirectoryError):
            continue
        with entries:
            for entry in entries:
                try:
                    yield entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)


def removed(pid: int, hidden: Callable[[], None] = lambda: None) -> Iterator[os.stat_result]:
    """Files of a disk without a name that a process has open. @param hidden: called if we may not look"""
    directory = f"/proc/{pid}/fd"
    memory: frozenset[int] | None = None
    try:
        names = os.listdir(directory)
    except PermissionError:
        hidden()
        return
    except _GONE:
        return
    for name in names:
        path = os.path.join(directory, name)
        try:
            target = os.readlink(path)
            found = os.stat(path)
        except PermissionError:
            hidden()
            continue
        except _GONE:
            continue  # closed while we look
        if target.endswith(" (deleted)") and stat.S_ISREG(found.st_mode):
            if memory is None:
                memory = _in_memory(pid)
            if found.st_dev not in memory:
                yield found


def _nameless() -> Iterator[int]:
    """Devices of memory that has no place: of ordinary pages, and of huge ones where the kernel has such."""
    import ctypes

    create = ctypes.CDLL(None, use_errno=True).memfd_create  # Python's own is not in every build of it
    for flags in (0, _MFD_HUGETLB):
        nameless = create(b"serai", flags)
        if nameless >= 0:
            try:
                yield os.fstat(nameless).st_dev
            finally:
                os.close(nameless)


def _in_memory(pid: int) -> frozenset[int]:
    """Devices of file systems that a process sees and that are no disk: what is there counts as memory. Names tell nothing."""
    devices = set(_nameless())
    try:
        with open(f"/proc/{pid}/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
            for line in mounts:
                before, _, after = line.partition(" - ")
                if after.split(" ", 1)[0] in _IN_MEMORY:
                    major, minor = before.split(" ", 3)[2].split(":")
                    devices.add(os.makedev(int(major), int(minor)))
    except _GONE:
        pass
    return frozenset(devices)
