# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The Python that containers of this node run: the one that runs the runner."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple


class Interpreter(NamedTuple):
    """An installation of Python, on the node and inside a sandbox."""

    version: str  # '3.11'
    prefix: str  # on the node
    executable: str  # on the node
    shared: bool  # the executable needs its libpython

    @property
    def relocated(self) -> bool:
        """Whether it stands at /usr/local in the sandbox, because its own place (a home directory) is not shown there."""
        return self.prefix != "/usr"

    @property
    def command(self) -> str:
        """Its path inside the sandbox."""
        return f"/usr/local/bin/python{self.version}" if self.relocated else self.executable

    @property
    def tag(self) -> str:
        """As wheels name it: 'cp311'."""
        return "cp" + self.version.replace(".", "")


def this() -> Interpreter:
    """The interpreter we run on; of a virtual environment, the one below it."""
    executable = os.path.realpath(getattr(sys, "_base_executable", sys.executable) or sys.executable)
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        shared = "/libpython" in maps.read()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Interpreter(version, os.path.realpath(sys.base_prefix), executable, shared)


def of_image(version: str) -> Interpreter:
    """One that an image has, of which only the version is known: 3.12.3, say."""
    return Interpreter(".".join(version.split(".")[:2]), "/usr/local", "python", shared=False)
