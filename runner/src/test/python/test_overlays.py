# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What is written on top of layers, where overlays by default note what they could leave below."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from conftest import SOURCES
from serai_runner import layers, namespaces, packed
from serai_runner.problems import Failed

PARAMETERS = [pathlib.Path(namespaces._OVERLAY, name) for name in ("redirect_dir", "metacopy")]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

# By itself: it takes a mount namespace of its own. The node's defaults are others for as long as the mount takes only.
CHANGE = """
import os, pathlib, shutil, sys
sys.path[:0] = [sys.argv[1]]
from serai_runner import layers, namespaces
store = layers.Layers(sys.argv[2])
lower = pathlib.Path(store.path("a" * layers.NAME))
(lower / "opt/a").mkdir(parents=True)
(lower / "opt/a/file").write_text("moved")
(lower / "opt/file").write_text("whole")
stage, place = namespaces.Stage(), store.place()
parameters = [pathlib.Path(name) for name in sys.argv[3:]]
before = [parameter.read_text() for parameter in parameters]
try:
    for parameter in parameters:
        parameter.write_text("Y")
    root = stage.overlay("root", [str(lower)], place)
finally:
    for parameter, value in zip(parameters, before):
        parameter.write_text(value)
shutil.move(f"{root}/opt/a", f"{root}/opt/b")
os.chmod(f"{root}/opt/file", 0o600)
stage.remove(root)
print(store.path(store.keep(os.path.join(place, namespaces.UPPER), lower.name).digest))
"""


@needs_root
@pytest.mark.skipif(not all(os.access(it, os.W_OK) for it in PARAMETERS), reason="needs an overlay whose defaults can be set")
def test_given_overlays_that_redirect_when_something_is_moved_then_the_layer_has_all_of_it(tmp_path):
    command = [sys.executable, "-c", CHANGE, str(SOURCES), str(tmp_path / "cache"), *map(str, PARAMETERS)]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    made, archive, again = said.stdout.strip(), tmp_path / "archive", tmp_path / "again"
    with open(archive, "wb") as file:
        packed.pack(made, file)
    shutil.copytree(tmp_path / "cache/layers" / ("a" * layers.NAME), again)
    shutil.rmtree(again / "opt")
    with open(archive, "rb") as file:
        packed.unpack(file, str(again))
    assert (again / "opt/b/file").read_text() == "moved"
    assert (again / "opt/file").read_text() == "whole"


@needs_root
@pytest.mark.parametrize("attribute", ["trusted.overlay.redirect", "trusted.overlay.metacopy"])
def test_given_a_tree_that_refers_to_what_is_below_when_kept_then_it_is_refused(tmp_path, attribute):
    store = layers.Layers(str(tmp_path))
    tree = os.path.join(store.place(), "tree")
    os.makedirs(os.path.join(tree, "opt/b"))
    os.setxattr(os.path.join(tree, "opt/b"), attribute, b"/opt/a")
    with pytest.raises(Failed, match="'opt/b' of the layer is not whole"):
        store.keep(tree, "below")
    assert store.names() == []


@pytest.mark.parametrize(
    ("known", "options"),
    [
        (["redirect_dir", "metacopy"], ",redirect_dir=off,metacopy=off"),
        (["redirect_dir"], ",redirect_dir=off"),
        ([], ""),
        (None, ",redirect_dir=off,metacopy=off"),
    ],
)
def test_given_a_kernel_when_an_overlay_is_mounted_then_it_gets_the_options_that_it_knows(tmp_path, monkeypatch, known, options):
    parameters = tmp_path / "parameters"
    if known is not None:  # else the module is not loaded yet
        parameters.mkdir()
        for name in known:
            (parameters / name).touch()
    monkeypatch.setattr(namespaces, "_OVERLAY", str(parameters))
    assert namespaces._whole() == options
