# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Removes from this node, and from the registry, what no image has any more, between builds, which do it as well; and puts into the
registry what it has lost and this node has."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from . import trees
from .addresses import Addresses
from .layers import Layers
from .problems import Failed, Refused, Unavailable
from .server import Server

AT_ONCE = 10_000  # names in one question
MOST = 100_000  # of which it is asked whether the registry has them


class Collected(NamedTuple):
    """Layers of this node."""

    removed: int
    freed: int  # bytes
    kept: int  # a container uses them, or they are younger than an hour
    needed: int
    tags: int  # removed from the registry
    mended: int  # layers that the registry lacked, and has again
    unpublished: int  # images that it lacks: they are published when they are asked for
    registry: str  # what went wrong with it; empty if nothing did


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
        tidied = _tidy_registry(server, layers)
    finally:
        server.close()
    return Collected(removed, freed, kept, len(names) - removed - kept, *tidied)


def _garbage(server: Server, names: list[str]) -> list[str]:
    return _ask(server, "garbage", {"names": names})["names"]


def _ask(server: Server, what: str, body: Mapping[str, Any]) -> Any:
    try:
        answer = server.post(f"/api/v1/images/{what}", body)
    except (Refused, Unavailable) as e:
        raise Failed(f"it is not known what is needed: {e}") from e
    return json.loads(answer) if answer else None


def _tidy_registry(server: Server, layers: Layers) -> tuple[int, int, int, str]:
    """@return tags that were removed, layers that were put there, images that it lacks, and what went wrong"""
    from . import remains
    from .registry import Address, Registry, base_tag, layer_tag

    should = _ask(server, "registry/contents", {"names": layers.names()[:MOST]})
    if not should.get("registry"):
        return 0, 0, 0, ""
    registry, wanted = Registry(Address.of(should["registry"]), layers), should["wanted"]

    def tell_missing(tags: Sequence[str]) -> None:
        for begin in range(0, len(tags), AT_ONCE):
            _ask(server, "registry/missing", {"tags": [{"tag": tag} for tag in tags[begin : begin + AT_ONCE]]})

    mended = 0
    lost: list[str] = []
    try:
        there = registry.tags()
        lost = [tag for tag in wanted["publications"] if tag not in there]
        tell_missing(lost)
        names = [name for name in wanted["layers"] if layer_tag(name) not in there]
        names += [it["name"] for it in wanted["bases"] if base_tag(it["digest"]) not in there and registry.has(**it)]
        mended = registry.mend(names, tell_missing)
        removed = remains.remove(registry, lambda what, body: _ask(server, f"registry/{what}", body))
    except (Failed, OSError) as e:  # a build may remove a layer that is about to be put there
        return 0, mended, len(lost), str(e)
    return removed.tags, mended, len(lost), removed.problem


def _size(tree: str) -> int:
    """Bytes on the disk."""
    return sum(found.stat.st_blocks * 512 for found in trees.walk(tree))
