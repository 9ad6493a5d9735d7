# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The roots in which one image's build works: of its Dockerfile's stages, one after the other, and at last its own."""

from __future__ import annotations

import glob
import itertools
import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from . import rooted, trees
from .bases import Base
from .built import Assembly
from .namespaces import UPPER, close, run_from

OWN = ""  # name of the image's own
_COPY = "cp -R -d --reflink=auto --preserve=mode,ownership,timestamps,links,xattr".split()  # what it cannot keep it says


class Root(NamedTuple):
    """An overlay in the making."""

    path: str  # where it is mounted
    upper: str  # what was written to it, and to the stages on which it stands
    lower: list[str]
    base: Base


class Found(NamedTuple):
    """A file or directory of a root."""

    path: str  # without links
    name: str  # that it was found by, the last part
    is_directory: bool


class Stages:
    """Not to be used after *close*."""

    def __init__(self, assembly: Assembly, lower: list[str], base: Base, bases: Mapping[str, Base]) -> None:
        """
        @param lower: what the image stands on, the highest first
        @param base: on which that stands
        @param bases: what stages stand on, by name
        """
        self._assembly, self._lower, self._base, self._bases = assembly, list(lower), base, bases
        self._place = assembly.layers.place()
        self.written = os.path.join(self._place, "written")  # all that commands write is below it
        os.mkdir(self.written, 0o755)
        self._mounted: list[str] = []
        self._done: dict[str, Root] = {}
        self._views: dict[str, str] = {}
        self._numbers = itertools.count()
        self._name = OWN
        self._root: Root | None = None

    @property
    def root(self) -> Root:
        """The one in which is worked now."""
        if self._root is None:
            self.begin(OWN, "", "")
        return self._root

    def begin(self, name: str, above: str, system: str) -> None:
        """From here on one works in another. @param name: of the stage, or OWN
        @param above: the stage on which it stands; empty: none
        @param system: the base on which it stands otherwise; empty: it stands on what the image does

        @raise Failed: the base cannot be made here
        """
        if self._root:
            self._finish()
        place = os.path.join(self.written, str(len(self._done)))
        upper = os.path.join(place, UPPER)
        os.makedirs(upper, 0o755)
        lower, base = self._lower, self._base
        if above:  # it goes on with a copy, so that all that stages wrote on their base is in one directory, as it is in the image
            below = self._done[above]
            run_from([*_COPY, f"{below.upper}/.", upper], subprocess.DEVNULL, "a stage of the image could not be copied")
            lower, base = (self._lower, self._base) if name == OWN else (below.lower, below.base)
        elif system:
            base = self._bases[system]
            lower = self._assembly.base(base)
        path = self._assembly.stage.overlay_into(f"build-{len(self._done)}", lower, upper, os.path.join(place, "work"))
        self._mounted.append(path)
        self._name, self._root = name, Root(path, upper, lower, base)

    def find(self, tree: str, patterns: Sequence[str]) -> list[list[Found]]:
        """What matches each of them, as somebody sees it for whom the tree is the root: links lead nowhere else.

        @param tree: a view, or a directory that is shown
        @param patterns: paths from there, with or without a slash before them
        @raise Failed: it cannot be looked at
        """
        users, what = self._assembly.stage.users, "what is copied cannot be looked for"
        told = rooted.ask(tree, users, what, lambda: [_seen(pattern) for pattern in patterns])
        return [[Found(*it) for it in found] for found in told]

    def view(self, name: str) -> str:
        """@return where what a stage has can be read"""
        if name not in self._views:
            done, shown = self._done[name], f"stage-{len(self._views)}"
            path = self._assembly.stage.overlay(shown, [done.upper, *done.lower], os.path.join(self._place, shown))
            close(path)
            self._mounted.append(path)
            self._views[name] = path
        return self._views[name]

    def directory(self, name: str, *, is_written: bool = False) -> str:
        """@return a new one, gone with them. @param is_written: commands write to it"""
        place = os.path.join(self.written if is_written else self._place, f"{name}-{next(self._numbers)}")
        os.mkdir(place, 0o755)
        return place

    def show(self, directory: str, *, is_written: bool = False) -> str:
        """@return where the build's users find one of those. @param is_written: they may change it"""
        path = self._assembly.stage.bind(directory, os.path.basename(directory))
        if not is_written:
            close(path)
        self._mounted.append(path)
        return path

    def close(self) -> None:
        for path in reversed(self._mounted):
            self._assembly.stage.remove(path)
        self._mounted.clear()
        trees.remove(self._place)

    def made(self) -> str:
        """The image's own is whole. @return the directory with what was written to it"""
        upper = self.root.upper
        self._finish()
        return upper

    def _finish(self) -> None:
        self._assembly.stage.remove(self._root.path)
        self._mounted.remove(self._root.path)
        self._done[self._name] = self._root
        self._root = None


def _seen(pattern: str) -> list[tuple[str, str, bool]]:
    found = []
    for path in sorted(glob.glob(os.path.normpath("/" + pattern.lstrip("/")))):
        real = os.path.realpath(path)
        if os.path.exists(real):
            found.append((real, os.path.basename(path), os.path.isdir(real)))
    return found
