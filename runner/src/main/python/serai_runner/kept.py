# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What a container wrote to its root, as a layer of an image: without what the platform put there itself."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from . import trees
from .layers import NAME, Layers, Made, bases_of
from .registration import File

if TYPE_CHECKING:
    from .registry import Registry

_ONE_PATH = ("--tmpfs", "--proc", "--dev", "--dir")  # of bubblewrap's options: those that make what they name
_TWO_PATHS = ("--bind", "--bind-try", "--ro-bind", "--ro-bind-try", "--dev-bind", "--dev-bind-try", "--symlink")


class Keeping(NamedTuple):
    """Where a root is written that may be kept: beside the layers, so that a layer appears by one rename."""

    layers: Layers
    place: str
    lower: tuple[str, ...]  # what the image has already, the highest first
    files: tuple[File, ...]  # the container's own, which are not the image's
    registry: Registry | None = None  # that has it, too

    def keep(self, written: str, options: list[str], announce: Callable[[Sequence[str]], None]) -> Made:
        """@param written: the upper directory of the root, which is mounted no more
        @param options: of the sandbox, by which the platform made places for its mounts
        @param announce: tells the server of the tag that the registry will have
        """
        tidy(written, [*mount_points(options), *compiled(written, self.files)], self.lower)
        made = self.layers.keep(written, os.path.basename(self.lower[0]), bases_of(self.lower))
        if self.registry:
            self.registry.keep(made.digest[:NAME], announce)
        return made

    def forget(self) -> None:
        trees.remove(self.place)


def mount_points(options: list[str]) -> list[str]:
    """@param options: bubblewrap's"""
    found = []
    for at, word in enumerate(options):
        if word in _ONE_PATH:
            found.append(options[at + 1])
        elif word in _TWO_PATHS:
            found.append(options[at + 2])
    return found


def compiled(tree: str, files: Iterable[File]) -> list[str]:
    """What Python wrote beside modules of the container's own. It would count for another module of the same name, size and time."""
    found = []
    for file in files:
        directory, name = posixpath.split(file.path)
        stem, extension = posixpath.splitext(name)
        if extension != ".py":
            continue
        cache = posixpath.join(directory, "__pycache__")
        with trees.directory(tree, cache) as descriptor:
            if descriptor is not None:
                names = os.listdir(descriptor)
                found += [posixpath.join(cache, it) for it in names if it.startswith(stem + ".") and it.endswith(".pyc")]
    return found


def tidy(tree: str, paths: Iterable[str], lower: Iterable[str]) -> None:
    """Removes them, if nobody has put anything into them, and then the directories above that are empty and not from below.

    No link is followed: what is in the tree is a stranger's, and we are root.
    """
    lower = tuple(lower)
    for path in sorted({posixpath.normpath(path) for path in paths}, key=lambda it: it.count("/"), reverse=True):
        while path != "/" and trees.remove_empty(tree, path, _is_nothing) and not _is_below(lower, posixpath.dirname(path)):
            path = posixpath.dirname(path)


def _is_below(lower: Iterable[str], path: str) -> bool:
    return any(os.path.lexists(directory + path) for directory in lower)


def _is_nothing(name: str, found: os.stat_result) -> bool:
    """An empty file, or a module that was compiled."""
    return not found.st_size or name.endswith(".pyc")
