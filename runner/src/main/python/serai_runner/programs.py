# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Programs of the node that the runner needs."""

from __future__ import annotations

import os

from .problems import Failed


def find(program: str, package: str, called: str) -> str:
    """Also where the cluster gave us a PATH that lacks the usual places.

    @param package: as Debian and Ubuntu name it
    @param called: the program, in words for whoever reads that it is missing
    @return its path
    @raise Failed: it is not installed, with what to type
    """
    for directory in [*os.environ.get("PATH", "").split(":"), "/usr/bin", "/bin", "/usr/local/bin"]:
        path = os.path.join(directory, program)
        if directory and os.access(path, os.X_OK):
            return path
    raise Failed(f"{called} was not found on this node: install it (on Debian and Ubuntu: apt install {package})")
