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
from serai_runner.problems import Failed
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

    def add(self, tree: pathlib.Path | None = None, links: tuple[tuple[str, str], ...] = (), **files: str) -> None:
        """A layer with a tree, or with these links and files; names have ``__`` for a slash."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as members:
            if tree:
                members.add(tree, ".")
            for name, target in links:
                member = tarfile.TarInfo(name)
                member.type, member.linkname = tarfile.SYMTYPE, target
                members.addfile(member)
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
def build(node, http):
    """Makes a build on that base list some of it. @return its end, and what the runner said"""

    def do(source: str, root: dict[str, object], **environment: str) -> tuple[dict[str, object], str]:
        base = {"name": "given", "python": "", "interpreter": None, "source": source, "release": "", "packages": []}
        http.build = {
            "build": "po-build", "token": "po-build.bt-1", "root": {"base": base, "layers": [], **root}, "memory_mb": 512,
            "work": [{"image": "im-1", "steps": [run("ls -R /opt /srv && cat /srv/again")], "context": [], "secrets": {}}],
        }  # fmt: skip
        ended = node.run(120, SERAI_BUILD="1", **environment)
        return http.build_ends[-1], ended.err

    return do


@pytest.fixture
def look(build, http):
    """Lists what a build finds on that base."""

    def do(source: str, **root: object) -> list[str]:
        end, said = build(source, root)
        assert end["ok"], (end, said)
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
    layout.add(links=(("out", str(outside)),))
    layout.add(**{"out__.wh.victim": "", "out__.wh..wh..opq": "", "srv__again": "3"})
    layout.end()
    look(str(layout.directory))
    assert (outside / "victim").read_text() == "still here"


def test_given_a_layer_that_has_something_else_in_the_place_of_a_directory_when_it_is_a_base_then_that_is_there(
    look, tmp_path, little
):
    layout = Layout(tmp_path / "layout")
    layout.add(little)
    layout.add(opt__directory__old="1", srv__again__old="1", srv__there__new="1")
    layout.add(links=(("opt", "srv/there"),), srv__again="a file")
    layout.end()
    assert look(str(layout.directory)) == ["new", "again", "there", "new", "a file"]


@pytest.fixture
def lower(tmp_path) -> pathlib.Path:
    """What lower layers left: a link that leads out, to a directory."""
    lower = tmp_path / "place/tree"
    (lower / "kept").mkdir(parents=True)
    (tmp_path / "outside/directory/victim").mkdir(parents=True)
    (lower / "out").symlink_to(tmp_path / "outside")
    return lower


@pytest.mark.parametrize("name", ["out/directory", "/out/directory", "./out/./directory", "a/../out/directory", "dev"])
def test_given_a_link_in_a_lower_layer_when_a_directory_behind_it_is_replaced_then_it_stays(tmp_path, lower, name):
    given._clear_for(name, False, str(lower))
    assert (tmp_path / "outside/directory/victim").exists()


@pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh...", "kept/.wh.", "kept/.wh..", "kept/.wh..."])
def test_given_a_name_of_nothing_when_it_is_taken_away_then_nothing_is(lower, name):
    given._clear_for(name, False, str(lower))
    assert (lower / "kept").exists()


@pytest.mark.parametrize("kind", ["gz", "xz", "zst", ""])
def test_given_an_archive_when_the_way_is_cleared_for_it_then_however_it_is_compressed(tmp_path, lower, kind):
    (tmp_path / "kept").symlink_to("elsewhere")
    archive = tmp_path / "layer.tar"
    subprocess.run(["tar", "-c", "-C", str(tmp_path), "-f", str(archive), "kept"], check=True)
    if kind:
        program = {"gz": "gzip", "xz": "xz", "zst": "zstd"}[kind]
        subprocess.run([program, "-q", str(archive)], check=True)
        archive = tmp_path / f"layer.tar.{kind}"
    given._clear_way(str(archive), given._program(str(archive)), str(lower))
    assert not (lower / "kept").exists()


@pytest.mark.parametrize("cut", [0, 20, 200])
def test_given_an_archive_that_is_cut_off_when_the_way_is_cleared_for_it_then_it_is_refused(tmp_path, lower, cut):
    archive = tmp_path / "layer.tar.gz"
    subprocess.run(["tar", "-c", "-z", "-f", str(archive), "/etc/passwd", "/etc/group"], check=True)
    archive.write_bytes(archive.read_bytes()[:cut] if cut else archive.read_bytes()[:-4] + b"abcd")
    with pytest.raises(Failed, match="could not be read"):
        given._clear_way(str(archive), given._program(str(archive)), str(lower))


def test_given_a_directory_that_cannot_be_read_to_its_end_when_it_is_a_base_then_its_copy_does_not_count(
    build, node, little, tmp_path
):
    tools, source = tmp_path / "tools", tmp_path / "source"
    tools.mkdir()
    source.symlink_to(little)  # another base than that of the other tests
    (tools / "tar").write_text(f'#!/bin/sh\n{shutil.which("tar")} "$@"\necho "tar: the disk is broken" >&2\nexit 2\n')
    (tools / "tar").chmod(0o755)
    layers = pathlib.Path(node.cache, "layers")
    layers.mkdir(parents=True, exist_ok=True)
    before = set(layers.iterdir())
    end, said = build(f"{source}/.", {}, PATH=f"{tools}:/usr/bin:/bin")
    assert end["reason"] == f"{source}/. could not be copied: tar: the disk is broken", said
    assert not [path for path in set(layers.iterdir()) - before if path.is_dir()]
