# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A disk of its own for a platform: a loop device with ext4, which can lose its power and be filled."""

import errno
import fcntl
import os
import struct
import subprocess
from pathlib import Path

from serai_conformance.poll import eventually

EXT4_IOC_SHUTDOWN, NOTHING_IS_FLUSHED = 0x8004587D, 2  # linux/fs/ext4/ext4.h
BYTES = 8 << 30
FILLING = "filling"


class Disk:
    """It holds all that is written to it until it is unmounted."""

    def __init__(self, directory: Path):
        """It is mounted. Raises OSError where none can be had."""
        self._image, self.place = directory / "disk", directory / "mounted"
        with self._image.open("wb") as file:
            file.truncate(BYTES)
        run("mkfs.ext4", "-q", "-m", "0", str(self._image))  # nothing is kept back for root, who fills it
        self.place.mkdir()
        self.mount()

    def mount(self) -> None:
        run("mount", "-o", "loop", str(self._image), str(self.place))

    def unmount(self) -> None:
        eventually(lambda: subprocess.run(["umount", self.place], capture_output=True).returncode == 0, 30, "nobody uses it")

    def lose_power(self) -> None:
        opened = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(opened, EXT4_IOC_SHUTDOWN, struct.pack("I", NOTHING_IS_FLUSHED))
        finally:
            os.close(opened)

    def fill(self) -> None:
        """Not a block is free afterwards. What others give back meanwhile can be filled by doing it again."""
        piece = BYTES
        with (self.place / FILLING).open("ab") as file:
            while piece >= os.statvfs(self.place).f_bsize:
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), piece)
                except OSError as e:
                    if e.errno != errno.ENOSPC:
                        raise
                    piece //= 2

    def free(self) -> None:
        (self.place / FILLING).unlink()


def run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr}")
