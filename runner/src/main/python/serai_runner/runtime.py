# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The client runtime of a node: installed once for each package version and interpreter, then only looked up.

`<cache>/runtime/modal-1.6.4-cp311/pkg` holds the client itself, shown at /pkg and found before a task's own packages;
`deps` holds what it needs, shown at /__modal/deps and found after them: a task that brings its own version wins.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from .interpreter import Interpreter, this
from .problems import Failed

DEPENDENCIES = "/__modal/deps"
INSIDE = "/var/lib/serai/cache"  # of an image that a container engine runs, with the runner in it
TIMEOUT_S = 600  # for pip, on a slow line
# Runs when the interpreter starts: PYTHONPATH alone cannot put a directory behind site-packages.
_SITECUSTOMIZE = f"import sys\n\nsys.path.append({DEPENDENCIES!r})\n"
# What versions need of others beyond what they say: with aiohttp 3.12 and newer these two send empty uploads.
_LIMITS = {("modal", "1.0.0"): ("aiohttp<3.12",), ("modal", "1.0.1"): ("aiohttp<3.12",)}
_OWN = frozenset(("synchronicity",))  # of the client's own making: its version goes with the client's


def directory(cache: str, package: str, version: str, interpreter: Interpreter) -> str:
    return os.path.join(cache, "runtime", f"{package}-{version}-{interpreter.tag}")


def ensure(cache: str, package: str, version: str, interpreter: Interpreter, tell: Callable[[str], None]) -> str:
    """@return its directory, installed if it was not there; of several callers one installs and the others wait. It stays as long as
    this process lives

    @raise Failed: with what pip said, or what to install
    """
    import time

    from . import entries

    def make(tree: str) -> None:
        tell(f"Installing the container runtime {package} {version} for Python {interpreter.version} on this node")
        began = time.monotonic()
        _install(tree, package, version, interpreter)
        tell(f"Installed {package} {version} in {time.monotonic() - began:.1f} s")

    target = directory(cache, package, version, interpreter)
    entries.ensure(target, make)
    return target


def _install(tree: str, package: str, version: str, interpreter: Interpreter) -> None:
    deps = os.path.join(tree, "deps")
    os.mkdir(deps)
    wanted = [f"{package}=={version}", *_LIMITS.get((package, version), ())]
    _pip(_with_pip(interpreter, tree), deps, wanted, interpreter)
    _part(tree, package, version)


def _part(tree: str, package: str, version: str) -> None:
    """Moves the client's own modules from deps to pkg."""
    import shutil

    deps, pkg = os.path.join(tree, "deps"), os.path.join(tree, "pkg")
    os.mkdir(pkg)
    info = f"{package.replace('-', '_')}-{version}.dist-info"
    with open(os.path.join(deps, info, "RECORD"), encoding="utf-8") as record:
        own = {line.split("/", 1)[0] for line in record if "/" in line} | _OWN
    for name in sorted(own & set(os.listdir(deps)) - {"bin"}):
        os.rename(os.path.join(deps, name), os.path.join(pkg, name))
    with open(os.path.join(pkg, "sitecustomize.py"), "x", encoding="ascii") as file:
        file.write(_SITECUSTOMIZE)
    shutil.rmtree(os.path.join(deps, "bin"), ignore_errors=True)
    shutil.rmtree(os.path.join(tree, "venv"), ignore_errors=True)


def installs(interpreter: Interpreter) -> bool:
    """Whether *ensure* can install here: there is pip, or what a virtual environment takes it from."""
    pythons = (sys.executable, interpreter.executable)
    return any(_run([python, "-c", f"import {module}"])[0] == 0 for module in ("pip", "ensurepip") for python in pythons)


def _with_pip(interpreter: Interpreter, tree: str) -> str:
    """@return a Python that has pip: ours, the one below our virtual environment, or that of a new one"""
    own = interpreter if interpreter.version == this().version else this()  # an image's has none that we could run
    for candidate in (sys.executable, own.executable):
        if _run([candidate, "-m", "pip", "--version"])[0] == 0:
            return candidate
    venv = os.path.join(tree, "venv")
    status, said = _run([own.executable, "-m", "venv", venv])
    if status:
        raise Failed(
            f"{own.executable} has neither pip nor a working venv, so that the runtime cannot be installed: "
            f"install python3-pip or python3-venv on this node ({_last(said)})"
        )
    return os.path.join(venv, "bin", "python")


def _pip(python: str, target: str, wanted: list[str], interpreter: Interpreter) -> None:
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-warn-script-location", "--prefer-binary"]
    if interpreter.version != this().version:  # one of an image's: pip must not take ours for it
        options += ["--python-version", interpreter.version, "--implementation", "cp", "--only-binary=:all:"]
    status, said = _run([python, "-m", "pip", "install", *options, "--target", target, *wanted])
    if status:
        raise Failed(f"pip could not install {', '.join(wanted)}: {_last(said)}")


def _run(command: list[str]) -> tuple[int, str]:
    import subprocess

    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        return 124, f"no end after {TIMEOUT_S} s"
    return done.returncode, done.stdout.decode("utf-8", "replace")


def _last(said: str, lines: int = 4) -> str:
    return "; ".join(line.strip() for line in said.strip().splitlines()[-lines:])
