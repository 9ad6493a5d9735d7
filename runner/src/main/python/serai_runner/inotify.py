# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What the kernel counts by user: all containers of a node are one, and each gets a part of what that user may have."""

from __future__ import annotations

import os

NODE = "/proc/sys/fs/inotify/max_user_{}"
_OWN = "/proc/sys/user/max_inotify_{}"
PART = 8  # of the node's: so many containers take all of it
MOST = {"instances": 128, "watches": 65_536}  # the kernel's own number of instances; a large source tree
FEW = 1024  # instances of a node: above, eight containers and more may have the most


def share() -> None:
    """Called in a user namespace with all its capabilities: a user there has no more, what it makes further namespaces for
    included. A container has one user, a build may have many. @raise OSError"""
    for name, most in MOST.items():
        path = _OWN.format(name)
        if os.path.exists(path):  # a kernel may be without inotify
            _write(path, max(1, min(most, _read(NODE.format(name)) // PART)))


def advice() -> str:
    """@return what to do for more containers than a few to have it; empty: nothing"""
    path = NODE.format("instances")
    few = _read(path) if os.path.exists(path) else FEW
    if few >= FEW:
        return ""
    return (
        f"{path} is {few}, for all containers together, of which each may have {few // PART}: sysctl -w "
        "fs.inotify.max_user_instances=65536 if functions watch files"
    )


def _read(path: str) -> int:
    with open(path, "rb") as file:  # whoever calls *share* may not be able to read an encoding that is not loaded yet
        return int(file.read())


def _write(path: str, number: int) -> None:
    with open(path, "wb") as file:
        file.write(b"%d" % number)
