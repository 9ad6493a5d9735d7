# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Entries of the node's cache, directories that are made once and never changed: how one appears, whole or not at all, and goes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from . import locks, messages, trees

YOUNG_S = 3600  # what is in the making may not have a lock yet
_PLACE = ".partial-"
_GONE = ".gone-"


class Removed(NamedTuple):
    """What a collection took away."""

    entries: int
    size: int  # bytes on the disk

    @staticmethod
    def of(sizes: Iterable[int | None]) -> Removed:
        """@param sizes: None: it was left"""
        gone = [size for size in sizes if size is not None]
        return Removed(len(gone), sum(gone))


def ensure(path: str, make: Callable[[str], None]) -> int:
    """Of several callers one makes it and the others wait.

    @param make: fills the directory that it is given; beside that it may leave what it needs meanwhile
    @return a descriptor that holds it, as *locks.hold* does
    """
    while (held := locks.hold(path)) is None:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with locks.making(path):
            if not os.path.isdir(path):
                _make(path, make)
    return held


def _make(path: str, make: Callable[[str], None]) -> None:
    from . import namespaces

    partial, lock = place(os.path.dirname(path))
    try:
        tree = os.path.join(partial, "tree")
        os.mkdir(tree, 0o755)
        make(tree)
        namespaces.sync(tree)
        os.rename(tree, path)
    finally:
        trees.remove(partial)
        os.close(lock)


def place(directory: str) -> tuple[str, int]:
    """@return a new directory there, for something in the making, and a descriptor: it is ours until that is closed"""
    path = os.path.join(directory, f"{_PLACE}{os.getpid()}-{os.urandom(4).hex()}")
    os.mkdir(path, 0o700)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return path, descriptor


def names(directory: str) -> list[str]:
    """Of what is there, but for what is half."""
    try:
        return [it.name for it in os.scandir(directory) if it.is_dir(follow_symlinks=False) and not is_remain(it.name)]
    except FileNotFoundError:
        return []


def collect(path: str, unused_since: float = float("inf")) -> int | None:
    """Removes an entry with its notes, unless somebody uses it, or began to after that time.

    @return bytes that it took; None: it stays, or was not there
    """
    if not os.path.lexists(path):
        return None  # nor may be the directory of its notes
    with locks.alone(path) as note:
        if note is None or os.fstat(note).st_mtime > unused_since:
            return None
        gone = away(path)
        _remove_notes(path)  # first: nobody would find those of one that is gone
        try:
            os.rename(path, gone)
        except FileNotFoundError:
            return None
    size = trees.size(gone)
    remove(gone)
    return size


def _remove_notes(path: str) -> None:
    """But for those of locks, which go with these."""
    directory, name = os.path.split(path)
    for beside in os.listdir(directory):
        if beside.startswith(name + ".") and not is_remain(beside) and beside not in locks.notes(name):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(directory, beside))


def away(path: str) -> str:
    """@return a name for it on its way out"""
    return f"{path}{_GONE}{os.getpid()}-{os.urandom(4).hex()}"


def collect_remains(directory: str) -> Removed:
    """Removes there what was in the making, or on its way out, when who did it was killed."""
    try:
        found = sorted(os.listdir(directory))
    except FileNotFoundError:
        return Removed(0, 0)
    for name in found:
        if name.endswith(locks.NOTE):
            with locks.alone(os.path.join(directory, name.removesuffix(locks.NOTE))):
                pass  # the note of nothing goes
    return Removed.of(_collect_remain(os.path.join(directory, name)) for name in found if is_remain(name))


def is_remain(name: str) -> bool:
    """Whether killed makers or collectors leave it, those of earlier versions included: `NAME.PID.RANDOM`, `NAME.PID.new`."""
    *_, pid, last = ("", "", *name.split("."))
    is_draft = pid.isdigit() and (last == "new" or (len(last) == 8 and not last.strip("0123456789abcdef")))
    return is_draft or name.startswith(_PLACE) or _GONE in name or last == "partial"


def _collect_remain(path: str) -> int | None:
    try:
        if time.time() - os.lstat(path).st_ctime < YOUNG_S:
            return None
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None  # its maker has just ended
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        size = trees.size(path)
        return size if remove(path) else None
    except (BlockingIOError, FileNotFoundError):
        return None  # somebody is at it
    finally:
        os.close(descriptor)


def remove(path: str) -> bool:
    """@return whether all of it is gone; what cannot be removed now is found again by *collect_remains*"""
    if stat.S_ISDIR(os.lstat(path).st_mode):
        left = trees.remove(path)
    else:
        os.unlink(path)
        left = ""
    if left:
        messages.say(f"{path} could not be removed: {left}")
    return not left
