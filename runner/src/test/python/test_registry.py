# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Layers as archives, and what a registry has of them."""

from __future__ import annotations

import io
import os
import pathlib
import struct
import subprocess
import tarfile

import pytest
import registries
import roots
from serai_runner import layers, namespaces, packed
from serai_runner.problems import Failed
from serai_runner.registry import Address, Registry

pytestmark = pytest.mark.skipif(
    not (roots.available() and registries.available()), reason="needs root, and the packages docker-registry and skopeo"
)

CAPABILITIES = struct.pack("<IIIII", 0x03000001, 1 << 10, 0, 0, 0) + struct.pack("<I", namespaces.FIRST)  # net_bind_service


def fill(tree: str) -> None:
    """One of each kind that a layer may have."""
    top = pathlib.Path(tree)
    (top / "a/b").mkdir(parents=True)
    (top / "a/b/file").write_text("content\n")
    os.link(top / "a/b/file", top / "a/same")
    (top / "a/link").symlink_to("/etc/passwd")
    (top / "a/ünï code").write_text("")
    os.mkfifo(top / "a/pipe")
    namespaces.own_tree(tree)
    os.chown(top / "a/b/file", namespaces.FIRST + 12, namespaces.FIRST + 34)
    (top / "a/b/file").chmod(0o4711)
    os.setxattr(top / "a/b/file", "security.capability", CAPABILITIES)
    os.setxattr(top / "a", "trusted.overlay.opaque", b"y")
    os.mknod(top / "gone", 0o20000, os.makedev(0, 0))
    (top / "a").chmod(0o750)


@pytest.fixture
def registry(tmp_path):
    with registries.Registry(tmp_path).running() as registry:
        yield registry


@pytest.fixture
def nodes(tmp_path, registry):
    """Makes nodes with caches of their own."""

    def make(name: str) -> Registry:
        return Registry(Address.of(registry.described), layers.Layers(str(tmp_path / name)))

    return make


def test_given_one_of_each_kind_when_packed_and_unpacked_then_it_is_the_same_layer(tmp_path):
    made, again = tmp_path / "made", tmp_path / "again"
    for path in (made, again):
        path.mkdir()
        namespaces.own(str(path))
    fill(str(made))
    archive = io.BytesIO()
    packed.pack(str(made), archive)
    archive.seek(0)
    packed.unpack(archive, str(again))
    assert layers.digest(str(again), "x") == layers.digest(str(made), "x")
    assert os.getxattr(again / "a/b/file", "security.capability") == CAPABILITIES
    assert os.path.samefile(again / "a/b/file", again / "a/same")
    assert int((again / "a").stat().st_mtime) == int((made / "a").stat().st_mtime), "what was compiled depends on times"


def test_given_a_layer_when_packed_then_the_archive_is_as_the_format_wants_it_and_always_the_same(tmp_path):
    fill(str(tmp_path))
    one, other = io.BytesIO(), io.BytesIO()
    packed.pack(str(tmp_path), one)
    packed.pack(str(tmp_path), other)
    assert one.getvalue() == other.getvalue()
    one.seek(0)
    with tarfile.open(fileobj=one) as archive:
        names = {member.name: member for member in archive}
    assert {".wh.gone", "a/.wh..wh..opq"} <= set(names) and "gone" not in names
    assert names["a/b/file"].islnk() and names["a/b/file"].linkname == "a/same"
    assert (names["a/same"].uid, names["a/same"].gid, names["a/same"].mode) == (12, 34, 0o4711)
    value = names["a/same"].pax_headers["SCHILY.xattr.security.capability"].encode("utf-8", "surrogateescape")
    assert value == struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0), "an image knows one root only"


@pytest.mark.parametrize(("name", "target"), [("../out", ""), ("a/../../out", ""), ("link/out", "/tmp"), ("link/out", "..")])
def test_given_an_archive_that_leads_out_when_unpacked_then_it_is_refused(tmp_path, name, target):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as members:
        if target:
            link = tarfile.TarInfo("link")
            link.type, link.linkname = tarfile.SYMTYPE, target
            members.addfile(link)
        members.addfile(tarfile.TarInfo(name))
    archive.seek(0)
    tree = tmp_path / "below" / "tree"
    tree.mkdir(parents=True)
    with pytest.raises(Failed, match="leads out"):
        packed.unpack(archive, str(tree))
    assert not list(tmp_path.rglob("out"))


def test_given_a_layer_of_one_node_when_another_needs_it_then_it_comes_from_the_registry(nodes):
    one, other = nodes("one"), nodes("other")
    place = one._layers.place()
    tree = os.path.join(place, "tree")
    os.mkdir(tree)
    namespaces.own(tree)
    fill(tree)
    made = one._layers.keep(tree, "below")
    one.keep(made.digest[: layers.NAME])
    other.bring(made.digest, "below")
    assert layers.digest(other._layers.path(made.digest), "below") == made
    with pytest.raises(Failed, match="another one"):
        nodes("third").bring(made.digest, "other below")
    with pytest.raises(Failed, match="neither on this node nor in"):
        nodes("third").bring("0" * 64, "below")
    left = [name for name in os.listdir(nodes("third").directory) if not name.endswith(".lock")]
    assert left == [], "nothing half is left, and no note"


def test_given_a_base_that_one_node_made_when_another_needs_it_then_it_is_not_made_again(nodes):
    one, other = nodes("one"), nodes("other")
    path = one.ensure("system-test", fill)
    one.keep("system-test")

    def never(_: str) -> None:
        raise AssertionError("made again")

    assert layers.digest(other.ensure("system-test", never), "") == layers.digest(path, "")


def test_given_images_that_share_layers_when_published_then_shared_ones_are_there_once(nodes, registry):
    node = nodes("one")
    for name in ("base", "top", "other"):
        node._layers.ensure(name, lambda tree, name=name: pathlib.Path(tree, name).write_bytes(os.urandom(100_000)))
    first = node.publish(["base", "top"], {"PATH": "/bin"}, "im-1")
    assert first.startswith(f"{registry.address}/serai@sha256:")
    before = kept(registry)
    node.publish(["base", "other"], {"PATH": "/bin"}, "im-2")
    assert 100_000 <= kept(registry) - before < 110_000
    assert node.publish(["base", "top"], {"PATH": "/bin"}, "im-3").split("@")[1] == first.split("@")[1], "one content, one image"


def test_given_a_registry_that_lost_what_it_had_when_published_again_then_it_is_put_there_again(nodes, registry):
    node = nodes("one")
    node._layers.ensure("base", fill)
    node.publish(["base"], {}, "im-1")
    registry.empty()
    node.publish(["base"], {}, "im-2")
    assert kept(registry) > 0


def test_given_no_registry_when_everything_is_here_then_nobody_asks_it(tmp_path):
    here = layers.Layers(str(tmp_path))
    path = here.ensure("base", fill)
    assert Registry(Address("127.0.0.1:9/serai", False, ""), here).ensure("base", fill) == path


def test_given_a_note_that_was_cut_short_when_published_then_it_is_packed_anew(nodes):
    node = nodes("one")
    node._layers.ensure("base", fill)
    first = node.publish(["base"], {}, "im-1")
    (note,) = pathlib.Path(node.directory).glob("base.packed-*")
    note.write_text("")
    assert node.publish(["base"], {}, "im-2") == first


def test_given_something_else_under_a_layers_name_when_it_is_needed_then_it_is_refused_with_a_sentence(nodes, registry, tmp_path):
    other = tmp_path / "other.tar"
    with tarfile.open(other, "w") as archive:
        archive.addfile(tarfile.TarInfo("../out"))
    layout = tmp_path / "layout"
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", f"tarball:{other}", f"oci:{layout}:x"], check=True)
    to = f"docker://{registry.address}/serai:layer-system-x"
    options = ["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"]
    subprocess.run(["skopeo", *options, f"oci:{layout}:x", to], check=True)
    with pytest.raises(Failed, match="leads out"):
        nodes("one").ensure("system-x", fill)


def test_given_no_registry_when_something_is_put_there_then_it_is_said_and_nothing_is_noted(tmp_path):
    node = Registry(Address("127.0.0.1:9/serai", False, ""), layers.Layers(str(tmp_path)))
    node._layers.ensure("base", fill)
    with pytest.raises(Failed, match=r"127\.0\.0\.1:9/serai does not take what was built: .*refused"):
        node.keep("base")
    assert not [name for name in os.listdir(node.directory) if "packed" in name or name.startswith(".partial")]


def kept(registry: registries.Registry) -> int:
    """Bytes of all that it has."""
    return sum(path.stat().st_size for path in (registry.directory / "data").rglob("data") if path.is_file())
