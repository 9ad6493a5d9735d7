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
_IN_MEMORY = ("/tmp/", "/run/", "/dev/", "/memfd:")


class Watch:
    """Looks at what is written, until it is more than the limit."""

    def __init__(self, directory: str, limit_mb: int | None, processes: Callable[[], Iterable[int]], end: Callable[[], None]):
        """
        @param directory: what is written goes there
        @param limit_mb: None: half of what its file system has free now
        @param processes: the container's, by the node's ids
        @param end: called once, when it is more
        """
        self.limit_mb = limit_mb or _free_mb(directory) // 2
        self.reason = ""  # why it was ended; empty if it was not
        self._directory, self._processes, self._end = directory, processes, end
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
            if used(self._directory, self._processes()) <= self.limit_mb * MIB:
                return ""
        except OSError as e:
            if self._closed.is_set():
                return ""
            return f"what it wrote cannot be counted: {e.strerror}"  # a path that is too long would hide anything
        return f"it wrote more than {self.limit_mb} MiB. {MORE}"


def used(directory: str, processes: Iterable[int]) -> int:
    """@return the bytes that are taken by what is in the directory, and by what was removed from it and is still open

    @raise OSError: something is there that cannot be looked at
    """
    files = {(found.st_dev, found.st_ino): found for found in _walk(directory)}
    held = {(found.st_dev, found.st_ino): found for pid in processes for found in _removed(pid)}
    return sum(max(found.st_blocks * BLOCK, LEAST) for one in (files, held) for found in one.values())


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


def _removed(pid: int) -> Iterator[os.stat_result]:
    """Files without a name that a process has open."""
    directory = f"/proc/{pid}/fd"
    try:
        names = os.listdir(directory)
    except _GONE:
        return
    for name in names:
        path = os.path.join(directory, name)
        try:
            target = os.readlink(path)
            found = os.stat(path)
        except _GONE:
            continue  # closed while we look
        if target.endswith(" (deleted)") and not target.startswith(_IN_MEMORY) and stat.S_ISREG(found.st_mode):
            yield found


def _free_mb(directory: str) -> int:
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize // MIB
