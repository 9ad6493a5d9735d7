# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Layers of this node: directories by their content, made once and never changed, which overlays stack.

A layer appears whole or not at all: it is made under another name, written to the disk, and renamed. Whoever uses one
holds a shared lock on it, so that the collection of garbage passes it by. Those with a digest go when the server says that no image has
them, others when nobody has used them for long.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from . import entries, locks, namespaces, runtime, trees
from .files import Cache, lay_out_for_layer, sha256_of
from .interpreter import Interpreter
from .problems import Failed
from .registration import File

YOUNG_S = 3600  # a layer may be made, and not reported yet
_FILES, _RUNTIME = _NO_BASE = ("files-", "runtime-")
_PARTIAL = frozenset(("trusted.overlay.redirect", "trusted.overlay.metacopy"))
NAME = 32  # characters of a digest: the kernel takes a page of names for all layers of a root


class Made(NamedTuple):
    """A layer, and how large it is."""

    digest: str
    size: int  # bytes


class Layers:
    """Below one directory of the node's cache."""

    def __init__(self, cache: str) -> None:
        self.directory = os.path.join(cache, "layers")
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        if os.stat(self.directory).st_mode & 0o077 and os.access(self.directory, os.W_OK):
            os.chmod(self.directory, 0o700)  # one of an earlier version: all layers belong to the users of all containers
        self._places: list[int] = []
        self._held: list[int] = []

    def path(self, digest: str) -> str:
        return os.path.join(self.directory, digest[:NAME])

    def has(self, digest: str) -> bool:
        return os.path.isdir(self.path(digest))

    def hold(self, digest: str, bases: Iterable[str] = ()) -> int:
        """Keeps it from being collected until the descriptor is closed, at the latest with this process.

        @param bases: names of the base system's layers on which it stands: they stay as long as it does
        @raise Failed: it is not here
        """
        descriptor = locks.hold(self.path(digest))
        if descriptor is None:
            raise Failed(f"layer {digest[:NAME]} of the image is not on this node")
        _note_bases(descriptor, bases)
        return descriptor

    def place(self) -> str:
        """@return a new directory, beside the layers, for one in the making; ours until this process ends"""
        path, descriptor = entries.place(self.directory)
        self._places.append(descriptor)
        return path

    def keep(self, tree: str, below: str, bases: Iterable[str] = ()) -> Made:
        """Takes a directory of :meth:`place`, or one below it, as a layer; the same may be there already.

        @param below: name of the layer on which it was made. It counts: an overlay takes no directory twice, and one
            content may be right on top of several others
        @param bases: as *hold* takes them
        """
        made = digest(tree, below)
        target = self.path(made.digest)
        if not os.path.isdir(target):
            namespaces.sync(tree)
            try:
                os.rename(tree, target)
            except OSError:
                if not os.path.isdir(target):  # another build was as fast
                    raise
            namespaces.sync(self.directory)
        os.close(self.hold(made.digest, bases))
        return made

    def ensure(self, name: str, make: Callable[[str], None]) -> str:
        """A layer that has a name instead of a digest: of several callers one makes it and the others wait.

        @param make: fills the directory that it is given
        @return its path; it stays as long as this process lives
        """

        def own_and_make(tree: str) -> None:
            namespaces.own(tree)
            make(tree)

        target = os.path.join(self.directory, name)
        self._held.append(entries.ensure(target, own_and_make))
        return target

    def download(self, image: str, directory: str) -> None:
        """An image of a registry, as an OCI layout. @raise Failed"""
        from . import given

        given.download(image, directory, [])

    def names(self) -> list[str]:
        """Of layers with a digest."""
        return [name for name in os.listdir(self.directory) if is_digest(name)]

    def collect(self, name: str) -> int | None:
        """Removes a layer, unless somebody uses it or has just made it.

        @return bytes that it took; None: it stays, or was not there
        """
        path = os.path.join(self.directory, name)
        try:
            if time.time() - os.lstat(path).st_ctime < YOUNG_S:
                return None
        except FileNotFoundError:
            return None
        return entries.collect(path)

    def dispensable(self) -> list[str]:
        """Of layers without a digest, but for base systems on which a layer here stands: what is made anew may differ from them."""
        others = [name for name in entries.names(self.directory) if not is_digest(name)]
        needed: set[str] = set()
        for name in self.names():
            bases = _noted_bases(self.path(name))
            if not bases:  # nobody has said: any
                return [name for name in others if name.startswith(_NO_BASE)]
            needed.update(bases)
        return [name for name in others if name not in needed]

    def of_files(self, files: Iterable[File], cache: Cache) -> str | None:
        """The task's files as a layer: laid out once for each list. @return its path; None: there are none"""
        listed = sorted(files)
        if not listed:
            return None
        name = hashlib.sha256("\n".join(f"{f.path}\0{f.sha256}\0{f.mode}" for f in listed).encode()).hexdigest()

        def make(tree: str) -> None:
            lay_out_for_layer(listed, cache, tree, is_shared=True)
            namespaces.own_tree(tree)

        return self.ensure(_FILES + name[:NAME], make)

    def of_runtime(self, cache: str, package: str, version: str, interpreter: Interpreter, tell: Callable[[str], None]) -> str:
        """The client's runtime as a layer, at the place where a runner in the image looks for it. @return its path"""
        installed = runtime.ensure(cache, package, version, interpreter, tell)
        inside = runtime.directory(runtime.INSIDE, package, version, interpreter)

        def make(tree: str) -> None:
            target = tree + inside
            os.makedirs(os.path.dirname(target))
            shutil.copytree(installed, target, symlinks=True)
            namespaces.own_tree(tree)

        return self.ensure(f"{_RUNTIME}{hashlib.sha256(inside.encode()).hexdigest()[:16]}", make)


def bases_of(lower: Iterable[str]) -> list[str]:
    """@param lower: paths of an image's layers. @return names of those of its base system"""
    return [name for name in map(os.path.basename, lower) if not is_digest(name)]


def is_digest(name: str) -> bool:
    """Whether it is a layer's, and not that of a base system, files or a runtime."""
    return len(name) == NAME and "." not in name and "-" not in name


def _note_bases(note: int, bases: Iterable[str]) -> None:
    said = "\n".join(bases).encode()
    with contextlib.suppress(OSError):  # then it counts as standing on any
        if said and os.pread(note, len(said) + 1, 0) != said:
            os.ftruncate(note, 0)
            os.pwrite(note, said, 0)


def _noted_bases(path: str) -> list[str]:
    try:
        with open(path + locks.NOTE, encoding="utf-8") as note:
            return note.read().split()
    except FileNotFoundError:
        return []


def digest(tree: str, below: str) -> Made:
    """SHA-256 of a listing of everything in it but times: paths, kinds, owners, modes, attributes and contents."""
    whole = hashlib.sha256(f"{below}\n".encode())
    size = 0
    for name, path, found in trees.walk(tree):
        kind = stat.S_IFMT(found.st_mode)
        if len(os.fsencode(name)) >= trees.PATH_MAX - 1:  # an image has a slash before it
            raise Failed(f"{name[:40]!a}… is a path of more than {trees.PATH_MAX - 1} bytes, which nothing can use: remove it")
        fields = [name, f"{found.st_mode:o}", str(found.st_uid), str(found.st_gid)]
        if kind == stat.S_IFLNK:
            fields.append(os.readlink(path))
        elif kind == stat.S_IFREG:
            with open(path, "rb") as file:
                fields.append(sha256_of(file))
            size += found.st_size
        elif kind in (stat.S_IFCHR, stat.S_IFBLK):
            fields.append(str(found.st_rdev))
        if kind != stat.S_IFLNK:
            attributes = sorted(os.listxattr(path))
            if not _PARTIAL.isdisjoint(attributes):
                raise Failed(f"{name!a} of the layer is not whole: it was written by an overlay that refers to what is below")
            fields += [f"{it}={os.getxattr(path, it).hex()}" for it in attributes if _counts(it)]
        whole.update(os.fsencode("\0".join(fields)) + b"\n")
    return Made(whole.hexdigest(), size)


def _counts(attribute: str) -> bool:
    """Not what the overlay notes for itself: where a file came from differs from node to node."""
    return attribute in ("trusted.overlay.opaque", "user.overlay.opaque", "security.capability")
