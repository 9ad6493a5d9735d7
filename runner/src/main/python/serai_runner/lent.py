# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What `RUN --mount` lends to one command, and what is not part of the image: files of elsewhere, a cache, memory, a secret.

bubblewrap has the node in sight still when it mounts, and follows links to there. So it is given targets that have none: not those of the
image, and not of what another mount shows.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from . import trees
from .built import Assembly
from .namespaces import FIRST, STAGE
from .problems import Failed
from .stages import Stages

_BESIDE = ("/run/", "/dev/", "/proc/")  # the image's root has none of them while it is built


class Lent(NamedTuple):
    """To a command."""

    words: list[str]  # bubblewrap's
    environment: dict[str, str]
    stubs: list[str]  # paths in the root of what bubblewrap makes to put something there


class Lender:
    """For all commands of a layer."""

    def __init__(self, assembly: Assembly, stages: Stages, context: Callable[[], str], secrets: Mapping[str, str]) -> None:
        """@param context: where the files are that the client sent along; called if they are wanted"""
        self._assembly, self._stages, self._context, self._secrets = assembly, stages, context, secrets
        self._caches: dict[str, str] = {}
        self._shown = ""  # with a directory for each cache
        self._numbers = itertools.count()

    def lend(self, mounts: Sequence[Mapping[str, Any]], root: str) -> Lent:
        """@raise Failed: there is no such file or secret, or no such place for it, in words for the image's author"""
        lent = Lent([], {}, [])
        named = [mount["target"] for mount in mounts if mount["target"]]
        targets = dict(zip(named, self._assembly.inside(root, named) if named else (), strict=True))
        _must_be_apart(targets.values())
        for mount in mounts:
            words, target = getattr(self, f"_{mount['type']}")(mount, lent.environment), targets.get(mount["target"])
            if words and target:
                lent.words.extend((*words, target))
                lent.stubs.extend(_missing(root, target))
        return lent

    def take_back(self, lent: Lent, root: str) -> None:
        """Removes what was made for them, unless somebody put something there."""
        for path in reversed(lent.stubs):
            trees.remove_empty(root, path)

    def _bind(self, mount: Mapping[str, Any], _: dict[str, str]) -> list[str]:
        tree = self._stages.view(mount["from"]) if mount["from"] else self._context()
        found = self._stages.find(tree, [mount["source"]])[0]
        if len(found) != 1:
            whence = "in that stage" if mount["from"] else "among the files that were sent along: the client sends what COPY names"
            raise Failed(f"there is no {mount['source']} {whence}")
        return ["--ro-bind", tree + found[0].path]

    def _cache(self, mount: Mapping[str, Any], _: dict[str, str]) -> list[str]:
        if not self._shown:
            self._shown = self._stages.show(self._stages.directory("caches", is_written=True), is_written=True)
        if mount["id"] not in self._caches:
            path = os.path.join(self._shown, str(len(self._caches)))
            os.mkdir(path)
            _settle(path, mount)
            self._caches[mount["id"]] = path
        return ["--bind", self._caches[mount["id"]]]

    def _tmpfs(self, mount: Mapping[str, Any], _: dict[str, str]) -> list[str]:
        return ["--tmpfs"]

    def _secret(self, mount: Mapping[str, Any], environment: dict[str, str]) -> list[str]:
        value = self._secrets.get(mount["id"])
        if value is None:
            if mount["required"]:
                raise Failed(f"the build's secrets have no variable {mount['id']}, which is required")
            return []
        if mount["variable"]:
            environment[mount["variable"]] = value
        path = os.path.join(STAGE, f"secret-{next(self._numbers)}")  # in memory, and gone with this process
        with open(path, "x", encoding="utf-8") as file:
            file.write(value)
        _settle(path, mount)
        return ["--ro-bind", path]


def _must_be_apart(targets: Iterable[str]) -> None:
    """@raise Failed: one is the root, or below another"""
    before = ""
    for target in sorted(f"{target.rstrip('/')}/" for target in targets):
        if target == "/" or (before and target.startswith(before)):
            raise Failed(f"nothing can be mounted at {target}: it is the root, or another mount's")
        before = target


def _settle(path: str, mount: Mapping[str, Any]) -> None:
    user, group = map(int, mount["owner"].split(":"))
    os.chmod(path, int(mount["mode"], 8))
    os.chown(path, FIRST + user, FIRST + group)


def _missing(root: str, target: str) -> list[str]:
    """@return paths to what is not there yet of a path, as far as it has no links; the highest first"""
    parts = tuple(part for part in target.split("/") if part not in ("", "."))
    if not target or (target + "/").startswith(_BESIDE) or ".." in parts:
        return []
    for known in range(len(parts)):
        with trees.directory(root, "/".join(parts[:known])) as at:
            if at is None:
                return []
            try:
                os.stat(parts[known], dir_fd=at, follow_symlinks=False)
            except FileNotFoundError:
                return ["/".join(parts[: end + 1]) for end in range(known, len(parts))]
    return []
