# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""
A power cut. The platform lives on a disk of its own, a loop device with ext4, which then loses whatever was not written to it: the
file system is shut down without its journal being flushed, and every process killed.
"""

import fcntl
import os
import shutil
import signal
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from serai_conformance.book import Book
from serai_conformance.havoc import Installation
from serai_conformance.ledger import Client, judge
from serai_conformance.platform import Platform
from serai_conformance.poll import eventually
from serai_conformance.processes import signalled
from serai_conformance.terminal import modal

EXT4_IOC_SHUTDOWN, NOTHING_IS_FLUSHED = 0x8004587D, 2  # linux/fs/ext4/ext4.h
BYTES = 8 << 30
INPUTS, BEFORE = 400, 150
END_WITHIN = 600


class Disk:
    def __init__(self, image: Path, place: Path):
        self.image, self.place = image, place
        with image.open("wb") as file:
            file.truncate(BYTES)
        run("mkfs.ext4", "-q", str(image))
        place.mkdir()

    def mount(self) -> None:
        run("mount", "-o", "loop", str(self.image), str(self.place))

    def unmount(self) -> None:
        eventually(lambda: subprocess.run(["umount", self.place], capture_output=True).returncode == 0, 30, "nobody uses it")

    def lose_power(self) -> None:
        opened = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(opened, EXT4_IOC_SHUTDOWN, struct.pack("I", NOTHING_IS_FLUSHED))
        finally:
            os.close(opened)


def run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr}")


@pytest.fixture
def disk(platform: Platform, tmp_path: Path) -> Iterator[Disk]:
    if not platform.full:
        pytest.skip("only under --full: it starts a platform three times")
    if os.geteuid() or not shutil.which("mkfs.ext4"):
        pytest.skip("only root has a disk of its own, and mkfs.ext4 makes it")
    made = Disk(tmp_path / "disk", tmp_path / "mounted")
    try:
        made.mount()
    except OSError as e:
        pytest.skip(f"this machine has no loop devices: {e}")
    yield made
    made.unmount()


@pytest.mark.timeout(1_800)
def test_given_power_cuts_when_the_platform_is_up_again_then_nothing_acknowledged_is_lost(
    disk: Disk, platform: Platform, tmp_path: Path
):
    if platform.cli is None:
        pytest.skip("SERAI_CLI is not set: only ./serai can start a platform of its own")
    with Installation(platform.cli, disk.place / "home") as installation, Book(tmp_path / "book") as book:
        power_cut(disk, installation)  # right after all of it was installed
        installation.up()
        login = installation.login()
        modal("deploy", "--name", "ledgering", "ledgering.py", **login).ok()
        client = Client("ledgering", login, book)
        client.tell(f"submit {INPUTS}")
        client.has("acknowledged", BEFORE)
        power_cut(disk, installation)  # amid work
        installation.up()
        client.end(END_WITHIN)
        judge(client, book, INPUTS)


def power_cut(disk: Disk, installation: Installation) -> None:
    """What was on the disk, and nothing else, is there for those who come afterwards."""
    disk.lose_power()

    def nobody_is_left() -> bool:
        found = installation.processes()
        signalled(found, signal.SIGKILL)
        return not found

    eventually(nobody_is_left, 30, "all processes are gone")
    disk.unmount()
    disk.mount()
