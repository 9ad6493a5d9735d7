# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What copies files into an image, by the image's own programs: names of users and links are read as they are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .stages import Found

# $1 owner and $2 mode, if they are said; $3 target; $4 if it is a directory; then pairs of a source and its name. Of a directory
# Docker copies what is in it.
_SCRIPT = """set -e
owner=$1 mode=$2 target=$3 into=$4
shift 4
settle='owner=$0 mode=$1; shift
[ -z "$owner" ] || chown -h -- "$owner" "$@"
[ -z "$mode" ] || for file do [ -h "$file" ] || chmod -- "$mode" "$file"; done'
deep=1
[ -d "$target" ] || deep=0
if [ -n "$into" ]; then
    mkdir -p -- "$target"
    [ -z "$owner" ] || [ $deep = 1 ] || chown -- "$owner" "$target"
fi
while [ $# -gt 0 ]; do
    if [ -d "$1" ]; then
        mkdir -p -- "$target"
        cp -R --no-preserve=ownership --preserve=mode,links,timestamps -- "$1/." "$target"
        [ -z "$owner$mode" ] || (cd -- "$1" && find . -mindepth $deep -print0) | (cd -- "$target" && xargs -0 -r sh -ec "$settle" "$owner" "$mode")
    else
        mkdir -p -- "$(dirname -- "$target")"
        place=$target
        [ ! -d "$target" ] || place=${target%/}/$2
        cp --no-preserve=ownership --preserve=mode,timestamps -- "$1" "$place"
        [ -z "$owner$mode" ] || sh -ec "$settle" "$owner" "$mode" "$place"
    fi
    shift 2
done"""


def command(step: Mapping[str, Any], sources: Sequence[tuple[str, Found]]) -> list[str]:
    """@param sources: paths inside, and what was found there"""
    target = step["target"]
    directory = step["directory"] or "/"
    if target == ".":
        target = directory + "/"
    elif not target.startswith("/"):
        target = directory.rstrip("/") + "/" + target
    into = "yes" if target.endswith("/") or len(sources) > 1 else ""
    words = [word for path, found in sources for word in (path, found.name)]
    return ["/bin/sh", "-c", _SCRIPT, "sh", step["user"], step.get("mode") or "", target, into, *words]
