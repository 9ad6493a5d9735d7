# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The GPUs that the cluster has given to this allocation: their device nodes and their driver's libraries, and nothing else."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .problems import Failed

if TYPE_CHECKING:
    from .namespaces import Stage

PROC = "/proc/driver/nvidia"
LIBRARIES = "/usr/local/nvidia/lib64"  # in the container; where NVIDIA's own images look as well
BUILD_LIBRARIES = "/run/serai/nvidia"  # in a build

# Of the driver that runs on the node, never of an image: they have to be of the same version as the kernel's module.
_LIBRARIES = (
    "libcuda.so.1 libcudadebugger.so.1 libnvidia-ml.so.1 libnvidia-cfg.so.1 libnvidia-ptxjitcompiler.so.1 libnvidia-nvvm.so.4 "
    "libnvidia-gpucomp.so libnvidia-allocator.so.1 libnvidia-opencl.so.1 libnvcuvid.so.1 libnvidia-encode.so.1"
).split()
_PLACES = (
    "/usr/lib/x86_64-linux-gnu /usr/lib/aarch64-linux-gnu /usr/lib64 /usr/lib /usr/lib/wsl/lib /usr/local/nvidia/lib64 "
    "/usr/local/lib /run/opengl-driver/lib /run/nvidia/driver/usr/lib/x86_64-linux-gnu /opt/nvidia/lib64"
).split()
# Not of one device. The control node is needed for anything, unified memory for CUDA.
_COMMON = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools")


class Devices(NamedTuple):
    """What a sandbox gets of them: files of the node, with their places inside."""

    nodes: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()  # read-only
    buses: tuple[str, ...] = ()  # PCI addresses, as /proc spells them
    environment: Mapping[str, str] = {}


NONE = Devices()


def find(wanted: int, visible: str, root: str) -> Devices:
    """
    @param wanted: how many the job asks for. Without it no variable gives anything: nodes may have some of their own
    @param visible: ids, separated by commas, as NVIDIA's plugin for the cluster hands them on
    @param root: below which dev and proc/driver/nvidia lie
    @raise Failed: this node does not have what the cluster has given away
    """
    if not wanted:
        return NONE
    ids = [word.strip() for word in visible.split(",") if word.strip()]
    if len(set(ids)) != wanted or len(ids) != wanted:
        raise Failed(
            f"the job asks for {wanted} GPUs, the cluster gave {len(ids)} to this container "
            f"(NVIDIA_VISIBLE_DEVICES={visible!r}): has the node NVIDIA's device plugin?"
        )
    known = _known(ids, root)
    strangers = [one for one in ids if one not in known]
    if strangers:
        raise Failed(f"this node does not know {', '.join(strangers)}: its driver reports {', '.join(known) or 'no GPU'}")
    nodes = [_node(root, f"nvidia{known[one][0]}") for one in ids]
    nodes += [node for node in (_optional(root, name) for name in _COMMON) if node]
    return Devices(
        tuple(nodes),
        tuple(libraries()),
        tuple(known[one][1] for one in ids),
        {"NVIDIA_VISIBLE_DEVICES": ",".join(ids), "CUDA_DEVICE_ORDER": "PCI_BUS_ID"},
    )


def _node(root: str, name: str) -> tuple[str, str]:
    found = _optional(root, name)
    if not found:
        raise Failed(
            f"{os.path.join(root, 'dev', name)} is not there: is the NVIDIA driver loaded on this node? (Nomad's driver exec shows tasks "
            "no GPU: serai.nomad.driver=raw_exec does)"
        )
    return found


def _optional(root: str, name: str) -> tuple[str, str] | None:
    path = os.path.realpath(os.path.join(root, "dev", name))
    return (path, "/dev/" + name) if os.path.exists(path) else None


def _known(ids: Sequence[str], root: str) -> dict[str, tuple[int, str]]:
    """@return minor number and bus of each device by its id"""
    known = {}
    for path in sorted(glob.glob(os.path.join(glob.escape(root), PROC.lstrip("/"), "gpus", "*", "information"))):
        said = _information(path)
        if "GPU UUID" in said and "Device Minor" in said:
            known[said["GPU UUID"]] = (int(said["Device Minor"]), os.path.basename(os.path.dirname(path)))
    if root == "/" and not all(one in known for one in ids):  # the driver tells no id of a device that sleeps
        known.update(_asked())
    return known


def _information(path: str) -> dict[str, str]:
    with open(path, encoding="utf-8", errors="replace") as file:
        pairs = [line.partition(":") for line in file]
    return {name.strip(): value.strip() for name, _, value in pairs}


def _asked() -> dict[str, tuple[int, str]]:
    import subprocess
    from xml.etree import ElementTree

    try:
        said = subprocess.run(
            ["nvidia-smi", "-q", "-x"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=True
        ).stdout
        return {
            gpu.findtext("uuid", ""): (int(gpu.findtext("minor_number", "")), gpu.get("id", "").lower().removeprefix("0000"))
            for gpu in ElementTree.fromstring(said).iter("gpu")
        }
    except (OSError, subprocess.SubprocessError, ElementTree.ParseError, ValueError) as e:
        raise Failed(f"the GPUs of this node are not known: nvidia-smi: {e}") from e


def libraries() -> Iterator[tuple[str, str]]:
    """The driver's libraries on this node, and their places in a container."""
    listed = _linked()
    for name in _LIBRARIES:
        candidates = [listed.get(name, ""), *(os.path.join(place, name) for place in _PLACES)]
        for candidate in candidates:
            if candidate and os.path.exists(candidate):
                yield os.path.realpath(candidate), f"{LIBRARIES}/{name}"
                break


def _linked() -> dict[str, str]:
    """What the dynamic linker finds, by name. The first one counts, as for itself."""
    import platform
    import subprocess

    try:
        said = subprocess.run(
            ["ldconfig", "-p"],
            env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return {}  # a distribution without it has the libraries in one of the known places
    machine = {"x86_64": "x86-64", "aarch64": "AArch64"}.get(platform.machine(), "")
    found: dict[str, str] = {}
    for line in said.splitlines():
        name, arrow, path = line.strip().partition(" => ")
        if arrow and machine in name:
            found.setdefault(name.split(" ", 1)[0], path)
    return found


def shown(devices: Devices, stage: Stage) -> Devices:
    """The same where users of the stage's own find them."""
    return devices._replace(
        nodes=tuple((stage.show_device(source), target) for source, target in devices.nodes),
        files=tuple((stage.show(source), target) for source, target in devices.files),
    )


def for_build(devices: Devices) -> Devices:
    """The same for commands that make a layer, in which nothing of it shall be left."""
    files = tuple((source, target.replace(LIBRARIES, BUILD_LIBRARIES, 1)) for source, target in devices.files)
    return devices._replace(files=files)


def arguments(devices: Devices) -> list[str]:
    """Bubblewrap's options, for after its own /dev and /proc and before /usr/local is closed."""
    words: list[str] = []
    for source, target in devices.nodes:
        words += ["--dev-bind", source, target]
    for source, target in devices.files:
        words += ["--ro-bind", source, target]
    if os.path.isdir(PROC):  # it tells of every device of the node
        words += ["--tmpfs", PROC]
        for name in ("params", "version", "registry") if devices.nodes else ():
            words += ["--ro-bind-try", f"{PROC}/{name}", f"{PROC}/{name}"]
        for bus in devices.buses:
            words += ["--ro-bind-try", f"{PROC}/gpus/{bus}", f"{PROC}/gpus/{bus}"]
        words += ["--remount-ro", PROC]
    return words
