# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A registry of OCI images: where nodes find layers that others made, and from which a cluster's container engine runs images.

A layer is there as an image of it alone, `layer-…`, and one of a base system as `base-…`, by their digests; what is run is an
image of a base's layers, an image's, and the client's runtime, each packed once. skopeo speaks with the registry, as podman and
buildah do. The server is told of each tag before it is pushed, and each push makes another manifest: so whoever deletes what nobody
needs deletes nothing that was pushed since he asked (ADR 0024).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple, Protocol

from . import given, skopeo, trees
from .layers import NAME, Layers, is_digest
from .layers import digest as layer_digest
from .problems import Failed

_MEDIA = "application/vnd.oci.image."
_QUICK = 1  # of gzip's levels: a build waits for it, and most of a layer is compressed already or read once
_PUSH = "serai.push"  # an annotation: which one it was
_DIGEST = 64  # characters
_AGAIN = "a node that has it puts it there again with its next build on it, or by `serai-runner.pyz collect`"
_FORCE = "if none has it, it comes by a build with force_build"
_OTHER = "if none has it, say other serai.image.packages, or another source in serai.image.bases, and build images anew"
_FORBIDDEN = ("405", "unsupported", "not allowed", "disabled")  # as registries say that they delete nothing
_ABSENT = ("manifest unknown", "name unknown", "not found", "code 404")  # as registries say it
_NO_REPOSITORY = "name unknown"  # by the specification
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


class Ledger(Protocol):
    """What the server knows of the registry, for whoever pushes."""

    def announce(self, tags: Sequence[str]) -> None:
        """They are about to be pushed. @raise Failed: it does not take that, so they must not be"""

    def base_digest(self, name: str, digest: str) -> str:
        """@param digest: of the base system's layer that this node has, and the registry; empty: it is only asked

        @return the digest that counts; empty if none is known
        @raise Failed
        """


class Registry:
    """Seen from one node."""

    def __init__(self, address: Address, layers: Layers, ledger: Ledger | None = None) -> None:
        """@param ledger: None: whoever asks only fetches, and makes base systems for this node alone"""
        self._address, self._layers, self._ledger = address, layers, ledger

    @property
    def directory(self) -> str:
        """Of the node's layers."""
        return self._layers.directory

    def ensure(self, name: str, make: Callable[[str], None]) -> str:
        """As that of the node's layers, for one of a base system: all nodes have that of the first one to make it.

        @raise Failed: as *make* does; the registry is away; this node has another one
        """
        if not self._ledger:
            return self._layers.ensure(name, lambda tree: self._make(name, tree, make))
        ledger = self._ledger
        known = ledger.base_digest(name, "")

        def get(tree: str) -> None:
            if known:
                self._fetch_base(name, known, tree)
                return
            own = self._make(name, tree, make)
            counts = self._offer(ledger, name, own, tree)
            if counts != own:
                _clear(tree)
                self._fetch_base(name, counts, tree)

        path = self._layers.ensure(name, get)
        own = self._digest(name)
        self._must_be(name, known or self._offer(ledger, name, own, path))
        return path

    def _make(self, name: str, tree: str, make: Callable[[str], None]) -> str:
        """@return its digest"""
        make(tree)
        digest = layer_digest(tree, "").digest
        self._note_digest(name, digest)
        return digest

    def recorded(self, name: str, digest: str) -> str:
        """A base system's layer, as that of an image. @return its path. @raise Failed: it is nowhere; this node has another one"""
        path = self._layers.ensure(name, lambda tree: self._fetch_base(name, digest, tree))
        self._must_be(name, digest)
        return path

    def has(self, name: str, digest: str) -> bool:
        """Whether this node has that layer of a base system."""
        return os.path.isdir(os.path.join(self.directory, name)) and self._digest(name) == digest

    def _offer(self, ledger: Ledger, name: str, digest: str, path: str) -> str:
        """@return which one counts: it, unless another node was faster"""
        known = ledger.base_digest(name, "")
        if known:
            return known
        tag = base_tag(digest)
        ledger.announce([tag])
        self._push([name], {}, tag, {name: path})
        return ledger.base_digest(name, digest)

    def _must_be(self, name: str, digest: str) -> None:
        if self._digest(name) != digest:
            raise Failed(
                f"the base system {name} of this node is another one than that of the other nodes, {digest[:NAME]} in "
                f"{self._address.repository}: remove {os.path.join(self.directory, name)} when no container of an image runs here, "
                f"and it is fetched"
            )

    def _fetch_base(self, name: str, digest: str, tree: str) -> None:
        blob = self._fetch(base_tag(digest), tree)
        if not blob:
            raise Failed(
                f"the base system {name} with the digest {digest[:NAME]}, on which images stand, is neither on this node nor in "
                f"{self._address.repository}: {_AGAIN}; {_OTHER}"
            )
        if layer_digest(tree, "").digest != digest:
            raise Failed(f"what {self._address.repository} has as base system {name} is another one")
        self._write_note(name, blob)
        self._note_digest(name, digest)

    def _digest(self, name: str) -> str:
        """Of a base system's layer that is here. It is noted, as to compute it takes seconds."""
        try:
            with open(self._digest_note(name), encoding="ascii") as file:
                noted = file.read()
        except FileNotFoundError:
            noted = ""
        if len(noted) == _DIGEST:
            return noted
        digest = layer_digest(os.path.join(self.directory, name), "").digest
        self._note_digest(name, digest)
        return digest

    def _digest_note(self, name: str) -> str:
        return os.path.join(self.directory, name) + ".digest"

    def _note_digest(self, name: str, digest: str) -> None:
        _replace(self._digest_note(name), digest)

    def download(self, image: str, directory: str) -> None:
        """An image of a registry, as an OCI layout; with what is known of this one if it is here. @raise Failed"""
        host = self._address.repository.split("/", 1)[0]
        given.download(image, directory, self._options("src-") if image.startswith(f"{given.IN_REGISTRY}{host}/") else [])

    def bring(self, digest: str, below: str) -> None:
        """Makes sure that a layer is on this node.

        @param below: name of the layer on which it lies
        @raise Failed: it is nowhere, or not what it is said to be
        """

        name = digest[:NAME]

        def get(tree: str) -> None:
            blob = self._fetch(layer_tag(name), tree)
            if not blob:
                raise Failed(f"layer {name} is neither on this node nor in {self._address.repository}: {_AGAIN}; {_FORCE}")
            if layer_digest(tree, below).digest != digest:
                raise Failed(f"what {self._address.repository} has as layer {name} is another one")
            self._write_note(name, blob)

        self._layers.ensure(name, get)

    def _fetch(self, tag: str, tree: str) -> _Blob | None:
        """Unpacks a layer into an empty directory. @return what it was packed as; None: it is not there

        @raise Failed: the registry is away, or what it has is none of ours
        """
        from . import packed

        with self._scratch() as scratch:
            image = os.path.join(scratch, "image")
            said = skopeo.copy(f"docker://{self._address.repository}:{tag}", f"dir:{image}", self._options("src-"))
            if _is_absent(said):
                return None
            if said:
                raise Failed(f"{tag} could not be fetched from {self._address.repository}: {said}")
            try:
                manifest = _read(os.path.join(image, "manifest.json"))
                config = _read(os.path.join(image, manifest["config"]["digest"].removeprefix("sha256:")))
                layer = manifest["layers"][0]
                with open(os.path.join(image, layer["digest"].removeprefix("sha256:")), "rb") as archive:
                    packed.unpack(archive, tree)
                return _Blob(layer["digest"], layer["size"], config["rootfs"]["diff_ids"][0])
            except (*packed.UNREADABLE, LookupError, TypeError) as e:
                raise Failed(f"what {self._address.repository} has as {tag} is none of ours: {e!r}") from e

    def keep(self, name: str, announce: Callable[[Sequence[str]], None]) -> None:
        """Puts a layer there that this node has just made. What it has may be on its way out, so it is not asked.

        @param announce: as the ledger's
        @raise Failed: it is not taken
        """
        announce([layer_tag(name)])
        self._push([name], {}, layer_tag(name))

    def mend(self, names: Iterable[str], announce: Callable[[Sequence[str]], None]) -> int:
        """Puts there what it lacks of what this node has and somebody needs.

        @param names: of layers, and of base systems'
        @param announce: as the ledger's
        @return how many
        @raise Failed: it is away, or does not take it
        """
        missing = {tag: name for name in names if self.manifest(tag := self._tag(name)) is None}
        if missing:
            announce(list(missing))
        for tag, name in missing.items():
            self._push([name], {}, tag)
        return len(missing)

    def _tag(self, name: str) -> str:
        return layer_tag(name) if is_digest(name) else base_tag(self._digest(name))

    def tags(self) -> set[str]:
        """All that it has. @raise Failed: it is away"""
        answer = skopeo.tags(f"docker://{self._address.repository}", self._options(""))
        if _NO_REPOSITORY in answer.said.lower():  # what is before a registry says 404 as well, when it is away
            return set()
        if answer.said:
            raise Failed(f"{self._address.repository} could not be looked at: {answer.said}")
        return set(json.loads(answer.content)["Tags"] or ())

    def manifest(self, tag: str) -> str | None:
        """@return the digest of what a tag has; None: there is none. @raise Failed: it is away"""
        answer = skopeo.manifest(f"docker://{self._address.repository}:{tag}", self._options(""))
        if _is_absent(answer.said):
            return None
        if answer.said:
            raise Failed(f"{self._address.repository} could not be asked for {tag}: {answer.said}")
        return f"sha256:{hashlib.sha256(answer.content).hexdigest()}"

    def delete(self, tag: str, manifest: str | None) -> bool:
        """Deletes what the tag was seen to have.

        @return whether nothing has that tag now
        @raise Failed: it is away, or allows no deletion
        """
        said = ""
        if manifest:
            said = skopeo.delete(f"docker://{self._address.repository}@{manifest}", self._options(""))
        left = self.manifest(tag)
        if left is not None and left == manifest:
            if any(words in said.lower() for words in _FORBIDDEN):
                raise Failed(
                    f"the registry {self._address.repository} allows no deletion, so what nobody needs stays there: allow it, by "
                    f"REGISTRY_STORAGE_DELETE_ENABLED=true or delete.enabled of its configuration where it is docker's ({said})"
                )
            raise Failed(f"{tag} could not be deleted from {self._address.repository}: {said}")
        return left is None

    def publish(
        self,
        names: Sequence[str],
        environment: Mapping[str, str],
        tag: str,
        announce: Callable[[Sequence[str]], None],
    ) -> str:
        """Puts an image there.

        @param names: its layers', the lowest first
        @param announce: as the ledger's
        @return its reference, by digest
        @raise Failed: it is not taken
        """
        announce([tag])
        return f"{self._address.repository}@{self._push(names, environment, tag)}"

    def _push(self, names: Sequence[str], environment: Mapping[str, str], tag: str, places: Mapping[str, str] | None = None) -> str:
        """@param places: where layers are that are not yet in theirs

        @return the manifest's digest
        """
        places = places or {}
        try:
            return self._copy(names, environment, tag, places, anew=False)
        except Failed:
            if not any(map(self._noted, names)):
                raise
        return self._copy(names, environment, tag, places, anew=True)  # it may have lost what it had

    def _copy(self, names: Sequence[str], environment: Mapping[str, str], tag: str, places: Mapping[str, str], anew: bool) -> str:
        """@param anew: what is noted is packed again, too"""
        with self._scratch() as scratch:
            trees = [places.get(name) or os.path.join(self.directory, name) for name in names]
            blobs = [
                (None if anew or name in places else self._noted(name)) or self._pack(tree, scratch)
                for name, tree in zip(names, trees, strict=True)
            ]
            digest = _write_layout(scratch, blobs, environment)
            said = skopeo.copy(f"oci:{scratch}:{_NAME}", f"docker://{self._address.repository}:{tag}", self._options("dest-"))
            if said:
                raise Failed(f"the registry {self._address.repository} does not take what was built: {said}")
            for name, blob in zip(names, blobs, strict=True):
                self._write_note(name, blob)
        return digest

    def _pack(self, tree: str, scratch: str) -> _Blob:
        import gzip

        from . import packed

        draft = os.path.join(scratch, "draft")
        with open(draft, "wb") as file:
            out = _Hashing(file)
            with gzip.GzipFile(filename="", mode="wb", compresslevel=_QUICK, fileobj=out, mtime=0) as zipped:
                archive = _Hashing(zipped)
                packed.pack(tree, archive)
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
        _replace(self._note(name), json.dumps(blob))

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[str]:
        path = self._layers.place()
        try:
            os.makedirs(os.path.join(path, "blobs", "sha256"))
            yield path
        finally:
            trees.remove(path)

    def _options(self, side: str) -> list[str]:
        """Of skopeo. @param side: which of its two, `src-` or `dest-`, is this registry; empty where there is one"""
        words = [] if self._address.tls else [f"--{side}tls-verify=false"]
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
    """Makes it an OCI layout with one image, never the same manifest twice (https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md).

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
            "annotations": {_PUSH: os.urandom(16).hex()},
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


def layer_tag(name: str) -> str:
    return f"layer-{name}"


def base_tag(digest: str) -> str:
    return f"base-{digest[:NAME]}"


def _is_absent(said: str) -> bool:
    return "executable" not in said and any(words in said.lower() for words in _ABSENT)


def _clear(tree: str) -> None:
    """Empties a directory."""
    for entry in os.scandir(tree):
        if entry.is_dir(follow_symlinks=False):
            trees.clear_away(entry.path)
        else:
            os.unlink(entry.path)


def _replace(path: str, content: str) -> None:
    draft = f"{path}.{os.getpid()}"
    with open(draft, "w", encoding="ascii") as file:
        file.write(content)
    os.replace(draft, path)


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
