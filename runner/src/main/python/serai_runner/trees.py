# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Directories with all that is in them, also where a stranger made more levels than Python recurses into, than a process may have
descriptors, or than fit into a path. Links are not followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from .problems import Failed

BLOCK = 512  # bytes: the unit of st_blocks
PATH_MAX = 4096  # bytes of a path, with the NUL at its end
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Found(NamedTuple):
    """Something in a tree."""

    name: str  # its path from there; "." is the tree itself
    path: str  # by which it can be reached, until the next one is asked for
    stat: os.stat_result


def walk(tree: str) -> Iterator[Found]:
    """It and everything in it: a directory's entries in the order of names, then what is in the first of its directories.

    @raise OSError: something cannot be looked at
    @raise Failed: a directory is moved meanwhile
    """
    place = _Place(tree, lambda name, at: os.open(name, DIRECTORY, dir_fd=at))
    try:
        yield Found(".", tree, os.fstat(place.descriptor))
        left: list[list[str]] = []  # for each level, directories to go into, the next one last
        while True:
            directories = []
            above = "".join(f"{name}/" for name in place.way)
            for name in sorted(os.listdir(place.descriptor)):
                found = os.stat(name, dir_fd=place.descriptor, follow_symlinks=False)
                if stat.S_ISDIR(found.st_mode):
                    directories.append(name)
                yield Found(above + name, inside(place.descriptor, name), found)
            left.append(directories[::-1])
            while not left[-1]:
                left.pop()
                if not left:
                    return
                place.up()
            place.down(left[-1].pop())
    finally:
        os.close(place.descriptor)


def size(tree: str) -> int:
    """@return bytes on the disk that are free when it, or a file, is removed: a file that has names elsewhere, too, takes none here"""
    found = os.lstat(tree)
    if not stat.S_ISDIR(found.st_mode):
        return found.st_blocks * BLOCK if found.st_nlink == 1 else 0
    whole = 0
    names: dict[tuple[int, int], int] = {}  # how many of a file with several were seen
    for _, _, found in walk(tree):
        if not stat.S_ISDIR(found.st_mode) and found.st_nlink > 1:
            file = found.st_dev, found.st_ino
            names[file] = names.get(file, 0) + 1
            if names[file] < found.st_nlink:
                continue
        whole += found.st_blocks * BLOCK
    return whole


def remove(tree: str) -> str:
    """Removes it with everything that can be removed, what is in directories that are closed to their owner included.

    @return why something is left; empty: nothing is, or was there
    """
    try:
        place = _Place(tree, _open_for_removal)
    except FileNotFoundError:
        return ""
    except OSError as e:
        return str(e)
    why = ""
    left: list[list[str]] = [[]]  # for each level, what is to be removed
    try:
        left[-1] += os.listdir(place.descriptor)
        while left:
            try:
                if left[-1]:
                    _remove(left[-1].pop(), place, left)
                    continue
                left.pop()
                if left:
                    os.rmdir(place.up(), dir_fd=place.descriptor)
            except FileNotFoundError:
                continue  # somebody else removes it, too
            except OSError as e:
                why = why or str(e)
        os.rmdir(tree)
    except FileNotFoundError:
        return why
    except (Failed, OSError) as e:
        return why or str(e)
    finally:
        os.close(place.descriptor)
    return why


def clear_away(tree: str) -> None:
    """Removes it with everything in it. @raise Failed: something is left"""
    left = remove(tree)
    if left:
        raise Failed(f"{tree} could not be removed: {left}")


def _remove(name: str, place: _Place, left: list[list[str]]) -> None:
    """A file; into a directory one goes."""
    try:
        os.unlink(name, dir_fd=place.descriptor)
    except IsADirectoryError:
        place.down(name)
        left.append([])
        left[-1] += os.listdir(place.descriptor)


@contextmanager
def directory(tree: str, path: str) -> Iterator[int | None]:
    """Opens one of a tree that is reached without links; None: there is no such directory."""
    at = os.open(tree, DIRECTORY)
    try:
        for name in path.strip("/").split("/") if path.strip("/") else ():
            try:
                below = os.open(name, DIRECTORY, dir_fd=at)
            except OSError:
                os.close(at)
                at = None
                break
            os.close(at)
            at = below
        yield at
    finally:
        if at is not None:
            os.close(at)


def remove_empty(
    tree: str, path: str, is_empty: Callable[[str, os.stat_result], bool] = lambda _, found: not found.st_size
) -> bool:
    """Removes a directory or file of a tree that nobody put something into, reached without links.

    @param is_empty: whether a file is, by its name
    @return whether it is gone
    """
    parent, name = os.path.split(path)
    with directory(tree, parent) as descriptor:
        if descriptor is None:
            return False
        try:
            found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                os.rmdir(name, dir_fd=descriptor)
            elif stat.S_ISREG(found.st_mode) and is_empty(name, found):
                os.unlink(name, dir_fd=descriptor)
            else:
                return False
        except OSError:  # not there, or not empty
            return False
        return True


def inside(descriptor: int, name: str) -> str:
    """@return a path of what a directory has: a short one, for calls that take no descriptor"""
    return f"/proc/self/fd/{descriptor}/{name}"


class _Place:
    """A directory of a tree, from which one goes down into others and up again, with one descriptor."""

    def __init__(self, tree: str, open_: Callable[[str, int | None], int]) -> None:
        """@param open_: from a name, and a descriptor of where it is"""
        self._open = open_
        self.descriptor = open_(tree, None)
        self.way: list[str] = []  # names, from the tree to here
        self._above: list[tuple[int, int]] = []

    def down(self, name: str) -> None:
        """@raise OSError: then one stays"""
        below = self._open(name, self.descriptor)
        self._above.append(_identity(self.descriptor))
        self.way.append(name)
        self._go(below)

    def up(self) -> str:
        """@return the name of where one was. @raise Failed: the way up leads elsewhere, so nothing may be done any more"""
        try:
            above = os.open("..", DIRECTORY, dir_fd=self.descriptor)
        except OSError as e:
            raise Failed(f"a directory above {self.way[-1]!r} cannot be entered any more: {e.strerror}") from e
        self._go(above)
        if _identity(above) != self._above.pop():
            raise Failed(f"{self.way[-1]!r} was moved while somebody was in it")
        return self.way.pop()

    def _go(self, descriptor: int) -> None:
        os.close(self.descriptor)
        self.descriptor = descriptor


def _identity(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def _open_for_removal(name: str, at: int | None) -> int:
    handle = os.open(name, os.O_PATH | DIRECTORY, dir_fd=at)
    try:
        found = os.fstat(handle)
        if found.st_mode & 0o700 != 0o700 and found.st_uid == os.geteuid():
            with suppress(FileNotFoundError):  # a root without /proc, which only root works in
                os.chmod(f"/proc/self/fd/{handle}", 0o700)
        return os.open(".", DIRECTORY, dir_fd=handle)
    finally:
        os.close(handle)
