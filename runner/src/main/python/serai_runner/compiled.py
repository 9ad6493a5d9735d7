# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""This program, compiled, in the node's cache: Python compiles what it imports from a zip anew each time."""

from __future__ import annotations

import os
import sys


def directory(archive: str, cache: str) -> str:
    """Where it is for this content of the archive and this interpreter."""
    import zlib

    with open(archive, "rb") as file:
        packed = file.read()
    return os.path.join(cache, "runner", f"{len(packed)}-{zlib.crc32(packed):08x}-{sys.implementation.cache_tag}")


def leave(archive: str, cache: str) -> None:
    """Compiles it for the runs to come, unless it is there already."""
    import compileall
    import py_compile
    import zipfile

    from . import entries

    def make(tree: str) -> None:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(tree)
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH  # nobody edits these sources
        compileall.compile_dir(tree, quiet=1, invalidation_mode=mode)

    entries.ensure(directory(archive, cache), make)
