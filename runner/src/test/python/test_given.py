# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Base systems that an operator gives, as images of the OCI format."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

import pytest
import registries
import roots
from conftest import SOURCES
from serai_runner import given
from serai_runner.namespaces import FIRST
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
        self.add_members(tree, links, {name.replace("__", "/"): text for name, text in files.items()})

    def add_members(
        self, tree: pathlib.Path | None = None, links: tuple[tuple[str, str], ...] = (), files: dict[str, str] | None = None,
        same: tuple[tuple[str, str], ...] = (), directories: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """@param same: hard links, and to what"""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as members:
            if tree:
                members.add(tree, ".")
            for kind, pairs in ((tarfile.SYMTYPE, links), (tarfile.LNKTYPE, same)):
                for name, target in pairs:
                    member = tarfile.TarInfo(name)
                    member.type, member.linkname = kind, target
                    members.addfile(member)
            for name in directories:
                member = tarfile.TarInfo(name)
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                members.addfile(member)
            for name, text in (files or {}).items():
                member = tarfile.TarInfo(name)
                member.size = len(text)
                members.addfile(member, io.BytesIO(text.encode()))
        self.add_archive(archive.getvalue())

    def add_archive(self, data: bytes) -> None:
        self.layers.append(self.blob(data, "layer.v1.tar+gzip"))

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


# By itself: it takes a mount namespace of its own.
UNPACK = """
import sys
sys.path[:0] = [sys.argv[1]]
from serai_runner import given, layers, namespaces
from serai_runner.problems import Failed
try:
    print(given.ensure("given", sys.argv[2], layers.Layers(sys.argv[3]), namespaces.Stage(), lambda said: None))
except Failed as e:
    sys.exit(str(e))
"""


class Refused(Exception):
    """An image is no base, with what the runner says."""


@pytest.fixture
def unpack(tmp_path):
    """Unpacks a source. @return the tree. @raise Refused"""

    def do(source: pathlib.Path) -> pathlib.Path:
        command = [sys.executable, "-c", UNPACK, str(SOURCES), str(source), str(tmp_path / "cache")]
        ended = subprocess.run(command, capture_output=True, text=True)
        if ended.returncode:
            raise Refused(ended.stderr)
        return pathlib.Path(ended.stdout.strip())

    return do


@pytest.fixture
def image(tmp_path) -> Layout:
    return Layout(tmp_path / "image")


@pytest.fixture
def outside(tmp_path) -> pathlib.Path:
    """A directory of the node that everybody may write to, with something in it."""
    outside = tmp_path / "outside"
    (outside / "directory/victim").mkdir(parents=True)
    for directory in (outside, outside / "directory", *tmp_path.parents[:3]):
        directory.chmod(directory.stat().st_mode | (0o777 if outside in (directory, directory.parent) else 0o011))
    return outside


def entries(directory: pathlib.Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


@pytest.mark.parametrize("name", ["out/file", "/out/file", "./out/./file", "a/../out/file", "out/directory", "out/directory/file"])
def test_given_a_link_in_a_lower_layer_that_leads_out_when_something_is_put_behind_it_then_the_node_keeps_what_it_has(
    image, unpack, outside, name
):
    image.add(links=(("out", str(outside)),))
    image.add_members(files={name: "1"})
    image.end()
    with pytest.raises(Refused, match="leads to nothing in the image"):
        unpack(image.directory)
    assert entries(outside) == ["directory", "directory/victim"]


def test_given_a_link_to_a_link_that_leads_out_when_something_is_put_behind_it_then_the_node_keeps_what_it_has(
    image, unpack, outside
):
    image.add(links=(("out", str(outside)),))
    image.add_members(links=(("there", "out"),), files={"there/file": "1"})
    image.end()
    with pytest.raises(Refused, match="leads to nothing in the image"):
        unpack(image.directory)
    assert entries(outside) == ["directory", "directory/victim"]


def test_given_a_link_that_leads_out_when_a_hard_link_is_to_something_behind_it_then_it_is_not_found(image, unpack, tmp_path):
    (tmp_path / "cache/layers").mkdir(parents=True)  # of the same file system, as hard links need it
    secret = tmp_path / "cache/layers/secret"
    secret.write_text("1")
    image.add(links=(("out", str(secret.parent)),))
    image.add_members(same=(("taken", "out/secret"),))
    image.end()
    with pytest.raises(Refused, match="No such file"):
        unpack(image.directory)


@pytest.mark.parametrize("target", ["usr/bin", "/usr/bin", "../../usr/bin"])
def test_given_a_link_to_a_directory_of_the_image_when_layers_go_through_it_then_they_are_behind_it(image, unpack, target):
    image.add_members(links=(("bin", target),), files={"usr/bin/old": "1", "usr/bin/again": "1", "usr/bin/tree/file": "1"})
    image.add_members(
        files={"bin/new": "2", "bin/again": "2", "bin/.wh.old": "", "bin/tree": "2"}, same=(("bin/same", "bin/again"),)
    )
    image.end()
    tree = unpack(image.directory)
    assert (tree / "bin").is_symlink()
    assert entries(tree / "usr/bin") == ["again", "new", "same", "tree"]
    assert (tree / "usr/bin/again").read_text() == (tree / "usr/bin/tree").read_text() == "2"


def test_given_a_link_of_a_lower_layer_when_a_directory_is_in_its_place_then_what_it_led_to_stays(image, unpack):
    image.add_members(links=(("bin", "usr/bin"),), files={"usr/bin/old": "1"})
    image.add_members(directories=("bin",), files={"bin/.wh..wh..opq": "", "bin/new": "2"})
    image.end()
    tree = unpack(image.directory)
    assert (entries(tree / "bin"), entries(tree / "usr/bin")) == (["new"], ["old"])


@pytest.mark.parametrize("usr", ["/", "/."])
def test_given_an_image_whose_usr_leads_out_when_it_is_a_base_then_the_node_keeps_its_pythons(image, unpack, outside, usr):
    (outside / "lib/python3").mkdir(parents=True)
    (outside / "lib/python3/EXTERNALLY-MANAGED").touch()
    image.add(links=(("usr", f"{outside}{usr}"),))
    image.end()
    unpack(image.directory)
    assert (outside / "lib/python3/EXTERNALLY-MANAGED").exists()


def test_given_a_directory_called_dev_when_it_is_not_that_of_devices_then_it_has_its_content(image, unpack, tmp_path):
    image.add_members(files={"srv/dev/file": "1", "dev/null": "1"}, directories=("dev",))
    image.add_members(files={"srv/web/dev/tools/file": "1", "./dev/zero": "1", "/dev/one": "1"})
    image.end()
    tree = unpack(image.directory)
    assert entries(tree / "srv") == ["dev", "dev/file", "web", "web/dev", "web/dev/tools", "web/dev/tools/file"]
    assert not entries(tree / "dev")


def test_given_a_directory_when_it_is_a_base_then_all_is_there_but_devices_and_as_it_was(unpack, tmp_path):
    source = tmp_path / "source"
    for name in ("dev", "srv/dev", "opt/closed"):
        (source / name).mkdir(parents=True)
        (source / name / "file").write_text(name)
    (source / "opt/closed").chmod(0o555)
    (source / "opt/closed/file").chmod(0o4755)
    os.chown(source / "srv/dev/file", 7, 8)
    os.utime(source / "srv", (1, 1))
    tree = unpack(source)
    found = (tree / "srv/dev/file").stat()
    assert (found.st_uid - FIRST, found.st_gid - FIRST) == (7, 8)
    modes = [(tree / name).stat().st_mode & 0o7777 for name in ("opt/closed", "opt/closed/file")]
    assert (entries(tree / "dev"), modes, (tree / "srv").stat().st_mtime) == ([], [0o555, 0o4755], 1)


@pytest.mark.parametrize("name", [".", "./", "/", "a/..", "dev", "./dev"])
def test_given_a_link_by_the_name_of_all_or_of_dev_when_the_way_is_cleared_for_it_then_nothing_is_gone(image, unpack, name):
    image.add_members(files={"opt/kept": "1"}, directories=("dev",))
    image.add_members(links=((name, "elsewhere"),))
    image.end()
    if name.endswith("dev"):
        tree = unpack(image.directory)
        assert (tree / "dev").is_dir() and not (tree / "dev").is_symlink()
    else:
        with pytest.raises(Refused, match="could not be unpacked:"):
            unpack(image.directory)


@pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh...", "opt/.wh.", "opt/.wh..", "opt/.wh..."])
def test_given_a_name_of_nothing_when_it_is_taken_away_then_nothing_is(image, unpack, name):
    image.add(opt__kept="1")
    image.add_members(files={name: ""})
    image.end()
    assert (unpack(image.directory) / "opt/kept").exists()


def test_given_directories_that_are_closed_to_their_owner_when_they_are_taken_away_then_they_are_gone(image, unpack, tmp_path):
    source = tmp_path / "source"
    (source / "opt/closed/inner").mkdir(parents=True)
    (source / "opt/closed").chmod(0o555)
    image.add(source)
    image.add(opt__closed="a file")
    image.end()
    assert (unpack(image.directory) / "opt/closed").read_text() == "a file"


needs_zstd = pytest.mark.skipif(not shutil.which("zstd"), reason="needs zstd")


@pytest.mark.parametrize("program", ["gzip", "xz", pytest.param("zstd", marks=needs_zstd), ""])
def test_given_a_layer_that_is_a_link_when_it_is_unpacked_then_however_it_is_compressed(image, unpack, tmp_path, program):
    image.add(opt__kept__old="1")
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt/kept").symlink_to("elsewhere")
    archive = subprocess.run(["tar", "-c", "-C", str(tmp_path), "opt/kept"], check=True, capture_output=True).stdout
    packed = subprocess.run([program, "-c"], input=archive, check=True, capture_output=True).stdout if program else archive
    image.add_archive(packed)
    image.end()
    blob = image.directory / "blobs/sha256" / hashlib.sha256(packed).hexdigest()
    blob.rename(tmp_path / "blob")
    blob.symlink_to(tmp_path / "blob")
    assert os.readlink(unpack(image.directory) / "opt/kept") == "elsewhere"


@pytest.mark.parametrize("cut", [0, 20, 200])
def test_given_a_layer_that_is_cut_off_when_it_is_unpacked_then_it_is_refused(image, unpack, cut):
    image.add(opt__kept="1")
    whole = subprocess.run(["tar", "-c", "-z", "/etc/passwd", "/etc/group"], check=True, capture_output=True).stdout
    image.add_archive(whole[:cut] if cut else whole[:-4] + b"abcd")
    image.end()
    with pytest.raises(Refused, match="could not be"):
        unpack(image.directory)


def test_given_a_layer_with_a_header_that_says_nothing_when_it_is_unpacked_then_it_is_refused_with_the_reason(image, unpack):
    archive = io.BytesIO()
    member = tarfile.TarInfo("file")
    member.pax_headers = {"GNU.sparse.map": "x", "GNU.sparse.size": "1"}
    with tarfile.open(fileobj=archive, mode="w:gz", format=tarfile.PAX_FORMAT) as members:
        members.addfile(member)
    image.add(opt__kept="1")
    image.add_archive(archive.getvalue())
    image.end()
    with pytest.raises(Refused, match="could not be unpacked: ValueError: invalid literal"):
        unpack(image.directory)


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
