# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Removes from this node's cache what nobody has used for long: files of tasks, base systems and other layers that have a name,
clients' runtimes, and this program compiled; and what killed runs have left of all of these."""

from __future__ import annotations

import os
import time

from . import entries
from .entries import Removed
from .files import Cache
from .layers import Layers

LEAST_S = 3600  # that something is used is noted once in so long


def remove(cache: str, layers: Layers, retention_s: float) -> Removed:
    """
    @param layers: of that cache
    @param retention_s: what was used later stays, as does what is in use; less than LEAST_S counts as that
    """
    since = time.time() - max(retention_s, LEAST_S)
    runtimes, programs = (os.path.join(cache, name) for name in ("runtime", "runner"))
    paths = [os.path.join(layers.directory, name) for name in layers.dispensable()]
    paths += [os.path.join(directory, name) for directory in (runtimes, programs) for name in entries.names(directory)]
    removed = [Removed.of(entries.collect(path, since) for path in paths)]
    files = Cache(cache)
    removed.append(Removed.of(files.collect(sha256, since) for sha256 in files.names()))
    removed += map(entries.collect_remains, (layers.directory, runtimes, programs, *files.directories()))
    return Removed(sum(it.entries for it in removed), sum(it.size for it in removed))
