# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Base systems that an operator gives: a directory, an archive of a root file system, an OCI archive or layout, or an image of
a registry, as `docker://mirror.example/ubuntu:24.04`. Unpacked once for each node."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO, Protocol

from . import namespaces, trees
from .namespaces import Stage
from .problems import Failed

IN_REGISTRY = "docker://"
_GONE, _OPAQUE = ".wh.", ".wh..wh..opq"


class Keeper(Protocol):
    """Of layers that have names: this node's, or those that all nodes share."""

    @property
    def directory(self) -> str: ...

    def ensure(self, name: str, make: Callable[[str], None]) -> str: ...

    def download(self, image: str, directory: str) -> None: ...


def ensure(name: str, source: str, layers: Keeper, stage: Stage, tell: Callable[[str], None]) -> str:
    """@return the layer's path

    @param name: after FROM
    @raise Failed: it is not there, or cannot be unpacked
    """
    if source.startswith(IN_REGISTRY):
        state = [source]
    else:
        try:
            found = os.stat(source)
        except OSError as e:
            raise Failed(f"{name} is said to be {source} by serai.image.bases, which is not on this node: {e}") from e
        state = [source, str(found.st_mtime_ns), str(found.st_size)]

    def make(tree: str) -> None:
        tell(f"Unpacking {source} for {name}; once for this node")
        shown = stage.bind(tree, "made")
        try:
            for archive in _archives(source, os.path.dirname(tree), layers):
                _unpack(archive, tree, shown, stage)
        finally:
            stage.remove(shown)
        for directory in ("etc", "root", "tmp"):
            path = os.path.join(tree, directory)
            if not os.path.lexists(path):
                os.mkdir(path)
                namespaces.own(path)
        if not _is_inside(tree, "/etc"):
            raise Failed(f"/etc of {source} is a link, or no directory")
        settle(tree)

    digest = hashlib.sha256(chr(0).join(state).encode()).hexdigest()
    return layers.ensure(f"given-{digest[:16]}", make)


def settle(tree: str) -> None:
    """Files that are shown from the node need a place; packages may be put beside the distribution's."""
    import glob

    for name in ("resolv.conf", "hosts", "hostname"):
        path = os.path.join(tree, "etc", name)
        if os.path.lexists(path):
            os.unlink(path)
        open(path, "x").close()
        namespaces.own(path)
    for path in glob.glob(os.path.join(tree, "usr/lib/python3*/EXTERNALLY-MANAGED")):
        os.unlink(path)
    python = os.path.join(tree, "usr/bin/python")
    if os.path.lexists(python + "3") and not os.path.lexists(python):
        os.symlink("python3", python)
        namespaces.own(python)


def download(image: str, directory: str, options: list[str]) -> None:
    """Fetches an image of a registry as an OCI layout. @param options: of skopeo. @raise Failed: with what it said"""
    from . import skopeo

    said = skopeo.copy(image, f"oci:{directory}:image", options)
    if said:
        raise Failed(f"{image} could not be fetched: {said}")


def _archives(source: str, scratch: str, layers: Keeper) -> list[str]:
    """What to unpack, the lowest first."""
    import tarfile

    out = os.path.join(scratch, "oci")
    if source.startswith(IN_REGISTRY):
        layers.download(source, out)
        return _layers(out)
    if os.path.isdir(source):
        return _layers(source) if os.path.isfile(os.path.join(source, "oci-layout")) else [source]
    if not tarfile.is_tarfile(source):
        raise Failed(f"{source} is neither a directory nor a tar archive")
    with tarfile.open(source) as archive:
        names = {name.removeprefix("./") for name in archive.getnames()[:10_000]}
        if "oci-layout" not in names:
            return [source]
        archive.extractall(out, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(out)
    return _layers(out)


def _layers(layout: str) -> list[str]:
    """Of an OCI layout's first image, or of the one for this machine."""

    def blob(digest: str) -> str:
        algorithm, _, value = digest.partition(":")
        return os.path.join(layout, "blobs", os.path.basename(algorithm), os.path.basename(value))

    def read(path: str) -> Any:
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    manifest = read(os.path.join(layout, "index.json"))
    while "layers" not in manifest:
        ours = (m for m in manifest["manifests"] if (m.get("platform") or {}).get("architecture") == architecture())
        manifest = read(blob(next(ours, manifest["manifests"][0])["digest"]))
    return [blob(layer["digest"]) for layer in manifest["layers"]]


def architecture() -> str:
    """This machine's, as OCI names it."""
    machine = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def _unpack(archive: str, tree: str, shown: str, stage: Stage) -> None:
    """@param shown: the tree, as our users see it"""
    into = [*stage.enter(), "tar", "-x", "-p", "--numeric-owner", "--exclude=dev/*", "--exclude=./dev/*", "-C", shown]
    if os.path.isdir(archive):
        with _output(["tar", "-c", "--numeric-owner", "-C", archive, "."], f"{archive} could not be copied") as packed:
            namespaces.run_from([*into, "-f", "-"], packed, f"{archive} could not be copied")
        return
    program = _program(archive)
    if os.listdir(tree):
        _clear_way(archive, program, tree)
    with open(archive, "rb") as packed:
        words = [*into, *([f"--{program}"] if program else []), "--exclude=.wh.*", "-f", "-"]
        namespaces.run_from(words, packed, f"{archive} could not be unpacked")


def _program(archive: str) -> str:
    """What it was compressed by; empty: nothing."""
    with open(archive, "rb") as packed:
        head = packed.read(4)
    if head[:2] == b"\x1f\x8b":
        return "gzip"
    if head == b"\x28\xb5\x2f\xfd":
        return "zstd"
    return "xz" if head == b"\xfd7zX" else ""


@contextmanager
def _output(command: list[str], what: str) -> Iterator[BinaryIO]:
    """What a program writes. @raise Failed: it did not end well, with its last words"""
    import subprocess
    import tempfile

    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said) as process:
            yield process.stdout
        if process.returncode:
            said.seek(0)
            words = said.read().decode("utf-8", "replace").strip().splitlines()
            raise Failed(f"{what}: {'; '.join(words[-4:]) or f'exit code {process.returncode}'}")


def _clear_way(archive: str, program: str, tree: str) -> None:
    """Removes of the layers below, which are in the tree already, what an OCI layer says is gone, and directories that it has something
    else in the place of."""
    import tarfile

    with _plain(archive, program) as plain:
        try:
            with tarfile.open(fileobj=plain, mode="r|") as members:
                for member in members:
                    _clear_for(member.name, member.isdir(), tree)
        except tarfile.TarError as e:
            raise Failed(f"{archive} could not be read: {e}") from e
        while plain.read(1 << 20):
            pass  # a program whose last bytes nobody reads does not end well


def _plain(archive: str, program: str) -> AbstractContextManager[BinaryIO]:
    if not program:
        return open(archive, "rb")
    path = namespaces.find_tool(program, f"it is needed to unpack {archive}")
    return _output([path, "-dc", "--", archive], f"{archive} could not be read")


def _clear_for(path: str, is_directory: bool, tree: str) -> None:
    directory, name = os.path.split(os.path.normpath("/" + path.lstrip("/")))
    place = tree + directory.rstrip("/")
    if not name.startswith(_GONE):
        gone = [name] if not is_directory and _is_directory(os.path.join(place, name)) else []
    elif name == _OPAQUE:
        gone = os.listdir(place) if _is_inside(tree, directory) else []
    else:
        gone = [one for one in [name.removeprefix(_GONE)] if one not in ("", ".", "..")]
    if not gone or not _is_inside(tree, directory) or f"{directory}/".startswith("/dev/"):
        return
    for target in (os.path.join(place, one) for one in gone):
        if _is_directory(target):
            _clear(target)
        elif os.path.lexists(target):
            os.unlink(target)


def _is_directory(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _clear(directory: str) -> None:
    left = trees.remove(directory)
    if left:
        raise Failed(f"{directory} could not be removed: {left}")


def _is_inside(tree: str, directory: str) -> bool:
    """Whether it is there, and no link on the way leads elsewhere."""
    return os.path.isdir(tree + directory) and os.path.realpath(tree + directory) == os.path.realpath(tree) + directory.rstrip("/")
