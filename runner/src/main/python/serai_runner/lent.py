# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What `RUN --mount` lends to one command, and what is not part of the image: files of elsewhere, a cache, memory, a secret."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from . import trees
from .namespaces import FIRST
from .problems import Failed
from .stages import Stages

_BESIDE = ("/run/", "/dev/", "/proc/")  # the image's root has none of them while it is built


class Lent(NamedTuple):
    """To a command."""

    words: list[str]  # bubblewrap's
    environment: dict[str, str]
    stubs: list[tuple[str, ...]]  # ways in the root of what bubblewrap makes to put something there


class Lender:
    """For all commands of a build."""

    def __init__(self, stages: Stages, context: Callable[[], str], secrets: Mapping[str, str]) -> None:
        """@param context: where the files are that the client sent along; called if they are wanted"""
        self._stages, self._context, self._secrets = stages, context, secrets
        self._caches: dict[str, str] = {}
        self._files: dict[str, str] = {}
        self._directories: dict[str, str] = {}

    def lend(self, mounts: Sequence[Mapping[str, Any]], root: str) -> Lent:
        """@raise Failed: there is no such file or secret, in words for the image's author"""
        lent = Lent([], {}, [])
        for mount in mounts:
            getattr(self, f"_{mount['type']}")(mount, lent)
            lent.stubs.extend(_missing(root, mount["target"]))
        return lent

    def take_back(self, lent: Lent, root: str) -> None:
        """Removes what was made for them, unless somebody put something there."""
        for way in reversed(lent.stubs):
            with trees.directory(root, "/".join(way[:-1])) as at, contextlib.suppress(OSError):
                if at is None:
                    continue
                found = os.stat(way[-1], dir_fd=at, follow_symlinks=False)
                if stat.S_ISDIR(found.st_mode):
                    os.rmdir(way[-1], dir_fd=at)
                elif stat.S_ISREG(found.st_mode) and not found.st_size:
                    os.unlink(way[-1], dir_fd=at)

    def _bind(self, mount: Mapping[str, Any], lent: Lent) -> None:
        tree = self._stages.view(mount["from"]) if mount["from"] else self._context()
        found = self._stages.find(tree, [mount["source"]])[0]
        if len(found) != 1:
            whence = "in that stage" if mount["from"] else "among the files that were sent along: the client sends what COPY names"
            raise Failed(f"there is no {mount['source']} {whence}")
        lent.words.extend(("--ro-bind", tree + found[0].path, mount["target"]))

    def _cache(self, mount: Mapping[str, Any], lent: Lent) -> None:
        if mount["id"] not in self._caches:
            path = os.path.join(self._directory("caches", is_written=True), hashlib.sha256(mount["id"].encode()).hexdigest()[:16])
            os.mkdir(path)
            _settle(path, mount)
            self._caches[mount["id"]] = path
        lent.words.extend(("--bind", self._caches[mount["id"]], mount["target"]))

    def _tmpfs(self, mount: Mapping[str, Any], lent: Lent) -> None:
        lent.words.extend(("--tmpfs", mount["target"]))

    def _secret(self, mount: Mapping[str, Any], lent: Lent) -> None:
        value = self._secrets.get(mount["id"])
        if value is None:
            if mount["required"]:
                raise Failed(f"the build's secrets have no variable {mount['id']}, which is required")
            return
        if mount["variable"]:
            lent.environment[mount["variable"]] = value
        if mount["target"]:
            path = os.path.join(self._directory("secrets"), f"{len(self._files)}")
            with open(path, "x", encoding="utf-8") as file:
                file.write(value)
            _settle(path, mount)
            self._files[path] = mount["id"]
            lent.words.extend(("--ro-bind", path, mount["target"]))

    def _directory(self, name: str, *, is_written: bool = False) -> str:
        if name not in self._directories:
            self._directories[name] = self._stages.show(self._stages.directory(name, is_written=is_written))
        return self._directories[name]


def _settle(path: str, mount: Mapping[str, Any]) -> None:
    user, group = map(int, mount["owner"].split(":"))
    os.chmod(path, int(mount["mode"], 8))
    os.chown(path, FIRST + user, FIRST + group)


def _missing(root: str, target: str) -> list[tuple[str, ...]]:
    """@return ways to what is not there yet of a path, as far as it has no links; the highest first"""
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
                return [parts[: end + 1] for end in range(known, len(parts))]
    return []
