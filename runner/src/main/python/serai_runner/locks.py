# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Locks on entries of the node's cache: whoever uses one shares its lock, whoever removes it has the lock alone; another one is of
those who make it.

They are on notes beside the entry, as an entry never changes. When the first was touched last, somebody began to use the entry.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator

NOTE, _MAKING = ".used", ".lock"  # after the entry's name
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)


def hold(path: str) -> int | None:
    """Uses an entry until the descriptor is closed, at the latest until this process ends. Where we may not write, nobody is told.

    @return None: the entry is not there
    """
    while os.path.lexists(path):
        try:
            descriptor = _open(path + NOTE)
        except OSError as e:
            if e.errno not in _CLOSED:
                raise
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if _is_there(descriptor, path + NOTE) and os.path.lexists(path):
            os.utime(descriptor)
            return descriptor
        os.close(descriptor)  # it was removed meanwhile, and may be there again
    return None


@contextlib.contextmanager
def alone(path: str) -> Iterator[int | None]:
    """Nobody begins to use the entry meanwhile, or removes it. It need not be there.

    @return its note's descriptor; None: somebody is at it
    """
    descriptor = _lock(path + NOTE, fcntl.LOCK_NB)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            if not os.path.lexists(path):
                _unlink(path + NOTE)
            os.close(descriptor)


@contextlib.contextmanager
def making(path: str) -> Iterator[None]:
    """Waits until nobody else makes the entry. Those who use it are not waited for: they may do so for days."""
    descriptor = _lock(path + _MAKING, 0)
    try:
        yield
    finally:
        _unlink(path + _MAKING)
        os.close(descriptor)


def notes(name: str) -> tuple[str, ...]:
    """Of an entry's locks."""
    return name + NOTE, name + _MAKING


def _lock(note: str, flags: int) -> int | None:
    while True:
        descriptor = _open(note)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | flags)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if _is_there(descriptor, note):
            return descriptor
        os.close(descriptor)


def _open(note: str) -> int:
    return os.open(note, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _is_there(descriptor: int, note: str) -> bool:
    """Whether what we have locked is still the note: who removes an entry removes that, too."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(note))
    except FileNotFoundError:
        return False


def _unlink(note: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(note)
