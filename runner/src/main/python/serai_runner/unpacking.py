# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Layers of an OCI image, one on the other, in the root that is `/` (:mod:`rooted`).

As engines do, a link that a lower layer has on a member's way is followed, seen from that root. Devices are the node's to give: what
an archive has in /dev is left out.
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator
from typing import BinaryIO

from . import trees
from .packed import GONE, OPAQUE
from .problems import Failed

_PART = 1 << 20  # bytes


def clear_way(archive: BinaryIO) -> None:
    """Removes of the layers below, which are there already, what a layer says is gone, and what it has something else in the place
    of: a directory for a file, or the other way round.

    @param archive: a tar archive, not compressed; read to its end
    """
    for _, member in _members(archive):
        for path in _gone(member):
            _remove(path)


def lay_out(archive: BinaryIO) -> None:
    """Puts there what a layer has. @param archive: as for *clear_way*. @raise Failed: no root has such a thing"""
    directories = []
    for members, member in _members(archive):
        path = _place(member.name)
        if _is_left_out(path, member):
            continue
        _make_way(path)
        _put(members, member, path)
        if member.isdir():
            directories.append((path, member.mtime))
    for path, modified in reversed(directories):  # after what is in them
        os.utime(path, (modified, modified), follow_symlinks=False)


def _members(archive: BinaryIO) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    with tarfile.open(fileobj=archive, mode="r|") as members:
        for member in members:
            yield members, member
            members.members.clear()  # it would keep all of them
    while archive.read(_PART):
        pass  # a program whose last bytes nobody reads does not end well


def _place(name: str) -> str:
    return os.path.normpath("/" + name.lstrip("/"))


def _is_left_out(path: str, member: tarfile.TarInfo) -> bool:
    return path.startswith("/dev/") or (path == "/dev" and not member.isdir()) or f"/{GONE}" in path


def _gone(member: tarfile.TarInfo) -> list[str]:
    path = _place(member.name)
    directory, name = os.path.split(path)
    if f"{directory}/".startswith("/dev/"):
        return []
    if name == OPAQUE:
        return [os.path.join(directory, one) for one in _entries(directory)]
    if name.startswith(GONE):
        gone = name.removeprefix(GONE)
        return [] if gone in ("", ".", "..") else [os.path.join(directory, gone)]
    mode = _mode(path)
    is_other = mode is not None and stat.S_ISDIR(mode) != member.isdir()
    return [path] if is_other and path not in ("/", "/dev") else []


def _entries(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _mode(path: str) -> int | None:
    """None: nothing is there."""
    try:
        return os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _remove(path: str) -> None:
    mode = _mode(path)
    if mode is not None and stat.S_ISDIR(mode):
        trees.clear_away(path)
    elif mode is not None:
        os.unlink(path)


def _make_way(path: str) -> None:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except (FileExistsError, FileNotFoundError, NotADirectoryError) as e:
        raise Failed(f"{path} is below a file, or a link that leads to nothing in the image") from e


def _put(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
    """In the place of a file or an empty directory, should one be there."""
    if member.isdir():
        _make_directory(path)
    else:
        _take_away(path)
        if member.islnk():
            os.link(_place(member.linkname), path, follow_symlinks=False)
            return
        _make(archive, member, path)
    os.chown(path, member.uid, member.gid, follow_symlinks=False)
    if not member.issym():
        os.chmod(path, member.mode)  # after the owner, whose change takes bits away
    os.utime(path, (member.mtime, member.mtime), follow_symlinks=False)


def _make(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
    if member.issym():
        os.symlink(member.linkname, path)
    elif member.isreg():
        _copy(archive.extractfile(member), path, member.size)
    elif member.isfifo():
        os.mkfifo(path)
    elif member.isdev():
        kind = stat.S_IFCHR if member.ischr() else stat.S_IFBLK
        os.mknod(path, kind, os.makedev(member.devmajor, member.devminor))
    else:
        raise Failed(f"{member.name} is no kind of file that is known")


def _make_directory(path: str) -> None:
    mode = _mode(path)
    if mode is not None and stat.S_ISDIR(mode):
        return
    if mode is not None:
        os.unlink(path)
    os.mkdir(path)


def _take_away(path: str) -> None:
    mode = _mode(path)
    if mode is not None:
        (os.rmdir if stat.S_ISDIR(mode) else os.unlink)(path)


def _copy(content: BinaryIO, path: str, size: int) -> None:
    """Parts that are all zeros stay holes."""
    with open(path, "xb") as file:
        while part := content.read(_PART):
            if part.strip(b"\0"):
                file.write(part)
            else:
                file.seek(len(part), os.SEEK_CUR)
        file.truncate(size)
