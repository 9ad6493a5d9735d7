# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Layers of this node: directories by their content, made once and never changed, which overlays stack.

A layer appears whole or not at all: it is made under another name, written to the disk, and renamed. Whoever uses one
holds a shared lock on it, so that the collection of garbage passes it by.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from . import messages, namespaces, runtime, trees
from .files import Cache, lay_out_for_layer, sha256_of
from .interpreter import Interpreter
from .problems import Failed
from .registration import File

YOUNG_S = 3600  # a layer may be made, and not reported yet
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
        os.makedirs(self.directory, mode=0o755, exist_ok=True)
        self._places: list[int] = []

    def path(self, digest: str) -> str:
        return os.path.join(self.directory, digest[:NAME])

    def has(self, digest: str) -> bool:
        return os.path.isdir(self.path(digest))

    def hold(self, digest: str) -> int:
        """Keeps it from being collected until the descriptor is closed, at the latest with this process.

        @raise Failed: it is not here
        """
        descriptor = os.open(self.path(digest) + ".used", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if not self.has(digest):
            os.close(descriptor)
            raise Failed(f"layer {digest[:NAME]} of the image is not on this node")
        os.utime(descriptor)
        return descriptor

    def place(self) -> str:
        """@return a new directory, beside the layers, for one in the making; ours until this process ends"""
        path = os.path.join(self.directory, f".partial-{os.getpid()}-{os.urandom(4).hex()}")
        os.mkdir(path, 0o700)
        self._places.append(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        fcntl.flock(self._places[-1], fcntl.LOCK_SH)
        return path

    def collect_places(self) -> int:
        """Removes what was in the making, or on its way out, when who did it was killed. @return how many"""
        removed = 0
        for name in os.listdir(self.directory):
            path = os.path.join(self.directory, name)
            try:
                if not (name.startswith(".partial-") or ".gone-" in name) or time.time() - os.lstat(path).st_ctime < YOUNG_S:
                    continue
                descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue  # its maker has just ended
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _removed(path):
                    removed += 1
            except BlockingIOError:
                pass  # somebody is at it
            finally:
                os.close(descriptor)
        return removed

    def keep(self, tree: str, below: str) -> Made:
        """Takes a directory of :meth:`place`, or one below it, as a layer; the same may be there already.

        @param below: name of the layer on which it was made. It counts: an overlay takes no directory twice, and one
            content may be right on top of several others
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
        return made

    def ensure(self, name: str, make: Callable[[str], None]) -> str:
        """A layer that has a name instead of a digest: of several callers one makes it and the others wait.

        @param make: fills the directory that it is given
        @return its path
        """
        target = os.path.join(self.directory, name)
        if os.path.isdir(target):
            return target
        with open(target + ".lock", "a", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.path.isdir(target):
                return target
            partial = self.place()
            try:
                tree = os.path.join(partial, "tree")
                os.mkdir(tree, 0o755)
                namespaces.own(tree)
                make(tree)
                namespaces.sync(tree)
                os.rename(tree, target)
            finally:
                trees.remove(partial)
        return target

    def download(self, image: str, directory: str) -> None:
        """An image of a registry, as an OCI layout. @raise Failed"""
        from . import given

        given.download(image, directory, [])

    def names(self) -> list[str]:
        """Of layers with a digest."""
        return [name for name in os.listdir(self.directory) if is_digest(name)]

    def collect(self, name: str) -> bool:
        """Removes a layer, unless somebody uses it or has just made it. @return whether it is gone"""
        path = os.path.join(self.directory, name)
        if time.time() - os.lstat(path).st_ctime < YOUNG_S:
            return False
        descriptor = os.open(path + ".used", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            gone = f"{path}.gone-{os.getpid()}"
            os.rename(path, gone)
            for note in [path + ".used", *glob.glob(f"{path}.packed-*")]:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(note)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        _removed(gone)
        return True

    def of_files(self, files: Iterable[File], cache: Cache) -> str | None:
        """The task's files as a layer: laid out once for each list. @return its path; None: there are none"""
        listed = sorted(files)
        if not listed:
            return None
        name = hashlib.sha256("\n".join(f"{f.path}\0{f.sha256}\0{f.mode}" for f in listed).encode()).hexdigest()

        def make(tree: str) -> None:
            lay_out_for_layer(listed, cache, tree)
            namespaces.own_tree(tree)

        return self.ensure("files-" + name[:NAME], make)

    def of_runtime(self, cache: str, package: str, version: str, interpreter: Interpreter, tell: Callable[[str], None]) -> str:
        """The client's runtime as a layer, at the place where a runner in the image looks for it. @return its path"""
        installed = runtime.ensure(cache, package, version, interpreter, tell)
        inside = runtime.directory(runtime.INSIDE, package, version, interpreter)

        def make(tree: str) -> None:
            target = tree + inside
            os.makedirs(os.path.dirname(target))
            shutil.copytree(installed, target, symlinks=True)
            namespaces.own_tree(tree)

        return self.ensure(f"runtime-{hashlib.sha256(inside.encode()).hexdigest()[:16]}", make)


def is_digest(name: str) -> bool:
    """Whether it is a layer's, and not that of a base system, files or a runtime."""
    return len(name) == NAME and "." not in name and "-" not in name


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


def _removed(path: str) -> bool:
    """What cannot be removed now is found again by *collect_places*."""
    left = trees.remove(path)
    if left:
        messages.say(f"{path} could not be removed: {left}")
    return not left
