# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Says what works on this node, by trying it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from typing import Any

from . import inotify, limits, programs, runtime, sandbox, switches
from .interpreter import this
from .namespaces import Stage
from .network import Network, find_pasta
from .problems import Failed
from .settings import DEFAULT_CACHE

TUN = "/dev/net/tun"

#: What builds of images may need, and for what.
TOOLS = {"mmdebstrap": "makes base systems", "skopeo": "speaks with a registry"}


def doctor(as_json: bool) -> int:
    """Prints what it found. @return 0 if containers can run here, else 1"""
    found = examine()
    print(json.dumps(found, indent=2) if as_json else _text(found))
    return 0 if found["ok"] else 1


def examine() -> dict[str, Any]:
    """Everything that a container needs of this node. The names are stable: the launcher reads them."""
    python = this()
    bubblewrap = _bubblewrap()
    network = _network()  # before there are threads
    images = _images()  # likewise
    controllers = _controllers()
    advice = list(bubblewrap.pop("advice"))
    if not network["works"]:
        advice.append(_tun_advice() or network["detail"])
    advice += [inotify.advice()] if inotify.advice() else []
    install = _installs()
    if not install:
        advice.append("install python3-pip or python3-venv: without them the container runtime cannot be installed here")
    lost = [name for name in limits.CONTROLLERS if name not in controllers]
    if lost:
        why = "give this machine writable control groups"
        if os.geteuid():
            why = "run as root" + (", or as a systemd service with Delegate=yes" if _cgroup_version() == 2 else "")
        advice.append(f"no limits for {', '.join(lost)}: to have them, {why}")
    return {
        "ok": bubblewrap["works"] and network["works"] and install,
        "root": os.geteuid() == 0,
        "python": {"version": python.version, "executable": python.executable, "prefix": python.prefix, "installs": install},
        "bubblewrap": bubblewrap,
        "network": network,
        "images": images,
        "cgroup": {"version": _cgroup_version(), "controllers": sorted(controllers)},
        "lost_limits": lost,
        "advice": advice,
    }


def _bubblewrap() -> dict[str, Any]:
    try:
        path = sandbox.find_bwrap()
    except Failed as e:
        return {"path": None, "version": None, "works": False, "hardened": False, "detail": str(e), "advice": [str(e)]}
    detail = sandbox.probe(path)
    advice = []
    if detail:
        advice = switches.advice() or [f"bubblewrap cannot make a sandbox here: {detail}"]
    return {
        "path": path,
        "version": ".".join(map(str, sandbox.version(path))),
        "works": not detail,
        "hardened": sandbox.hardens(path),
        "detail": detail,
        "advice": advice,
    }


def _network() -> dict[str, Any]:
    """Tries one of a container's own."""
    if os.environ.get("SERAI_NETWORK") == "node":
        return {"pasta": None, "works": True, "detail": "containers share the node's network"}
    network = Network()
    try:
        network.ready()
        return {"pasta": find_pasta(), "works": True, "detail": ""}
    except Failed as e:
        return {"pasta": None, "works": False, "detail": str(e)}
    finally:
        network.close()


def _tun_advice() -> str:
    if os.access(TUN, os.R_OK | os.W_OK):
        return ""
    cure = f"chmod 0666 {TUN}" if os.path.exists(TUN) else "modprobe tun"
    return f"{TUN} cannot be opened here: {cure}, as root; within a container: start it with --device {TUN}"


def _images() -> dict[str, Any]:
    """Containers of a plain `debian_slim()` need none of this."""
    detail = _no_layers()
    return {"works": not detail, "detail": detail, "lacks": [name for name in TOOLS if not shutil.which(name)]}


def _no_layers() -> str:
    """@return why no layers can be built here, nor containers be made of them; empty: they can"""
    if os.geteuid():
        return "an ordinary user can build no layers: run as root to have other images than a plain debian_slim()"
    try:
        programs.find("nsenter", "util-linux", "nsenter")
        with tempfile.TemporaryDirectory(prefix="doctor-", dir=_standing(os.environ.get("SERAI_CACHE", DEFAULT_CACHE))) as place:
            return _stacks(place)
    except Failed as e:
        return str(e)
    except OSError as e:
        return f"nothing can be written to {e.filename}: {e.strerror}"


def _standing(path: str) -> str:
    """The directory, or the nearest above it that is there."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path


def _stacks(place: str) -> str:
    """Tries an overlay, in a process of its own with which the mount goes. @return what went wrong"""
    said, says = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(says, _stack(place).encode())
        os._exit(0)
    os.close(says)
    with open(said, encoding="utf-8") as words:
        wrong = words.read()
    os.waitpid(child, 0)
    return wrong


def _stack(place: str) -> str:
    lower = os.path.join(place, "lower")
    try:
        os.mkdir(lower)
        Stage().overlay("doctor", [lower], place)
        return ""
    except Failed as e:
        return str(e)
    except OSError as e:
        where = os.path.dirname(place)
        return f"no overlay can be mounted with its files at {where} ({e.strerror}): layers need a file system such as ext4 or xfs there"


def _controllers() -> frozenset[str]:
    group = limits.make_group(f"{limits.PREFIX}doctor-{os.getpid()}")
    try:
        return group.controllers
    finally:
        group.remove()


def _cgroup_version() -> int | None:
    """The version that holds the memory controller; None: there is none."""
    if "memory" in _reads(f"{limits.ROOT}/cgroup.controllers").split():
        return 2
    return 1 if os.path.isdir(f"{limits.ROOT}/memory") else None


def _installs() -> bool:
    try:
        return runtime.installs(this())
    except OSError:
        return False


def _reads(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def _text(found: dict[str, Any]) -> str:
    bubblewrap, python, cgroup, network = found["bubblewrap"], found["python"], found["cgroup"], found["network"]
    controllers = ", ".join(cgroup["controllers"]) or "none usable"
    lines = [
        f"python       {python['version']} at {python['executable']}{'' if python['installs'] else ', without pip'}",
        f"bubblewrap   {bubblewrap['version'] or 'not found'}{', works' if bubblewrap['works'] else ', does not work'}",
        f"network      {network['detail'] or 'one for each container, by ' + network['pasta']}",
        f"user         {'root' if found['root'] else 'an ordinary one'}",
        f"cgroup       {'version ' + str(cgroup['version']) if cgroup['version'] else 'none'}, {controllers}",
        f"images       {_said_of(found['images'])}",
        *(f"advice       {advice}" for advice in found["advice"]),
        "containers can run here" if found["ok"] else "containers cannot run here",
    ]
    return "\n".join(lines)


def _said_of(images: dict[str, Any]) -> str:
    lacks = ", ".join(f"{name} ({TOOLS[name]})" for name in images["lacks"])
    return (images["detail"] or "layers can be built") + (f"; not there: {lacks}" if lacks else "")
