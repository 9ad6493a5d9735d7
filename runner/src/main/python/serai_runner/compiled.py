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
    import errno
    import py_compile
    import shutil
    import zipfile

    from .namespaces import sync

    target = directory(archive, cache)
    if os.path.isdir(target):
        return
    partial = f"{target}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(partial)
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH  # nobody edits these sources
        compileall.compile_dir(partial, quiet=1, invalidation_mode=mode)
        sync(partial)
        os.rename(partial, target)
    except OSError as e:
        if e.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # another run was as fast
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
