# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What lies in the registry and nobody needs any more, taken away (ADR 0024)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .problems import Failed
from .registry import Registry

AT_ONCE = 1000
Ask = Callable[[str, Mapping[str, Any]], Any]  # the server: what, and with which body; raises Failed


class Removal(NamedTuple):
    tags: int  # that went
    problem: str  # why others did not; empty if all went


def remove(registry: Registry, ask: Ask, most: int | None = None) -> Removal:
    """First it is looked what a tag has, then asked whether that may go, then it goes. Others may be at it, too.

    @param most: tags, and one more; None: all
    @raise Failed: the server or the registry is away
    """
    removed, problem, is_first = 0, "", True
    listed = ask("garbage", {"tags": []})["tags"]
    at_once = 1  # at first: a registry that allows no deletion says so
    while listed and not problem:
        seen = [{**tag, "digest": registry.manifest(tag["tag"]) or ""} for tag in listed[:at_once]]
        allowed = {tag["tag"] for tag in ask("deletions", {"tags": seen})["tags"]}
        gone = []
        for tag in seen:
            try:
                if tag["tag"] in allowed and registry.delete(tag["tag"], tag["digest"] or None):
                    gone.append(tag)
            except Failed as e:  # one that is protected is not in the way of others
                problem = problem or str(e)
        removed += len(gone)
        listed = ask("garbage", {"tags": gone})["tags"]
        if not is_first and (most is not None or not gone):
            break
        is_first, at_once = False, most or AT_ONCE
    return Removal(removed, problem)
