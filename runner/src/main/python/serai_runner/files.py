# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The task's files: fetched once for each node, by content, and laid out for one container.

A container may write to its files, so it gets copies: a hard link would let it change what others see. Large files are
shown read-only from the cache instead, and have further names in trees to which nobody writes.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from . import entries, locks, trees
from .patience import AWAY_S, Patience
from .problems import Failed, Refused, Unavailable
from .registration import File
from .server import Server

LARGE_BYTES = 16 << 20  # from here on a copy costs a cold start more than a mount does
TOUCH_S = 600  # so old is what a file says of its last use, at most
FETCHERS = 4  # connections: one round trip for each file would add up
_DIGEST = 64  # characters
# A file there is mounted by itself: the rest of these directories is ours.
_SHARED = frozenset(("usr", "etc", "var", "run"))
_CLOSED = frozenset(("dev", "proc", "sys", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "pkg", "__modal"))


class Binding(NamedTuple):
    """Something of the node that the container sees."""

    source: str
    target: str
    writable: bool


class Cache:
    """Files by their SHA-256, below one directory of the node. A file appears complete or not at all. Its time is when it was written
    or used last."""

    def __init__(self, directory: str) -> None:
        self._directory = os.path.join(directory, "files")
        self._shown: list[int] = []

    def directories(self) -> list[str]:
        """Below which the files lie."""
        try:
            return [os.path.join(self._directory, name) for name in sorted(os.listdir(self._directory))]
        except FileNotFoundError:
            return []

    def names(self) -> list[str]:
        """Digests of those that are here."""
        return [name for directory in self.directories() for name in os.listdir(directory) if len(name) == _DIGEST]

    def path(self, sha256: str) -> str:
        return os.path.join(self._directory, sha256[:2], sha256)

    def has(self, file: File) -> bool:
        """If so, it counts as used."""
        path = self.path(file.sha256)
        try:
            found = os.stat(path)
            if time.time() - found.st_mtime > TOUCH_S:
                os.utime(path)
        except FileNotFoundError:
            return False
        return found.st_size == file.size

    @contextmanager
    def at_hand(self, files: Iterable[File], connect: Callable[[], Server]) -> Iterator[Cache]:
        """Gets what is missing. Meanwhile nothing is collected."""
        os.makedirs(self._directory, exist_ok=True)
        lock = locks.hold(self._directory)
        try:
            self.fetch(files, connect)
            yield self
        finally:
            os.close(lock)

    def collect(self, sha256: str, unused_since: float) -> int | None:
        """Removes a file, unless somebody uses it, or began to after that time. One that a layer has, too, takes no room of its own.

        @return bytes that it took; None: it stays, or was not there
        """
        path = self.path(sha256)
        try:
            found = os.stat(path)
            if found.st_mtime > unused_since or found.st_nlink > 1:
                return None
            with locks.alone(self._directory) as lock:
                gone = _take_away(path, unused_since) if lock is not None else None
        except FileNotFoundError:
            return None
        if not gone:
            return None
        size = trees.size(gone)
        entries.remove(gone)
        return size

    def show(self, file: File) -> str:
        """@return its path; whoever it is shown to may read it, while the directories above let nobody else pass. It stays as long as
        this process lives"""
        path = self.path(file.sha256)
        if _lacks_mode(os.stat(path), file):
            with locks.making(path):
                found = os.stat(path)
                if _lacks_mode(found, file) and found.st_nlink > 1:
                    _part(path)  # the layers that have it keep theirs
                os.chmod(path, _shown_mode(found, file))
        self._shown.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        fcntl.flock(self._shown[-1], fcntl.LOCK_SH)
        return path

    def link(self, file: File, target: str) -> bool:
        """Gives a large file one more name, in a tree to which nobody writes.

        @return False: it is not there, as the file is small, the tree elsewhere, or others have it with another mode
        """
        if file.size < LARGE_BYTES:
            return False
        path = self.path(file.sha256)
        with locks.making(path):
            found = os.stat(path)
            wanted = _shown_mode(found, file)
            if wanted != file.mode & 0o777 or (found.st_nlink > 1 and _lacks_mode(found, file)):
                return False
            try:
                os.link(path, target)
            except OSError as e:
                if e.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM, errno.EOPNOTSUPP):
                    raise
                return False
            os.chmod(path, wanted)
        return True

    def put(self, sha256: str, fill: Callable[[BinaryIO], None]) -> None:
        """@param fill: writes the content; it may be larger than the memory

        @raise Failed: the content is another one
        """
        target = self.path(sha256)
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        partial = f"{target}.{os.getpid()}.{os.urandom(4).hex()}"
        try:
            with open(partial, "x+b", opener=_private) as out:
                fcntl.flock(out, fcntl.LOCK_SH)  # nobody takes it for a killed one's
                fill(out)
                size = out.tell()
                if sha256_of(out) != sha256:
                    raise Failed(f"the server sent {size} bytes that are not file {sha256}")
            os.rename(partial, target)
        finally:
            _unlink(partial)

    def fetch(self, files: Iterable[File], connect: Callable[[], Server]) -> int:
        """Gets what is missing. @return how many files that were"""
        missing = list({f.sha256: f for f in files if not self.has(f)}.values())
        if not missing:
            return 0
        from concurrent.futures import ThreadPoolExecutor

        shares = [missing[i::FETCHERS] for i in range(min(FETCHERS, len(missing)))]
        with ThreadPoolExecutor(len(shares)) as pool:
            for share in [pool.submit(self._fetch, share, connect) for share in shares]:
                share.result()
        return len(missing)

    def _fetch(self, files: list[File], connect: Callable[[], Server]) -> None:
        server = connect()
        try:
            for file in files:
                self.put(file.sha256, lambda out, file=file: _get(server, file, out))
        finally:
            server.close()


def _shown_mode(found: os.stat_result, file: File) -> int:
    """The cache's own, and what is needed so that whoever is shown the file may read it, or run it if it is a program."""
    return found.st_mode & 0o777 | 0o444 | file.mode & 0o111


def _lacks_mode(found: os.stat_result, file: File) -> bool:
    return found.st_mode & 0o777 != _shown_mode(found, file)


def _part(path: str) -> None:
    """From here on it shares nothing with its other names."""
    copy = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        _copy(path, copy, 0o600)
        os.rename(copy, path)
    finally:
        _unlink(copy)


def _take_away(path: str, unused_since: float) -> str | None:
    """@return where it is now; None: it is used, or was meanwhile"""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.fstat(file).st_mtime > unused_since:
            return None
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        gone = entries.away(path)
        os.rename(path, gone)
        return gone
    except BlockingIOError:
        return None  # a container is shown it
    finally:
        os.close(file)


def sha256_of(file: BinaryIO) -> str:
    """Of all of it, wherever one is in it."""
    import hashlib

    sha256 = hashlib.sha256()
    file.seek(0)
    while part := file.read(1 << 20):
        sha256.update(part)
    return sha256.hexdigest()


def _get(server: Server, file: File, out: BinaryIO) -> None:
    patience, pause = Patience(AWAY_S), 0.05
    while True:
        try:
            return server.get(f"/internal/v1/files/{file.sha256}", out)
        except Refused as e:
            raise Failed(f"the server does not give out {file.path}: {e}") from e
        except Unavailable as e:
            if patience.left < pause:
                raise Failed(f"{file.path} could not be fetched in {AWAY_S} s: {e}") from e
            time.sleep(pause)
            pause = min(pause * 2, 5)


def lay_out(files: Iterable[File], cache: Cache, tree: str) -> list[Binding]:
    """Copies the files to *tree*, a new directory that mirrors the container's paths.

    @return what to mount, in this order; always /root and /tmp, both writable
    @raise Failed: a path that a container cannot have
    """
    made: set[str] = set()
    for top in ("root", "tmp"):
        _directory(os.path.join(tree, top), made)
    tops = ["root", "tmp"]
    single: list[Binding] = []
    for file in files:
        parts = _parts(file.path)
        if file.size >= LARGE_BYTES:
            single.append(Binding(cache.show(file), file.path, writable=False))
            continue
        copy = os.path.join(tree, *parts)
        _directory(os.path.dirname(copy), made)
        _copy(cache.path(file.sha256), copy, file.mode & 0o777)
        if len(parts) == 1 or parts[0] in _SHARED:
            single.append(Binding(copy, file.path, writable=len(parts) == 1))
        elif parts[0] not in tops:
            tops.append(parts[0])
    return [Binding(os.path.join(tree, top), "/" + top, writable=True) for top in tops] + single


def lay_out_for_layer(files: Iterable[File], cache: Cache, tree: str, is_shared: bool = False) -> None:
    """Copies the files to *tree*, which mirrors the container's paths.

    @param is_shared: nobody writes to the tree, so that it has large files in common with the cache
    @raise Failed: a path that a container cannot have
    """
    made: set[str] = set()
    for file in files:
        copy = os.path.join(tree, *_parts(file.path))
        _directory(os.path.dirname(copy), made)
        if not (is_shared and cache.link(file, copy)):
            _copy(cache.path(file.sha256), copy, file.mode & 0o777)


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    if parts[0] or len(parts) < 2 or "\0" in path or any(p in ("", ".", "..") for p in parts[1:]):
        raise Failed(f"{path!r} is not an absolute, plain path: the task's file list is wrong")
    if parts[1] in _CLOSED:
        raise Failed(f"{path} cannot be placed: /{parts[1]} belongs to the platform")
    return parts[1:]


def _directory(path: str, made: set[str]) -> None:
    missing = []
    while path not in made and not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for one in reversed(missing):  # os.makedirs recurses
        os.mkdir(one, 0o755)
    made.update((path, *missing))


def _copy(source: str, target: str, mode: int) -> None:
    reader = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            while os.sendfile(writer, reader, None, LARGE_BYTES):
                pass
            os.fchmod(writer, mode)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
