# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What lies in the registry and nobody needs any more, taken away (ADR 0024)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .registry import Registry

Ask = Callable[[str, Mapping[str, Any]], Any]  # the server: what, and with which body; raises Failed


def remove(registry: Registry, ask: Ask, most: int | None = None) -> int:
    """First it is looked what a tag has, then asked whether that may go, then it goes. Others may be at it, too.

    @param most: tags; None: all
    @return how many went
    @raise Failed: the server or the registry is away, or the registry allows no deletion
    """
    removed = 0
    listed = ask("garbage", {"tags": []})["tags"]
    while listed:
        seen = [{**tag, "digest": registry.manifest(tag["tag"]) or ""} for tag in listed[:most]]
        allowed = {tag["tag"] for tag in ask("deletions", {"tags": seen})["tags"]}
        gone = [tag for tag in seen if tag["tag"] in allowed and registry.delete(tag["tag"], tag["digest"] or None)]
        removed += len(gone)
        listed = ask("garbage", {"tags": gone})["tags"]
        if most is not None or not gone:
            break
    return removed
