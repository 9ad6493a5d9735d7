# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Base systems that an operator gives, as images of the OCI format."""

from __future__ import annotations

import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import tarfile

import pytest
import registries
import roots
from serai_runner import given
from test_builder import run

pytestmark = pytest.mark.skipif(not roots.available(), reason="needs root, nsenter and the distribution's Python")


class Layout:
    """An image of the OCI format, in the making."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        (directory / "blobs/sha256").mkdir(parents=True)
        (directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        self.layers: list[dict[str, object]] = []

    def blob(self, data: bytes, kind: str, **more: object) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (self.directory / "blobs/sha256" / digest).write_bytes(data)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data), **more}

    def add(self, tree: pathlib.Path | None = None, **files: str) -> None:
        """A layer with a tree, or with these files; names have ``__`` for a slash."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as members:
            if tree:
                members.add(tree, ".")
            for name, text in files.items():
                member = tarfile.TarInfo(name.replace("__", "/"))
                member.size = len(text)
                members.addfile(member, io.BytesIO(text.encode()))
        self.layers.append(self.blob(archive.getvalue(), "layer.v1.tar+gzip"))

    def end(self) -> None:
        """Beside it there is an image for another machine, which has nothing."""
        diffs = [f"sha256:{i:064x}" for i in range(len(self.layers))]
        config = {"architecture": given.architecture(), "os": "linux", "rootfs": {"type": "layers", "diff_ids": diffs}}
        made = self.blob(json.dumps(config).encode(), "config.v1+json")
        manifests = []
        for machine, layers in (("other", []), (given.architecture(), self.layers)):
            manifest = {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": made,
                "layers": layers,
            }
            platform = {"architecture": machine, "os": "linux"}
            manifests.append(self.blob(json.dumps(manifest).encode(), "manifest.v1+json", platform=platform))
        index = {"schemaVersion": 2, "manifests": manifests}
        (self.directory / "index.json").write_text(json.dumps(index))


@pytest.fixture
def layout(tmp_path, little) -> Layout:
    layout = Layout(tmp_path / "layout")
    layout.add(little)
    layout.add(opt__gone="1", opt__kept="1", srv__inner__old="1", srv__again="1")
    layout.add(**{"opt__.wh.gone": "", "srv__inner__.wh..wh..opq": "", "srv__inner__new": "2", "srv__.wh.again": ""})
    layout.add(srv__again="3")
    layout.end()
    return layout


@pytest.fixture
def look(node, http):
    """Lists what a build finds on that base."""

    def do(source: str, **root: object) -> list[str]:
        base = {"name": "given", "python": "", "interpreter": None, "source": source, "release": "", "packages": []}
        http.build = {
            "build": "po-build", "token": "po-build.bt-1", "root": {"base": base, "layers": [], **root}, "memory_mb": 512,
            "work": [{"image": "im-1", "steps": [run("ls -R /opt /srv && cat /srv/again")], "context": [], "secrets": {}}],
        }  # fmt: skip
        ended = node.run(120, SERAI_BUILD="1")
        assert http.build_ends[-1]["ok"], (http.build_ends, ended.err)
        return [line for line in http.text(1).splitlines() if line and not line.startswith(("Unpacking", "/"))]

    return do


FOUND = ["kept", "again", "inner", "new", "3"]


def test_given_an_image_whose_layers_take_things_away_when_it_is_a_base_then_they_are_gone_and_what_came_later_is_there(
    look, layout
):
    assert look(str(layout.directory)) == FOUND


def test_given_an_archive_of_an_image_when_it_is_a_base_then_it_is_the_same(look, layout, tmp_path):
    archive = tmp_path / "image.tar"
    with tarfile.open(archive, "w") as members:
        members.add(layout.directory, ".")
    assert look(str(archive)) == FOUND


@pytest.mark.skipif(not registries.available(), reason="needs the packages docker-registry and skopeo")
def test_given_an_image_of_a_registry_when_it_is_a_base_then_it_is_fetched(look, layout, tmp_path):
    with registries.Registry(tmp_path).running() as registry:
        image = f"docker://{registry.address}/mirror/little:1"
        copy = ["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout.directory}", image]
        index = layout.directory / "index.json"
        only = json.loads(index.read_text())
        only["manifests"] = only["manifests"][1:]
        index.write_text(json.dumps(only))
        subprocess.run(copy, check=True)
        shutil.rmtree(layout.directory)
        assert look(image, registry=registry.described) == FOUND


def test_given_a_link_in_a_lower_layer_when_something_behind_it_is_taken_away_then_nothing_is_removed_outside(
    look, tmp_path, little
):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text("still here")
    layout = Layout(tmp_path / "evil")
    layout.add(little)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as members:
        link = tarfile.TarInfo("out")
        link.type, link.linkname = tarfile.SYMTYPE, str(outside)
        members.addfile(link)
    layout.layers.append(layout.blob(archive.getvalue(), "layer.v1.tar+gzip"))
    layout.add(**{"out__.wh.victim": "", "out__.wh..wh..opq": "", "srv__again": "3"})
    layout.end()
    look(str(layout.directory))
    assert (outside / "victim").read_text() == "still here"
