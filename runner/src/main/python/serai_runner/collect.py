# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Removes from this node what no image has any more, between builds, which do it as well."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from .addresses import Addresses
from .layers import Layers
from .problems import Failed, Refused, Unavailable
from .server import Server

AT_ONCE = 10_000  # names in one question


class Collected(NamedTuple):
    """Layers of this node."""

    removed: int
    freed: int  # bytes
    kept: int  # a container uses them, or they are younger than an hour
    needed: int


def collect(cache: str, servers: str, token: str) -> Collected:
    """
    @param servers: URLs, separated by commas
    @param token: the administrator's
    @raise Failed: the server does not say what is needed
    """
    layers = Layers(cache)
    layers.collect_places()
    names = layers.names()
    server = Server(Addresses.parse(servers), token)
    removed = freed = kept = 0
    try:
        for begin in range(0, len(names), AT_ONCE):
            for name in _garbage(server, names[begin : begin + AT_ONCE]):
                size = _size(os.path.join(layers.directory, name))
                if layers.collect(name):
                    removed, freed = removed + 1, freed + size
                else:
                    kept += 1
    finally:
        server.close()
    return Collected(removed, freed, kept, len(names) - removed - kept)


def _garbage(server: Server, names: list[str]) -> list[str]:
    try:
        return json.loads(server.post("/api/v1/images/garbage", {"names": names}))["names"]
    except (Refused, Unavailable) as e:
        raise Failed(f"it is not known what is needed: {e}") from e


def _size(tree: str) -> int:
    """Bytes on the disk."""
    return sum(
        os.lstat(os.path.join(directory, name)).st_blocks * 512
        for directory, directories, files in os.walk(tree)
        for name in (*directories, *files)
    )
