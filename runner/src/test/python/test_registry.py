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
from serai_runner import layers, namespaces, packed, remains
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


class Server:
    """What the server knows of the registry: a ledger, and what is garbage."""

    def __init__(self) -> None:
        self.announced: list[str] = []
        self.bases: dict[str, str] = {}
        self.garbage: dict[str, int] = {}
        self.held: set[str] = set()  # tags that were announced after they had been listed
        self.rival = lambda: None  # what another node does when the next push is announced

    def announce(self, tags) -> None:
        self.announced += tags
        rival, self.rival = self.rival, lambda: None
        rival()

    def base_digest(self, name: str, digest: str) -> str:
        return self.bases.setdefault(name, digest) if digest else self.bases.get(name, "")

    def ask(self, what: str, body):
        if what == "deletions":
            return {"tags": [tag for tag in body["tags"] if tag["tag"] not in self.held]}
        for tag in body["tags"]:
            assert self.garbage.pop(tag["tag"]) == tag["serial"]
        return {"tags": [{"tag": tag, "serial": serial} for tag, serial in self.garbage.items()]}


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def nodes(tmp_path, registry, server):
    """Makes nodes with caches of their own."""

    def make(name: str) -> Registry:
        return Registry(Address.of(registry.described), layers.Layers(str(tmp_path / name)), server)

    return make


def made(node: Registry, below: str = "below") -> layers.Made:
    """A layer that a node has made."""
    tree = os.path.join(node._layers.place(), "tree")
    os.mkdir(tree)
    namespaces.own(tree)
    fill(tree)
    return node._layers.keep(tree, below)


def publish(node: Registry, names: list[str], tag: str) -> str:
    return node.publish(names, {"PATH": "/bin"}, tag, node._ledger.announce)


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


def test_given_a_layer_of_one_node_when_another_needs_it_then_it_comes_from_the_registry(nodes, server):
    one, other = nodes("one"), nodes("other")
    layer = made(one)
    one.keep(layer.digest[: layers.NAME], server.announce)
    assert server.announced == [f"layer-{layer.digest[: layers.NAME]}"]
    other.bring(layer.digest, "below")
    assert layers.digest(other._layers.path(layer.digest), "below") == layer
    with pytest.raises(Failed, match="another one"):
        nodes("third").bring(layer.digest, "other below")
    with pytest.raises(Failed, match="neither on this node nor in"):
        nodes("third").bring("0" * 64, "below")
    assert os.listdir(nodes("third").directory) == [], "nothing half is left, and no note"


def never(_: str) -> None:
    raise AssertionError("made again")


def otherwise(tree: str) -> None:
    """As another node would make it on another day."""
    fill(tree)
    pathlib.Path(tree, "newer").write_text("")
    namespaces.own(os.path.join(tree, "newer"))


def test_given_a_base_that_one_node_made_when_another_needs_it_then_it_is_not_made_again(nodes, server):
    one, other = nodes("one"), nodes("other")
    path = one.ensure("system-test", fill)
    digest = layers.digest(path, "").digest
    assert server.bases == {"system-test": digest} and server.announced == [f"base-{digest[: layers.NAME]}"]
    assert layers.digest(other.ensure("system-test", never), "") == layers.digest(path, "")
    assert nodes("third").recorded("system-test", digest)
    assert one.ensure("system-test", never) == path


@pytest.mark.parametrize("moment", ["while it is made", "while it is pushed"])
def test_given_a_base_that_two_nodes_make_at_once_then_both_have_that_of_the_first(nodes, server, moment):
    one, other = nodes("one"), nodes("other")

    def first() -> None:
        one.ensure("system-test", fill)

    def make(tree: str) -> None:
        if moment == "while it is made":
            first()
        else:
            server.rival = first
        otherwise(tree)

    path = other.ensure("system-test", make)
    assert layers.digest(path, "").digest == server.bases["system-test"]
    assert not os.path.exists(os.path.join(path, "newer"))
    assert other.ensure("system-test", never) == path
    assert other.mend(["system-test"], server.announce) == 0


def test_given_a_node_with_another_base_when_it_is_needed_then_it_is_said_what_to_do(nodes, server):
    one, other = nodes("one"), nodes("other")
    other._layers.ensure("system-test", otherwise)  # before there was a registry
    one.ensure("system-test", fill)
    for need in (lambda: other.ensure("system-test", never), lambda: other.recorded("system-test", server.bases["system-test"])):
        with pytest.raises(Failed, match=r"another one than that of the other nodes.*remove .*/system-test"):
            need()


def test_given_a_base_that_is_not_what_was_recorded_when_it_is_fetched_then_it_is_refused(nodes, server):
    nodes("one").ensure("system-test", fill)
    digest = server.bases["system-test"][: layers.NAME] + "0" * 32
    with pytest.raises(Failed, match="another one"):
        nodes("other").recorded("system-test", digest)
    with pytest.raises(Failed, match=r"neither on this node nor in .* puts it there again"):
        nodes("other").recorded("system-test", "0" * 64)


def test_given_images_that_share_layers_when_published_then_shared_ones_are_there_once(nodes, registry):
    node = nodes("one")
    for name in ("base", "top", "other"):
        node._layers.ensure(name, lambda tree, name=name: pathlib.Path(tree, name).write_bytes(os.urandom(100_000)))
    first = publish(node, ["base", "top"], "im-1")
    assert first.startswith(f"{registry.address}/serai@sha256:")
    before = kept(registry)
    publish(node, ["base", "other"], "im-2")
    assert 100_000 <= kept(registry) - before < 110_000
    before = kept(registry)
    assert publish(node, ["base", "top"], "im-3") != first, "one goes without the other"
    assert kept(registry) - before < 2_000


def test_given_a_registry_that_lost_what_it_had_when_published_again_then_it_is_put_there_again(nodes, registry):
    node = nodes("one")
    node._layers.ensure("base", fill)
    publish(node, ["base"], "im-1")
    registry.empty()
    publish(node, ["base"], "im-2")
    assert kept(registry) > 0


def test_given_a_registry_that_lost_layers_when_they_are_needed_then_a_node_that_has_them_puts_them_there_again(
    nodes, registry, server
):
    node = nodes("one")
    layer = made(node)
    name = layer.digest[: layers.NAME]
    node.ensure("system-test", fill)
    node.keep(name, server.announce)
    there = registry.tags
    assert node.mend(["system-test", name], server.announce) == 0
    registry.lose(f"layer-{name}")
    assert node.mend(["system-test", name], server.announce) == 1 and registry.tags == there
    registry.empty()
    assert node.mend(["system-test", name], server.announce) == 2 and registry.tags == there
    nodes("other").bring(layer.digest, "below")
    nodes("other").ensure("system-test", never)


def test_given_no_registry_when_everything_is_here_then_nobody_asks_it(tmp_path):
    here = layers.Layers(str(tmp_path))
    path = here.ensure("base", fill)
    away = Registry(Address("127.0.0.1:9/serai", False, ""), here)
    assert away.ensure("base", fill) == away.recorded("base", layers.digest(path, "").digest) == path


def test_given_a_note_that_was_cut_short_when_published_then_it_is_packed_anew(nodes):
    node = nodes("one")
    node._layers.ensure("base", fill)
    publish(node, ["base"], "im-1")
    (note,) = pathlib.Path(node.directory).glob("base.packed-*")
    noted = note.read_text()
    note.write_text("")
    publish(node, ["base"], "im-2")
    assert note.read_text() == noted


def test_given_something_else_under_a_layers_name_when_it_is_needed_then_it_is_refused_with_a_sentence(nodes, registry, tmp_path):
    other = tmp_path / "other.tar"
    with tarfile.open(other, "w") as archive:
        archive.addfile(tarfile.TarInfo("../out"))
    layout = tmp_path / "layout"
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", f"tarball:{other}", f"oci:{layout}:x"], check=True)
    to = f"docker://{registry.address}/serai:base-{'1' * 32}"
    options = ["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"]
    subprocess.run(["skopeo", *options, f"oci:{layout}:x", to], check=True)
    with pytest.raises(Failed, match="leads out"):
        nodes("one").recorded("system-x", "1" * 64)


def test_given_no_registry_when_something_is_put_there_then_it_is_said_and_nothing_is_noted(tmp_path):
    node = Registry(Address("127.0.0.1:9/serai", False, ""), layers.Layers(str(tmp_path)))
    node._layers.ensure("base", fill)
    with pytest.raises(Failed, match=r"127\.0\.0\.1:9/serai does not take what was built: .*refused"):
        node.keep("base", lambda tags: None)
    assert not [name for name in os.listdir(node.directory) if "packed" in name or name.startswith(".partial")]


def test_given_tags_that_nobody_needs_when_they_are_removed_then_the_others_are_still_there(nodes, registry, server):
    node = nodes("one")
    for tag in ("im-1", "im-2", "im-3"):
        node._layers.ensure("base", fill)
        publish(node, ["base"], tag)
    server.garbage = {"im-1": 7, "im-2": 8, "im-never-pushed": 9}
    assert remains.remove(node, server.ask) == (3, "")
    assert registry.tags == {"im-3"} and not server.garbage
    assert node.manifest("im-3")


def test_given_what_is_announced_after_it_was_listed_then_it_stays(nodes, registry, server):
    node = nodes("one")
    node._layers.ensure("base", fill)
    publish(node, ["base"], "im-1")
    server.garbage, server.held = {"im-1": 7}, {"im-1"}
    assert remains.remove(node, server.ask) == (0, "")
    assert registry.tags == {"im-1"}


def test_given_a_tag_that_is_pushed_again_while_it_is_deleted_then_what_was_pushed_stays(nodes, registry, server):
    node = nodes("one")
    layer = made(node).digest[: layers.NAME]
    node.keep(layer, server.announce)
    tag = f"layer-{layer}"
    old = node.manifest(tag)
    node.keep(layer, server.announce)  # the same content, another manifest
    assert node.manifest(tag) != old
    assert not node.delete(tag, old), "it is not said that it is gone"
    assert registry.tags == {tag}
    assert not node.delete(tag, old), "by a second collector"
    nodes("other").bring(layers.digest(os.path.join(node.directory, layer), "below").digest, "below")


def test_given_a_registry_that_allows_no_deletion_when_it_is_collected_then_it_is_said_how_to_allow_it(nodes, tmp_path, server):
    (tmp_path / "strict").mkdir()
    with registries.Registry(tmp_path / "strict").running(deletes=False) as strict:
        node = Registry(Address.of(strict.described), layers.Layers(str(tmp_path / "one")), server)
        node._layers.ensure("base", fill)
        publish(node, ["base"], "im-1")
        server.garbage = {"im-1": 7}
        removal = remains.remove(node, server.ask)
        assert removal.tags == 0
        assert "allows no deletion" in removal.problem and "REGISTRY_STORAGE_DELETE_ENABLED=true" in removal.problem
        assert strict.tags == {"im-1"} and server.garbage == {"im-1": 7}


def test_given_a_tag_that_cannot_be_deleted_when_the_others_are_then_these_are_gone_and_it_is_told(
    nodes, registry, server, monkeypatch
):
    node = nodes("one")
    for tag in ("im-1", "im-2", "im-3"):
        node._layers.ensure("base", fill)
        publish(node, ["base"], tag)
    server.garbage = {"im-1": 7, "im-2": 8, "im-3": 9}
    delete = node.delete

    def protected(tag: str, manifest: str) -> bool:
        if tag == "im-2":
            raise Failed("im-2 is protected")
        return delete(tag, manifest)

    monkeypatch.setattr(node, "delete", protected)
    assert remains.remove(node, server.ask) == (2, "im-2 is protected")
    assert registry.tags == {"im-2"} and server.garbage == {"im-2": 8}


def test_given_a_registry_that_is_away_when_it_is_collected_then_nothing_counts_as_removed(tmp_path, server):
    node = Registry(Address("127.0.0.1:9/serai", False, ""), layers.Layers(str(tmp_path)), server)
    server.garbage = {"im-1": 7}
    with pytest.raises(Failed, match="could not be asked"):
        remains.remove(node, server.ask)
    assert server.garbage == {"im-1": 7}


def kept(registry: registries.Registry) -> int:
    """Bytes of all that it has."""
    return sum(path.stat().st_size for path in (registry.directory / "data").rglob("data") if path.is_file())
