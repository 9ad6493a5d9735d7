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

from . import namespaces
from .namespaces import Stage
from .problems import Failed

IN_REGISTRY = "docker://"


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
            settle(shown, stage, source)
        finally:
            stage.remove(shown)

    digest = hashlib.sha256(chr(0).join(state).encode()).hexdigest()
    return layers.ensure(f"given-{digest[:16]}", make)


def settle(shown: str, stage: Stage, source: str) -> None:
    """Files that are shown from the node need a place; packages may be put beside the distribution's.

    @param shown: the root, as our users see it
    @param source: what it was made of, for the error
    @raise Failed: there can be no such place in it
    """
    from . import rooted

    rooted.run(shown, stage.users, f"{source} cannot be a base system", _settle)


def _settle() -> None:
    """In the root itself."""
    for directory in ("/etc", "/root", "/tmp"):
        if not os.path.lexists(directory):
            os.mkdir(directory)
    if os.path.islink("/etc") or not os.path.isdir("/etc"):
        raise Failed("/etc is a link, or no directory")
    for name in ("resolv.conf", "hosts", "hostname"):
        path = os.path.join("/etc", name)
        if os.path.lexists(path):
            os.unlink(path)
        open(path, "x").close()
    libraries = os.listdir("/usr/lib") if os.path.isdir("/usr/lib") else []
    for managed in (f"/usr/lib/{name}/EXTERNALLY-MANAGED" for name in libraries if name.startswith("python3")):
        if os.path.lexists(managed):
            os.unlink(managed)
    if os.path.lexists("/usr/bin/python3") and not os.path.lexists("/usr/bin/python"):
        os.symlink("python3", "/usr/bin/python")


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
    from . import rooted, unpacking

    for step in (unpacking.clear_way, unpacking.lay_out) if os.listdir(tree) else (unpacking.lay_out,):
        with _plain(archive) as plain:
            rooted.run(shown, stage.users, f"{archive} could not be unpacked", lambda step=step, plain=plain: step(plain))


def _plain(archive: str) -> AbstractContextManager[BinaryIO]:
    """A tar archive as it is without its compression, or of a directory."""
    if os.path.isdir(archive):
        return _output(["tar", "-c", "--numeric-owner", "-C", archive, "."], f"{archive} could not be copied")
    program = _program(archive)
    if not program:
        return open(archive, "rb")
    path = namespaces.find_tool(program, f"it is needed to unpack {archive}")
    return _output([path, "-dc"], f"{archive} could not be read", archive)


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
def _output(command: list[str], what: str, source: str = os.devnull) -> Iterator[BinaryIO]:
    """What a program writes. @param source: a file that it reads. @raise Failed: it did not end well, with its last words"""
    import subprocess
    import tempfile

    with tempfile.TemporaryFile() as said, open(source, "rb") as read:
        with subprocess.Popen(command, stdin=read, stdout=subprocess.PIPE, stderr=said) as process:
            yield process.stdout
        if process.returncode:
            said.seek(0)
            words = said.read().decode("utf-8", "replace").strip().splitlines()
            raise Failed(f"{what}: {'; '.join(words[-4:]) or f'exit code {process.returncode}'}")
