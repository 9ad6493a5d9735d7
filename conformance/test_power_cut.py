# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""
A power cut. The platform lives on a disk of its own, a loop device with ext4, which then loses whatever was not written to it: the
file system is shut down without its journal being flushed, and every process killed.
"""

import signal
from pathlib import Path

import pytest
from serai_conformance.book import Book
from serai_conformance.disk import Disk
from serai_conformance.havoc import Installation
from serai_conformance.ledger import Clients, judge
from serai_conformance.platform import Platform
from serai_conformance.poll import eventually
from serai_conformance.processes import signalled
from serai_conformance.terminal import modal

INPUTS, BEFORE = 400, 150
END_WITHIN = 600


@pytest.mark.timeout(1_800)
def test_given_power_cuts_when_the_platform_is_up_again_then_nothing_acknowledged_is_lost(
    disk: Disk, cli: Path, platform: Platform, tmp_path: Path
):
    if not platform.full:
        pytest.skip("only under --full: it starts a platform three times")
    with Installation(cli, disk.place / "home") as installation, Book(tmp_path / "book") as book:
        power_cut(disk, installation)  # right after all of it was installed
        installation.up()
        login = installation.login()
        modal("deploy", "--name", "ledgering", "ledgering.py", **login).ok()
        with Clients(1, "ledgering", login, book) as clients:
            clients.submit(INPUTS)
            clients.has("acknowledged", BEFORE)
            power_cut(disk, installation)  # amid work
            installation.up()
            clients.end(END_WITHIN)
            judge(clients, book, INPUTS)


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
