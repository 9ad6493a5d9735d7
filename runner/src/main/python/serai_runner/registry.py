# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A registry of OCI images: where nodes find layers that others made, and from which a cluster's container engine runs images.

A layer is there as an image of it alone, `layer-…`; what is run is an image of a base's layers, an image's, and the client's
runtime, each packed once. skopeo speaks with the registry, as podman and buildah do.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple

from . import given, skopeo
from .layers import NAME, Layers
from .layers import digest as layer_digest
from .problems import Failed

_MEDIA = "application/vnd.oci.image."
_QUICK = 1  # of gzip's levels: a build waits for it, and most of a layer is compressed already or read once
_ABSENT = ("manifest unknown", "name unknown", "not found", "404")  # as registries say it
_NAME = "image"  # in a layout of our own


class Address(NamedTuple):
    """Where it is, and how one gets in."""

    repository: str  # host:port/path
    tls: bool
    credentials: str  # a file on the node, as `podman login` writes it; empty: nobody asks for any

    @staticmethod
    def of(it: Mapping[str, Any]) -> Address:
        return Address(it["repository"], bool(it.get("tls", True)), it.get("credentials") or "")


class _Blob(NamedTuple):
    """A packed layer."""

    digest: str
    size: int
    diff: str  # digest before it was compressed


class Registry:
    """Seen from one node."""

    def __init__(self, address: Address, layers: Layers) -> None:
        self._address, self._layers = address, layers

    @property
    def directory(self) -> str:
        """Of the node's layers."""
        return self._layers.directory

    def ensure(self, name: str, make: Callable[[str], None]) -> str:
        """As that of the node's layers, but what another node has put there is not made again.

        @raise Failed: as *make* does; the registry is away, and it is not here
        """

        def get(tree: str) -> None:
            blob = self._fetch(name, tree)
            if blob:
                self._write_note(name, blob)
            else:
                make(tree)

        return self._layers.ensure(name, get)

    def download(self, image: str, directory: str) -> None:
        """An image of a registry, as an OCI layout; with what is known of this one if it is here. @raise Failed"""
        host = self._address.repository.split("/", 1)[0]
        given.download(image, directory, self._options("src") if image.startswith(f"{given.IN_REGISTRY}{host}/") else [])

    def bring(self, digest: str, below: str) -> None:
        """Makes sure that a layer is on this node.

        @param below: name of the layer on which it lies
        @raise Failed: it is nowhere, or not what it is said to be
        """

        name = digest[:NAME]

        def get(tree: str) -> None:
            blob = self._fetch(name, tree)
            if not blob:
                raise Failed(f"layer {name} is neither on this node nor in {self._address.repository}")
            if layer_digest(tree, below).digest != digest:
                raise Failed(f"what {self._address.repository} has as layer {name} is another one")
            self._write_note(name, blob)

        self._layers.ensure(name, get)

    def _fetch(self, name: str, tree: str) -> _Blob | None:
        """Unpacks a layer into an empty directory. @return what it was packed as; None: it is not there

        @raise Failed: the registry is away, or what it has is none of ours
        """
        from . import packed

        with self._scratch() as scratch:
            image = os.path.join(scratch, "image")
            said = skopeo.copy(f"docker://{self._address.repository}:layer-{name}", f"dir:{image}", self._options("src"))
            if any(words in said.lower() for words in _ABSENT):
                return None
            if said:
                raise Failed(f"layer {name} could not be fetched from {self._address.repository}: {said}")
            try:
                manifest = _read(os.path.join(image, "manifest.json"))
                config = _read(os.path.join(image, manifest["config"]["digest"].removeprefix("sha256:")))
                layer = manifest["layers"][0]
                with open(os.path.join(image, layer["digest"].removeprefix("sha256:")), "rb") as archive:
                    packed.unpack(archive, tree)
                return _Blob(layer["digest"], layer["size"], config["rootfs"]["diff_ids"][0])
            except (*packed.UNREADABLE, LookupError, TypeError) as e:
                raise Failed(f"what {self._address.repository} has as layer {name} is none of ours: {e!r}") from e

    def keep(self, name: str) -> None:
        """Puts a layer of this node there, for others, unless it is noted that it is. @raise Failed: it is not taken"""
        if not self._noted(name):
            self._push([name], {}, f"layer-{name}")

    def publish(self, names: Sequence[str], environment: Mapping[str, str], tag: str) -> str:
        """Puts an image there.

        @param names: its layers', the lowest first
        @return its reference, by digest
        @raise Failed: it is not taken
        """
        return f"{self._address.repository}@{self._push(names, environment, tag)}"

    def _push(self, names: Sequence[str], environment: Mapping[str, str], tag: str) -> str:
        """@return the manifest's digest"""
        try:
            return self._copy(names, environment, tag, anew=False)
        except Failed:
            if not any(map(self._noted, names)):
                raise
        return self._copy(names, environment, tag, anew=True)  # it may have lost what it had

    def _copy(self, names: Sequence[str], environment: Mapping[str, str], tag: str, anew: bool) -> str:
        """@param anew: what is noted is packed again, too"""
        with self._scratch() as scratch:
            blobs = [(None if anew else self._noted(name)) or self._pack(name, scratch) for name in names]
            digest = _write_layout(scratch, blobs, environment)
            said = skopeo.copy(f"oci:{scratch}:{_NAME}", f"docker://{self._address.repository}:{tag}", self._options("dest"))
            if said:
                raise Failed(f"the registry {self._address.repository} does not take what was built: {said}")
            for name, blob in zip(names, blobs, strict=True):
                self._write_note(name, blob)
        return digest

    def _pack(self, name: str, scratch: str) -> _Blob:
        import gzip

        from . import packed

        draft = os.path.join(scratch, "draft")
        with open(draft, "wb") as file:
            out = _Hashing(file)
            with gzip.GzipFile(filename="", mode="wb", compresslevel=_QUICK, fileobj=out, mtime=0) as zipped:
                archive = _Hashing(zipped)
                packed.pack(os.path.join(self.directory, name), archive)
        blob = _Blob(out.digest, os.path.getsize(draft), archive.digest)
        os.rename(draft, _blob_path(scratch, blob.digest))
        return blob

    def _note(self, name: str) -> str:
        """File in which a layer's blob is noted once the registry has it: it is not packed again."""
        return f"{os.path.join(self.directory, name)}.packed-{hashlib.sha256(self._address.repository.encode()).hexdigest()[:8]}"

    def _noted(self, name: str) -> _Blob | None:
        try:
            with open(self._note(name), encoding="ascii") as file:
                return _Blob(*json.load(file))
        except (FileNotFoundError, ValueError, TypeError):  # not yet, or half written when the power went
            return None

    def _write_note(self, name: str, blob: _Blob) -> None:
        draft = f"{self._note(name)}.{os.getpid()}"
        with open(draft, "w", encoding="ascii") as file:
            json.dump(blob, file)
        os.replace(draft, self._note(name))

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[str]:
        path = self._layers.place()
        try:
            os.makedirs(os.path.join(path, "blobs", "sha256"))
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def _options(self, side: str) -> list[str]:
        """Of skopeo. @param side: which of its two, src or dest, is this registry"""
        words = [] if self._address.tls else [f"--{side}-tls-verify=false"]
        return [*words, "--authfile", self._address.credentials] if self._address.credentials else words


class _Hashing:
    """A stream for writing, and the digest of what went through it."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._sha256, self._at = out, hashlib.sha256(), 0

    @property
    def digest(self) -> str:
        return f"sha256:{self._sha256.hexdigest()}"

    def write(self, data: bytes) -> int:
        self._sha256.update(data)
        self._at += len(data)
        self._out.write(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        self._out.flush()


def _write_layout(directory: str, blobs: Sequence[_Blob], environment: Mapping[str, str]) -> str:
    """Makes it an OCI layout with one image (https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md).

    @return the digest of its manifest
    """
    config = _write_blob(
        directory,
        {
            "architecture": given.architecture(),
            "os": "linux",
            "config": {"Env": [f"{name}={value}" for name, value in sorted(environment.items())], "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [blob.diff for blob in blobs]},
        },
    )
    manifest = _write_blob(
        directory,
        {
            "schemaVersion": 2,
            "mediaType": _MEDIA + "manifest.v1+json",
            "config": {"mediaType": _MEDIA + "config.v1+json", **config},
            "layers": [{"mediaType": _MEDIA + "layer.v1.tar+gzip", "digest": blob.digest, "size": blob.size} for blob in blobs],
        },
    )
    named = {"mediaType": _MEDIA + "manifest.v1+json", **manifest, "annotations": {"org.opencontainers.image.ref.name": _NAME}}
    for name, content in (
        ("oci-layout", {"imageLayoutVersion": "1.0.0"}),
        ("index.json", {"schemaVersion": 2, "manifests": [named]}),
    ):
        with open(os.path.join(directory, name), "w", encoding="ascii") as file:
            json.dump(content, file)
    return manifest["digest"]


def _read(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _write_blob(directory: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """@return its descriptor, without a kind"""
    data = json.dumps(content, sort_keys=True).encode()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    with open(_blob_path(directory, digest), "wb") as file:
        file.write(data)
    return {"digest": digest, "size": len(data)}


def _blob_path(directory: str, digest: str) -> str:
    return os.path.join(directory, "blobs", "sha256", digest.removeprefix("sha256:"))
