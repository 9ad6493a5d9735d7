# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What a container has on its node's disk. Few file systems have a quota for one directory, so somebody has to look."""

from __future__ import annotations

import errno
import math
import os
import stat
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator

from .trees import BLOCK, DIRECTORY

MIB = 1 << 20
LEAST = 4096  # what a file takes that has nothing in it
EVERY_S = 1.0
PART = 20  # one part in so many of the time goes into looking, at most
AGAIN_S = 60.0  # others may have freed as much as it wrote: it is counted now and then all the same,
AGAIN_PART = 1000  # which takes one part in so many of the time, at most
MORE = "Ask for more, as by ephemeral_disk=…"
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)  # a process that has ended, or is about to
_COARSE = 5  # CLOCK_REALTIME_COARSE, from which file systems take times
_NO_DIRECTORY = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_MFD_HUGETLB = 4  # of linux/memfd.h
_IN_MEMORY = ("tmpfs", "ramfs", "hugetlbfs", "devtmpfs")


class Watch:
    """Looks at what is written, until it is more than the limit."""

    def __init__(self, limit_mb: int, count: Callable[[], int], more: str = MORE):
        """
        @param count: says how many bytes it has, or some number above the limit. @raise OSError: it cannot
        @param more: how one gets more
        """
        self.reason = ""  # why it was ended; empty if it was not
        self._limit_mb, self._count, self._more = limit_mb, count, more
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, end: Callable[[], None]) -> None:
        """@param end: called once, when it is more than the limit"""
        self._thread = threading.Thread(target=self._run, args=(end,), name="disk", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """There is nothing to look at any more. A look that is under way ends nobody who has not ended."""
        self._closed.set()

    def finish(self) -> None:
        """Looks at what is left by one who has ended, maybe before anybody had looked."""
        self.close()
        if self._thread:
            self._thread.join()
        self.reason = self.reason or self._look()

    def _run(self, end: Callable[[], None]) -> None:
        pause = EVERY_S
        while not self._closed.wait(pause):
            began = time.monotonic()
            reason = self._look()
            if reason and not self._closed.is_set():
                self.reason = reason
                end()
                return
            pause = max(EVERY_S, PART * (time.monotonic() - began))

    def _look(self) -> str:
        try:
            if self._count() <= self._limit_mb * MIB:
                return ""
        except Exception as e:  # a path that is too long would hide anything, and a limit that nobody looks at is none
            return f"what it wrote cannot be counted: {getattr(e, 'strerror', None) or repr(e)}"
        return f"it wrote more than {self._limit_mb} MiB. {self._more}"


class Sparing(ABC):
    """Counts what somebody has on disks only if it can be more than the limit: not as long as the disks have lost no more than it
    may still write."""

    def __init__(self, disks: list[str], limit: int) -> None:
        """
        @param disks: a place on each
        @param limit: in bytes
        """
        self._disks, self._limit = disks, limit
        self._last = self._free()
        self._most = 0  # it has no more than that, unless others have freed something meanwhile
        self._due = time.monotonic() + AGAIN_S

    def __call__(self) -> int:
        """@return bytes, more than the limit only if they were counted. @raise OSError: they cannot be"""
        free = self._free()
        self._most += fallen(self._last, free)
        self._last = free
        began = time.monotonic()
        if self._most <= self._limit and began < self._due:
            return self._most
        self._most = self._counted()
        self._due = began + max(AGAIN_S, AGAIN_PART * (time.monotonic() - began))
        return self._most

    @abstractmethod
    def _counted(self) -> int:
        """@return the bytes that it has; any number above the limit, if it is more"""

    def _free(self) -> list[int]:
        """Also what is kept for root, as it is root."""
        found = map(os.statvfs, self._disks)
        return [one.f_bfree * one.f_frsize for one in found]


class Written(Sparing):
    """What is written below a directory from now on."""

    def __init__(self, directory: str, processes: Callable[[], Iterable[int]], limit: int) -> None:
        """
        @param processes: who may have something open that was removed from there
        @param limit: in bytes
        """
        super().__init__([directory], limit)
        self._directory, self._processes = directory, processes
        self._before = used(directory, [])

    def _counted(self) -> int:
        return used(self._directory, self._processes(), self._before + self._limit) - self._before


class Once:
    """Knows what was met before."""

    def __init__(self, whatever: bool) -> None:
        """@param whatever: all is kept in mind; else what has several names or was touched since, and directories: what was moved
        meanwhile may be met twice then
        """
        self._whatever, self._since = whatever, now()
        self._met: set[tuple[int, int]] = set()

    def is_new(self, found: os.stat_result) -> bool:
        """@return whether it is met for the first time"""
        is_plain = found.st_nlink == 1 and not stat.S_ISDIR(found.st_mode) and found.st_ctime_ns < self._since
        if is_plain and not self._whatever:
            return True
        identity = found.st_dev, found.st_ino
        if identity in self._met:
            return False
        self._met.add(identity)
        return True


def once(count: Callable[[Once], int], most: float) -> int:
    """@return what is counted, where nothing counts twice if it is more than *most*: all would be too many to keep in mind always"""
    total = count(Once(whatever=False))
    return total if total <= most else count(Once(whatever=True))


def now() -> int:
    """@return the time as files get it, in nanoseconds"""
    return time.clock_gettime_ns(_COARSE)


def fallen(before: list[int], after: list[int]) -> int:
    """@return by how much what is free fell, where it did"""
    return sum(max(0, one - other) for one, other in zip(before, after, strict=True))


def used(directory: str, processes: Iterable[int], most: float = math.inf) -> int:
    """@return the bytes that are taken by what is in the directory, and by what was removed from it and is still open; where that
        is more than *most*, some number above it. What is moved meanwhile may be missed, and is not counted twice
    @raise OSError: something is there that cannot be looked at
    """
    return once(lambda met: _used(directory, processes, most, met), most)


def _used(directory: str, processes: Iterable[int], most: float, met: Once) -> int:
    total = 0
    for found in _walk(directory, met):
        total += room(found)
        if total > most:
            return total  # of a directory that grows faster than we look there is no end
    held = (found for pid in processes for found in removed(pid))
    return total + sum(room(found) for found in held if not found.st_nlink and met.is_new(found))


def room(found: os.stat_result) -> int:
    """@return the bytes that a file takes"""
    return max(found.st_blocks * BLOCK, LEAST)


def limit(asked_mb: int | None, directory: str) -> int:
    """@return what may be written there, in mebibytes: half of what is free now, if nothing was asked for"""
    if asked_mb:
        return asked_mb
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize // MIB // 2


def _walk(directory: str, met: Once) -> Iterator[os.stat_result]:
    """What is removed while we look is passed by, and nothing beside it is. A link in place of a directory is not followed. Paths
    are as long as they may be inside, wherever the directory is."""
    top = os.open(directory, DIRECTORY)
    try:
        left = ["."]
        while left:
            path = left.pop()
            try:
                descriptor = os.open(path, DIRECTORY, dir_fd=top)
            except OSError as e:
                if e.errno in _NO_DIRECTORY:
                    continue
                raise
            try:
                with os.scandir(descriptor) as entries:
                    for entry in entries:
                        try:
                            found = entry.stat(follow_symlinks=False)
                        except FileNotFoundError:
                            continue
                        if met.is_new(found):
                            yield found
                            if stat.S_ISDIR(found.st_mode):
                                left.append(entry.name if path == "." else f"{path}/{entry.name}")
            finally:
                os.close(descriptor)
    finally:
        os.close(top)


def removed(pid: int, hidden: Callable[[], None] = lambda: None) -> Iterator[os.stat_result]:
    """Files of a disk without a name that a process has open where it may write. @param hidden: called if we may not look"""
    directory = f"/proc/{pid}/fd"
    memory: frozenset[int] | None = None
    shown: frozenset[str] = frozenset()
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
                memory, shown = _in_memory(pid), _read_only(pid)
            if found.st_dev not in memory and _mount(pid, name) not in shown:
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
    for words, kind in _mounts(pid):
        if kind in _IN_MEMORY:
            major, minor = words[2].split(":")
            devices.add(os.makedev(int(major), int(minor)))
    return frozenset(devices)


def _read_only(pid: int) -> frozenset[str]:
    """Numbers of mounts by which a process is shown what others have written: the node's programs, or large files of its task."""
    return frozenset(words[0] for words, _ in _mounts(pid) if "ro" in words[5].split(","))


def _mounts(pid: int) -> Iterator[tuple[list[str], str]]:
    """Of each mount that a process sees what /proc/…/mountinfo says, and the kind of its file system."""
    try:
        with open(f"/proc/{pid}/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
            for line in mounts:
                before, _, after = line.partition(" - ")
                yield before.split(" "), after.split(" ", 1)[0]
    except _GONE:
        return


def _mount(pid: int, descriptor: str) -> str:
    """@return the number of the mount through which it was opened; empty: it is closed"""
    try:
        with open(f"/proc/{pid}/fdinfo/{descriptor}", encoding="ascii") as file:
            return next((line.split()[1] for line in file if line.startswith("mnt_id:")), "")
    except _GONE:
        return ""
