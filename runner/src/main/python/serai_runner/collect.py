# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Removes from this node, and from the registry, what no image has any more, and from this node what nobody has used for long,
between builds, which do it as well; and puts into the registry what it has lost and this node has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from . import unused
from .addresses import Addresses
from .entries import Removed
from .layers import Layers
from .problems import Failed, Refused, Unavailable
from .server import Server

AT_ONCE = 10_000  # names in one question
MOST = 100_000  # of which it is asked whether the registry has them


class Collected(NamedTuple):
    """Of this node, and of the registry."""

    removed: int  # layers
    freed: int  # bytes
    kept: int  # a container uses them, or they are younger than an hour
    needed: int
    tags: int  # removed from the registry
    mended: int  # layers that the registry lacked, and has again
    unpublished: int  # images that it lacks: they are published when they are asked for
    registry: str  # what went wrong with it; empty if nothing did
    unused: int  # entries of the cache that nobody had used for long, removed
    unused_freed: int  # bytes


class Garbage(NamedTuple):
    """What the server says that a node does not need."""

    names: tuple[str, ...]  # of layers
    retention_s: float  # what else is in the cache goes when nobody has used it for so long

    @staticmethod
    def of(answer: Mapping[str, Any]) -> Garbage:
        """@param answer: a server that is older than this program says no retention: all stays"""
        return Garbage(tuple(answer["names"]), float(answer.get("cache_retention_s", "inf")))


def collect(cache: str, servers: str, token: str) -> Collected:
    """
    @param servers: URLs, separated by commas
    @param token: the administrator's
    @raise Failed: the server does not say what is needed
    """
    layers = Layers(cache)
    names = layers.names()
    server = Server(Addresses.parse(servers), token)
    garbage: list[str] = []
    try:
        for begin in range(0, max(1, len(names)), AT_ONCE):
            said = Garbage.of(_ask(server, "garbage", {"names": names[begin : begin + AT_ONCE]}))
            garbage += said.names
        gone = remove(garbage, layers)
        tidied = _tidy_registry(server, layers)  # before what it may lack goes from here, too
        old = unused.remove(cache, layers, said.retention_s)
    finally:
        server.close()
    return Collected(gone.entries, gone.size, len(garbage) - gone.entries, len(names) - len(garbage), *tidied, *old)


def remove(names: Iterable[str], layers: Layers) -> Removed:
    """Layers that no image has any more, but for those in use or just made."""
    return Removed.of(map(layers.collect, names))


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
