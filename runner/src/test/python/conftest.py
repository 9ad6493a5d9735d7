# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a packed runner, a server that speaks the contract, and a way to start the one against the other."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

import pytest

SOURCES = pathlib.Path(__file__).parents[2] / "main" / "python"
sys.path[:0] = [str(SOURCES), str(pathlib.Path(__file__).parent)]

import roots  # noqa: E402
from fakes import HttpServer  # noqa: E402
from launch import Node  # noqa: E402
from serai_runner import trees  # noqa: E402


@pytest.fixture(scope="session")
def packed(tmp_path_factory) -> pathlib.Path:
    """The program as the build packs it: sources only, in a zip."""
    path = tmp_path_factory.mktemp("packed") / "serai-runner.pyz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for source in sorted(SOURCES.rglob("*")):
            if source.suffix in (".py", ".txt"):
                archive.write(source, source.relative_to(SOURCES))
    path.parent.chmod(0o755)
    return path


@pytest.fixture(scope="session")
def cache() -> str:
    """One cache for the whole session, so that the real runtime is installed once; kept if SERAI_TEST_CACHE names it."""
    given = os.environ.get("SERAI_TEST_CACHE")
    if given:
        yield given
        return
    directory = tempfile.mkdtemp(prefix="serai-cache-")
    try:
        yield directory
    finally:
        assert not trees.remove(directory)  # what a test left has more levels than Python recurses into


@pytest.fixture
def http():
    with HttpServer() as server:
        yield server


@pytest.fixture
def node(packed, cache, http, tmp_path):
    with Node(packed, cache, http, tmp_path) as node:
        yield node


@pytest.fixture(scope="session")
def little(tmp_path_factory) -> pathlib.Path:
    """The root file system of an image."""
    if not roots.available():
        pytest.skip("needs root, nsenter and the distribution's Python")
    return roots.make(tmp_path_factory.mktemp("little") / "root")


@pytest.fixture
def base(little) -> dict:
    """The same as servers name it."""
    return {"name": "little", "python": "", "interpreter": None, "source": str(little), "release": "", "packages": []}


@pytest.fixture
def ordinary(packed, http):
    """A node whose runner is an ordinary user, with the distribution's Python and a cache of its own."""
    if os.geteuid():
        pytest.skip("only root can become another user; the other tests already run as one")
    with tempfile.TemporaryDirectory(prefix="serai-ordinary-") as name:
        directory = pathlib.Path(name)
        program = directory / "serai-runner.pyz"
        shutil.copy(packed, program)
        with Node(program, str(directory / "cache"), http, directory) as node:
            node.python = "/usr/bin/python3"
            node.prefix = [*tunnels_for_everybody(), "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
            yield node


def tunnels_for_everybody() -> list[str]:
    """Words before a command that finds the device of networks as udev leaves it, also where there is no udev."""
    device = "/dev/net/tun"
    if os.stat(device).st_mode & 0o006 == 0o006:
        return []
    make = f"mount -t tmpfs none /dev/net && mknod -m 666 {device} c 10 200"
    return ["unshare", "--mount", "/bin/sh", "-c", f'{make} && exec "$@"', "sh"]


@pytest.fixture
def own_by_nobody():
    """Gives a tree to the user of *ordinary*."""

    def give(node: Node) -> None:
        subprocess.run(["chown", "-R", "65534:65534", str(node.directory)], check=True)

    return give
