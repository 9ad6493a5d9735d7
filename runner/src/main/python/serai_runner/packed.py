# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Layers as tar archives, as images of the OCI format have them, and back.

The two tell differently that something of a lower layer is gone: an overlay by a device 0/0 in its place, and by an attribute
of a directory of which nothing below counts; an archive by empty files, `.wh.NAME` and `.wh..wh..opq`
(https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md). Users are ours on the node, and the image's own in an archive.
"""

from __future__ import annotations

import os
import stat
import struct
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from . import trees
from .namespaces import COUNT, FIRST
from .problems import Failed

UNREADABLE = (ValueError, EOFError, OSError, tarfile.TarError, zlib.error, struct.error)  # what an archive of others may raise
GONE, OPAQUE = ".wh.", ".wh..wh..opq"
_OVERLAY_OPAQUE = "trusted.overlay.opaque"
_TREE = "."  # the name of a layer's own directory
_CAPABILITIES = "security.capability"
_PAX_CAPABILITIES = "SCHILY.xattr." + _CAPABILITIES
# struct vfs_cap_data and vfs_ns_cap_data of linux/capability.h: the second says whose root may use them
_REVISION, _REVISION_2, _REVISION_3 = 0xFF000000, 0x02000000, 0x03000000


def pack(tree: str, out: BinaryIO) -> None:
    """Writes a layer's directory as a tar archive. Always the same bytes for the same directory."""
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, path, found in trees.walk(tree):
            if stat.S_ISCHR(found.st_mode) and found.st_rdev == 0:
                archive.addfile(_empty(os.path.join(os.path.dirname(name), GONE + os.path.basename(name)), found))
                continue
            member = archive.gettarinfo(path, name)
            if member is None:
                continue  # a socket: nobody listens any more
            member.uid, member.gid = _inside(found.st_uid), _inside(found.st_gid)
            member.uname = member.gname = ""
            member.mtime = int(found.st_mtime)
            _add_capabilities(member, path)
            if member.isreg() and member.size:
                with open(path, "rb") as file:
                    archive.addfile(member, file)
            else:
                archive.addfile(member)
            if member.isdir() and _is_opaque(path):
                archive.addfile(_empty(os.path.join(name, OPAQUE), found))


def unpack(archive: BinaryIO, tree: str) -> None:
    """Lays out what *pack* wrote in an empty directory.

    @raise Failed: a path in it leads out of the directory
    """
    directories: list[tarfile.TarInfo] = []
    with tarfile.open(fileobj=archive, mode="r|*") as members:
        for member in members:
            with _place(tree, member.name) as path:
                above, name = os.path.split(path)
                if name == OPAQUE:
                    os.setxattr(above, _OVERLAY_OPAQUE, b"y")
                elif name.startswith(GONE):
                    os.mknod(os.path.join(above, name.removeprefix(GONE)), stat.S_IFCHR, os.makedev(0, 0))
                else:
                    _lay_out(members, member, path, tree)
            if member.isdir():
                directories.append(member)
    for member in reversed(directories):  # times, after what is in them
        with _place(tree, member.name) as path:
            os.utime(path, (member.mtime, member.mtime))


def _lay_out(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str, tree: str) -> None:
    if member.islnk():
        with _place(tree, member.linkname) as source:
            os.link(source, path, follow_symlinks=False)
        return
    if member.isdir():
        if os.path.basename(path) != _TREE:
            os.mkdir(path)
    elif member.issym():
        os.symlink(member.linkname, path)
    elif member.isreg():
        with open(path, "xb") as file:
            content = archive.extractfile(member)
            while part := content.read(1 << 20):
                file.write(part)
    elif member.isfifo():
        os.mkfifo(path)
    else:
        raise Failed(f"{member.name} is no kind of file that a layer may have")
    os.chown(path, _outside(member.uid), _outside(member.gid), follow_symlinks=False)
    if member.issym():
        os.utime(path, (member.mtime, member.mtime), follow_symlinks=False)
        return
    os.chmod(path, member.mode)  # after the owner, whose change takes bits away
    _take_capabilities(member, path)
    if not member.isdir():
        os.utime(path, (member.mtime, member.mtime))


@contextmanager
def _place(tree: str, name: str) -> Iterator[str]:
    """@return a path that holds meanwhile. @raise Failed: out of the tree, or behind a link"""
    *above, last = [part for part in name.split("/") if part not in ("", _TREE)] or [_TREE]
    with trees.directory(tree, "/".join(above)) as directory:
        if directory is None or ".." in (*above, last):
            raise Failed(f"{name!a} leads out of the layer, or into a directory that it lacks: the archive is not one of ours")
        yield trees.inside(directory, last)


def _empty(name: str, like: os.stat_result) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mode, member.mtime = 0o644, int(like.st_mtime)
    return member


def _inside(number: int) -> int:
    return number - FIRST if FIRST <= number < FIRST + COUNT else number


def _outside(number: int) -> int:
    if not 0 <= number < COUNT:
        raise Failed(f"user or group {number} is none of those that images have")
    return FIRST + number


def _is_opaque(path: str) -> bool:
    try:
        return os.getxattr(path, _OVERLAY_OPAQUE) == b"y"
    except OSError:
        return False  # it has no such attribute


def _add_capabilities(member: tarfile.TarInfo, path: str) -> None:
    """Without the root whose they are, as an image knows only one."""
    if not member.isreg() or _CAPABILITIES not in os.listxattr(path):
        return
    value = os.getxattr(path, _CAPABILITIES)
    magic = struct.unpack_from("<I", value)[0]
    if magic & _REVISION == _REVISION_3:
        value = struct.pack("<I", (magic & ~_REVISION) | _REVISION_2) + value[4:20]
    member.pax_headers = {_PAX_CAPABILITIES: value.decode("utf-8", "surrogateescape")}


def _take_capabilities(member: tarfile.TarInfo, path: str) -> None:
    text = member.pax_headers.get(_PAX_CAPABILITIES)
    if text is None:
        return
    value = text.encode("utf-8", "surrogateescape")
    magic = struct.unpack_from("<I", value)[0]
    if magic & _REVISION == _REVISION_2:
        value = struct.pack("<I", (magic & ~_REVISION) | _REVISION_3) + value[4:20] + struct.pack("<I", FIRST)
    os.setxattr(path, _CAPABILITIES, value)
