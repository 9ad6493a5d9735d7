# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What images stand on, made or unpacked once for each node.

`python:3.11` is the distribution's least system with a Python at /usr/local, as the public image of that name has it; both
are layers of their own, so that several Pythons share one system. A micromamba of the node is put on one likewise. Other systems
are what an operator puts on the node.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from . import given, namespaces
from .given import Keeper
from .interpreter import this
from .namespaces import Stage
from .problems import Failed

_FORM = "2"  # of a Python's layer: with another one it is made anew, and what stands on it stays
# Of a Python's own files: what no program needs.
_LEFT_OUT = ("test", "idlelib", "turtledemo", "tkinter", "site-packages", "dist-packages")
_DISTRIBUTIONS = "/usr"  # prefix of the distribution's own Python, which is in the system already
_LIBRARIES = ("/var/lib/dpkg/status", "/etc/ld.so.cache")  # written with each change of what is installed on the node
_NO_DEBIAN = (
    "by it the packages are found that a Python of the node needs in a Debian. On a node that is none, put a root file system there and "
    "name it by serai.image.bases"
)
_ASK = "import sys, sysconfig; print('%d.%d' % sys.version_info[:2]); print(sysconfig.get_config_var('LDLIBRARY') or '')"


class Base(NamedTuple):
    """As the server describes it."""

    name: str
    python: str  # major.minor that it gets; empty: whatever it has
    interpreter: str | None  # prefix on the node; empty: of the Python that we run on; None: none is put into it
    source: str  # directory or archive on the node; empty: it is made
    micromamba: str  # program on the node that is put into it; empty for none
    release: str  # of Debian; empty: the node's
    packages: tuple[str, ...]
    environment: Mapping[str, str]  # for what is fetched
    certificates: str
    layers: tuple[tuple[str, str], ...] = ()  # names and digests, the highest first; empty: they are found out here

    @staticmethod
    def of(it: Mapping[str, Any]) -> Base:
        return Base(
            it["name"],
            it.get("python") or "",
            it.get("interpreter"),
            it.get("source") or "",
            it.get("micromamba") or "",
            it.get("release") or "",
            tuple(name.strip() for name in it.get("packages") or () if name.strip()),
            dict(it.get("environment") or {}),
            it.get("certificates") or "",
            tuple((layer["name"], layer["digest"]) for layer in it.get("layers") or ()),
        )


Run = Callable[[list[str], list[str], str], None]  # a command in a root of these layers, whose changes go to a directory


def ensure(base: Base, layers: Keeper, stage: Stage, run: Run, tell: Callable[[str], None]) -> list[str]:
    """@return its layers, the highest first

    @param run: for what has to be done inside
    @raise Failed: it cannot be made here, with what to do
    """
    if base.source:
        return [given.ensure(base.name, base.source, layers, stage, tell)]
    release = _release(base)
    if base.micromamba:
        from . import micromamba

        top = micromamba.layer(base.micromamba)
        packages = sorted(set(base.packages) | _needed(base.micromamba, release, layers))
        return [layers.ensure(*top), _system(base, release, packages, layers, stage, tell)]
    prefix = base.interpreter or this().prefix
    system = _system(base, release, _packages(base, prefix, release, layers), layers, stage, tell)

    def make_python(tree: str) -> None:
        if prefix != _DISTRIBUTIONS:
            tell(f"Putting Python {base.python or this().version} into it")
            copy_python(prefix, tree)
        run(["/bin/sh", "-c", _SETTLE], [tree, system], "python")

    return [layers.ensure(f"python-{_short([prefix, os.path.basename(system), _FORM])}", make_python), system]


def _system(base: Base, release: str, packages: list[str], layers: Keeper, stage: Stage, tell: Callable[[str], None]) -> str:
    def make(tree: str) -> None:
        tell(f"Making the base system: Debian {release} with {len(packages)} packages; once for this node")
        _bootstrap(release, packages, base, tree, stage)

    return layers.ensure(f"system-{release}-{_short([release, *packages])}", make)


# pip is the node's; what the client's own base has besides is fetched.
_SETTLE = "ldconfig && python -m pip install --quiet --root-user-action=ignore --disable-pip-version-check wheel uv"


def _release(base: Base) -> str:
    if base.release:
        return base.release
    with open("/etc/os-release", encoding="utf-8") as file:
        said = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    if said.get("ID", "").strip('"') not in ("debian", "ubuntu") or not said.get("VERSION_CODENAME"):
        raise Failed(
            f"this node has no Debian whose release could be taken for {base.name}: say one by serai.image.release, or put a "
            f"root file system on the node and name it by serai.image.bases"
        )
    return said["VERSION_CODENAME"].strip('"')


def _packages(base: Base, prefix: str, release: str, layers: Keeper) -> list[str]:
    """Those that were asked for, and those that the Python needs libraries of: it is of this node, and so are they."""
    wanted = set(base.packages)
    if prefix == _DISTRIBUTIONS:
        return sorted(wanted | {"python3", "python3-venv", "python3-pip"})
    return sorted(wanted | _needed(prefix, release, layers))


def _needed(prefix: str, release: str, layers: Keeper) -> set[str]:
    """As noted beside the layers, since asking takes seconds and every container's start needs the answer.

    @param prefix: of a Python; or a program, for its own libraries only
    """
    note = os.path.join(layers.directory, f".needed-{_short([prefix, release])}")
    state = _state(prefix)
    try:
        with open(note, encoding="utf-8") as file:
            noted = json.load(file)
        if noted["state"] == state:
            return set(noted["packages"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not yet, or not ours: it is written anew
    packages = _ask_needed(prefix)
    with contextlib.suppress(OSError):  # asked again the next time
        _note(note, {"state": state, "packages": sorted(packages)})
    return packages


def _note(path: str, what: Mapping[str, Any]) -> None:
    """It is there whole or not at all."""
    draft = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        with open(draft, "x", encoding="utf-8") as file:
            json.dump(what, file)
        os.replace(draft, path)
    except OSError:
        os.unlink(draft)
        raise


def _state(prefix: str) -> dict[str, int]:
    """When that changed last which the answer follows from: the installation, and the node's libraries and packages."""
    import glob

    own = [prefix] if os.path.isfile(prefix) else [f"{prefix}/bin", *sorted(glob.glob(f"{prefix}/lib/python3*/lib-dynload"))]
    paths = [*own, *_LIBRARIES]
    return {path: os.stat(path).st_mtime_ns for path in paths if os.path.exists(path)}


def _ask_needed(prefix: str) -> set[str]:
    import glob
    import subprocess

    programs = glob.glob(f"{prefix}/lib/python3*/lib-dynload/*.so") + glob.glob(f"{prefix}/bin/python3.*[0-9]")
    programs = [prefix] if os.path.isfile(prefix) else programs
    programs = [path for path in programs if "_tkinter" not in path]  # no screen here, and half a desktop behind it
    ldd, dpkg = (namespaces.find_tool(name, _NO_DEBIAN) for name in ("ldd", "dpkg"))
    listed = subprocess.run([ldd, *programs], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    libraries = {words[2] for line in listed.splitlines() if len(words := line.split()) > 2 and words[2].startswith("/")}
    packages: set[str] = set()
    for library in sorted(libraries):
        if library.startswith(prefix):
            continue
        for path in (library, "/usr" + library, library.removeprefix("/usr"), os.path.realpath(library)):
            owner = subprocess.run([dpkg, "-S", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
            if owner:
                packages.add(owner.split(":", 1)[0])
                break
    return packages


def _bootstrap(release: str, packages: list[str], base: Base, tree: str, stage: Stage) -> None:
    import subprocess

    tool = namespaces.find_tool("mmdebstrap", "install it (on Debian and Ubuntu: apt install mmdebstrap)")
    command = [tool, "--variant=minbase", "--quiet", f"--include={','.join(packages)}"]
    command += [f"--aptopt={line}" for line in apt_options()]
    command += [release, "-", *_mirror(release)]
    shown = stage.bind(tree, "made")
    unpack = [*stage.enter(), "tar", "-x", "-p", "--numeric-owner", "--anchored", "--exclude=./dev/*", "-C", shown, "-f", "-"]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": os.path.dirname(tree)}
    try:
        with open(os.path.join(os.path.dirname(tree), "said"), "w+b") as said:
            maker = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, env=environment)
            try:
                unpacked = subprocess.run(unpack, stdin=maker.stdout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            finally:
                maker.stdout.close()
                if sys.exc_info()[0]:
                    maker.terminate()
                status = maker.wait()
            if status or unpacked.returncode:
                said.seek(0)
                words = said.read().decode("utf-8", "replace").strip().splitlines()[-6:]
                words += unpacked.stdout.decode("utf-8", "replace").strip().splitlines()[-2:]
                raise Failed(f"the base system could not be made with mmdebstrap: {'; '.join(words)}")
        given.settle(shown, stage, "what mmdebstrap made")
    finally:
        stage.remove(shown)


def apt_options() -> list[str]:
    """What the node's own apt has been told about its way to the network; nothing where there is no apt."""
    import shutil
    import subprocess

    if not shutil.which("apt-config"):
        return []
    said = subprocess.run(["apt-config", "dump"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    return [line for line in said.splitlines() if line.startswith("Acquire::") and "roxy" in line.split(" ", 1)[0]]


def _mirror(release: str) -> list[str]:
    """Where the node's own apt gets that release; none: the tool knows the public one."""
    import glob
    import re

    for path in ["/etc/apt/sources.list", *sorted(glob.glob("/etc/apt/sources.list.d/*"))]:
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        except OSError:
            continue
        for part in re.split(r"\n\s*\n", text):
            uris, suites = re.search(r"^URIs:\s*(\S+)", part, re.M), re.search(r"^Suites:\s*(.+)$", part, re.M)
            if uris and suites and release in suites.group(1).split():
                return [] if ".debian.org" in uris.group(1) else [uris.group(1)]
        line = re.search(rf"^deb\s+(?:\[[^]]*]\s+)?(\S+)\s+{re.escape(release)}\s", text, re.M)
        if line:
            return [] if ".debian.org" in line.group(1) else [line.group(1)]
    return []


def copy_python(prefix: str, tree: str) -> None:
    """A Python that can be moved, without its packages but for pip, at /usr/local."""
    import shutil
    import subprocess

    local = os.path.join(tree, "usr", "local")
    found = [n for n in sorted(os.listdir(os.path.join(prefix, "bin"))) if n.startswith("python3.") and n[8:].isdigit()]
    if not found:
        raise Failed(f"{prefix} is no installation of Python: it has no bin/python3.*")
    version = found[0].removeprefix("python")
    said = subprocess.run([os.path.join(prefix, "bin", found[0]), "-c", _ASK], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    if said.returncode:
        raise Failed(f"{prefix}/bin/{found[0]} does not run on this node")
    os.makedirs(os.path.join(local, "bin"))
    shutil.copy2(os.path.realpath(os.path.join(prefix, "bin", found[0])), os.path.join(local, "bin", found[0]))
    library = os.path.join(prefix, "lib", f"python{version}")
    shutil.copytree(library, os.path.join(local, "lib", f"python{version}"), symlinks=True, ignore=_ignore(library))
    for name in os.listdir(os.path.join(prefix, "lib")):
        if name.startswith("libpython"):
            shutil.copy2(os.path.join(prefix, "lib", name), os.path.join(local, "lib", name), follow_symlinks=False)
    include = os.path.join(prefix, "include", f"python{version}")
    if os.path.isdir(include):
        shutil.copytree(include, os.path.join(local, "include", f"python{version}"))
    packages = os.path.join(local, "lib", f"python{version}", "site-packages")
    os.makedirs(packages)
    for name in os.listdir(os.path.join(library, "site-packages")):
        if name == "pip" or (name.startswith("pip-") and name.endswith("-info")):
            shutil.copytree(os.path.join(library, "site-packages", name), os.path.join(packages, name), symlinks=True)
    managed = os.path.join(local, "lib", f"python{version}", "EXTERNALLY-MANAGED")
    if os.path.exists(managed):
        os.unlink(managed)
    for name in ("python", "python3"):
        os.symlink(found[0], os.path.join(local, "bin", name))
    if os.path.isdir(os.path.join(packages, "pip")):
        for name in ("pip", "pip3", f"pip{version}"):
            _write_pip(os.path.join(local, "bin", name), found[0])
    namespaces.own_tree(tree)


def _write_pip(path: str, python: str) -> None:
    """The node's own says where Python is on the node."""
    with open(path, "x", encoding="utf-8") as file:
        file.write(f"#!/usr/local/bin/{python}\nimport sys\n\nfrom pip._internal.cli.main import main\n\nsys.exit(main())\n")
    os.chmod(path, 0o755)


def _ignore(library: str) -> Callable[[str, list[str]], list[str]]:
    def ignore(directory: str, names: list[str]) -> list[str]:
        return [name for name in names if name in _LEFT_OUT] if directory == library else []

    return ignore


def _short(words: list[str]) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]
