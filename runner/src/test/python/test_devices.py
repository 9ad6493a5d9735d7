# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Which device nodes a container sees. Stand-ins lie below a directory that is to the runner what / is otherwise."""

from __future__ import annotations

import json
import os
import pathlib
import stat

import pytest
import roots
from serai_runner import devices, layers
from serai_runner.problems import Failed

FIRST, SECOND, THIRD = (f"GPU-11111111-aaaa-4aaa-8aaa-00000000000{n}" for n in (1, 2, 3))
LOOK = """
import json, os
def read(path):
    with open(path) as file:
        return file.read()
def kind(path):
    return "device" if not os.path.isfile(path) else "file"
def opens(path):
    try:
        open(path, "r+b", buffering=0).close()
    except OSError:
        return False
    return True
nodes = sorted(n for n in os.listdir("/dev") if n.startswith("nvidia"))
print(json.dumps({"nodes": nodes, "opened": [n for n in nodes if kind("/dev/" + n) == "device" and opens("/dev/" + n)], "kinds": [kind("/dev/" + n) for n in nodes],
    "contents": [read("/dev/" + n) for n in nodes if kind("/dev/" + n) == "file" and n[6:].isdigit()],
    "environment": {n: v for n, v in os.environ.items() if n.startswith(("NVIDIA", "CUDA", "LD_", "SERAI"))},
    "proc": os.path.exists("/proc/driver/nvidia") and sorted(os.listdir("/proc/driver/nvidia/gpus"))}))
"""


@pytest.fixture
def root(tmp_path) -> pathlib.Path:
    """A machine with three GPUs, whose minor numbers are not in the order of their buses."""
    root = tmp_path / "machine"
    (root / "dev").mkdir(parents=True)
    for name in ("nvidiactl", "nvidia-uvm", "nvidia-modeset"):
        (root / "dev" / name).write_text("")
    for bus, (uuid, minor) in enumerate(((FIRST, 2), (SECOND, 0), (THIRD, 1)), start=1):
        (root / "dev" / f"nvidia{minor}").write_text(uuid)
        gpu = root / "proc/driver/nvidia/gpus" / f"0000:0{bus}:00.0"
        gpu.mkdir(parents=True)
        gpu.joinpath("information").write_text(f"Model: \t\t NVIDIA H100\nGPU UUID: \t {uuid}\nDevice Minor: \t {minor}\n")
    return root


@pytest.fixture
def look(node, root, http):
    def run(tag: str = "", **environment: str) -> dict:
        node.runtime(LOOK, tag)
        run = node.run(NVIDIA_DEV_ROOT=str(root), **environment)
        assert run.out, run.err + str(http.exits)
        return json.loads(run.out)

    return run


def test_given_two_of_three_when_it_starts_then_it_sees_exactly_those(look):
    seen = look(SERAI_GPUS="2", NVIDIA_VISIBLE_DEVICES=f"{FIRST},{THIRD}")
    assert seen["nodes"] == ["nvidia-uvm", "nvidia1", "nvidia2", "nvidiactl"]
    assert seen["contents"] == [THIRD, FIRST]
    assert seen["environment"]["NVIDIA_VISIBLE_DEVICES"] == f"{FIRST},{THIRD}"
    assert seen["environment"]["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert "NVIDIA_DEV_ROOT" not in seen["environment"] and "SERAI_GPUS" not in seen["environment"]


@pytest.mark.parametrize("visible", ["", "all", FIRST])
def test_given_no_request_when_it_starts_then_there_is_no_gpu_whatever_the_node_says(look, visible):
    seen = look(NVIDIA_VISIBLE_DEVICES=visible)
    assert seen["nodes"] == []
    assert not [name for name in seen["environment"] if name.startswith(("NVIDIA", "CUDA"))]
    assert not seen["proc"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device node")
@pytest.mark.parametrize("mode", [0o666, 0o660, 0o600])
@pytest.mark.parametrize("built", [False, True])
def test_given_a_real_device_node_when_it_starts_then_it_can_be_opened(look, root, http, request, mode, built):
    tag = ""
    if built:
        http.answer.update(root={"base": request.getfixturevalue("base"), "layers": []}, python_version=roots.python())
        tag = "cp" + roots.python().replace(".", "")
    node = root / "dev" / "nvidia2"
    node.unlink()
    os.mknod(node, stat.S_IFCHR, os.makedev(1, 3))  # what /dev/null is
    node.chmod(mode)
    try:
        node.open("wb").close()
    except OSError as e:
        pytest.skip(f"device nodes cannot be opened in this directory: {e}")
    seen = look(tag, SERAI_GPUS="1", NVIDIA_VISIBLE_DEVICES=FIRST)
    assert seen["kinds"] == ["file", "device", "file"] and seen["opened"] == ["nvidia2"]
    assert stat.S_IMODE(node.stat().st_mode) == mode, "the node's own is not changed"


@pytest.mark.parametrize(
    ("wanted", "visible", "why"),
    [
        ("1", "", "the job asks for 1 GPUs, the cluster gave 0 to this container (NVIDIA_VISIBLE_DEVICES=''): has the node"),
        ("1", f"{FIRST},{SECOND}", "the job asks for 1 GPUs, the cluster gave 2"),
        ("2", f"{FIRST},{FIRST}", "the job asks for 2 GPUs, the cluster gave 2"),
        ("1", "all", "this node does not know all: its driver reports"),
        ("1", "GPU-9", f"this node does not know GPU-9: its driver reports {FIRST}, {SECOND}, {THIRD}"),
    ],
)
def test_given_an_assignment_that_cannot_be_when_it_starts_then_it_says_why(node, root, http, wanted, visible, why):
    node.runtime("raise SystemExit('it must not start')")
    ended = node.run(NVIDIA_DEV_ROOT=str(root), SERAI_GPUS=wanted, NVIDIA_VISIBLE_DEVICES=visible)
    assert ended.code == 1 and "must not start" not in ended.out + ended.err
    assert why in http.exits[0]["reason"]


@pytest.mark.skipif(not roots.available(), reason="needs root, nsenter and the distribution's Python")
def test_given_a_build_with_a_gpu_when_it_runs_then_its_commands_see_that_one_and_the_layer_has_nothing_of_it(
    node, root, http, base
):
    line = "cat /dev/nvidia[0-9]* > /seen; echo $NVIDIA_VISIBLE_DEVICES > /given; ls /run/serai/nvidia > /libraries || true"
    command = {"kind": "RUN", "line": line, "command": ["/bin/sh", "-c", line], "environment": {}, "directory": "/", "user": ""}
    http.build = {
        "build": "po-build", "token": "po-build.bt-1", "root": {"base": base, "layers": []}, "memory_mb": 512,
        "work": [{"image": "im-1", "steps": [{**command, "sources": [], "target": ""}], "context": [], "secrets": {}}],
    }  # fmt: skip
    ended = node.run(120, SERAI_BUILD="1", NVIDIA_DEV_ROOT=str(root), SERAI_GPUS="1", NVIDIA_VISIBLE_DEVICES=SECOND)
    assert http.build_ends[-1]["ok"], ended.err
    layer = pathlib.Path(node.cache, "layers", http.build_layers[-1]["digest"][: layers.NAME])
    assert (layer / "seen").read_text() == SECOND
    assert (layer / "given").read_text() == SECOND + "\n"
    assert not (layer / "usr/local/nvidia").exists() and not list((layer).glob("dev/*")) and not list((layer).glob("run/*"))


def test_given_a_missing_node_when_looked_for_then_the_path_is_named(root):
    (root / "dev/nvidia2").unlink()
    with pytest.raises(Failed, match="nvidia2 is not there: is the NVIDIA driver loaded"):
        devices.find(1, FIRST, str(root))


def test_given_libraries_when_bound_then_the_linker_finds_them_before_others(monkeypatch, tmp_path):
    (tmp_path / "libcuda.so.550.90.07").write_text("")
    (tmp_path / "libcuda.so.1").symlink_to("libcuda.so.550.90.07")
    monkeypatch.setattr(devices, "_linked", dict)
    monkeypatch.setattr(devices, "_PLACES", [str(tmp_path)])
    real = str(tmp_path / "libcuda.so.550.90.07")
    assert list(devices.libraries()) == [(real, "/usr/local/nvidia/lib64/libcuda.so.1")]
