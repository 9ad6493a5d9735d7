# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Containers of a container engine: an image is built and published, podman runs it, and the runner is in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import uuid
from collections.abc import Sequence

import pytest
import registries
import roots
from fakes import until
from test_builder import run

pytestmark = pytest.mark.skipif(
    not (roots.available() and registries.available() and shutil.which("podman")),
    reason="needs root, and the packages podman, docker-registry and skopeo",
)

VERSION = "0.0.0"
PROGRAM = "/root/program.py"
RUNTIME = f"exec(compile(open({PROGRAM!r}).read(), 'program', 'exec'))"
PUBLIC = ["--net=host", "--cap-drop=all", "--security-opt=no-new-privileges"]


@pytest.fixture(scope="session")
def options(little) -> tuple[str, ...]:
    """With which podman works on this machine, where it does not without."""
    for words in ((), ("--runtime=runc", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")):
        command = ["podman", "run", "--rm", *words, *PUBLIC, "--rootfs", str(little), "/bin/sh", "-c", ":"]
        tried = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if not tried.returncode:
            return words
    raise AssertionError(f"podman runs nothing here: {tried.stderr}")


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with registries.Registry(tmp_path_factory.mktemp("registry")).running() as registry:
        yield registry


@pytest.fixture
def publish(node, http, base, registry):
    """Builds an image, and starts from what was built before. @return its reference"""

    def do(*steps: dict, below: Sequence[str] = (), tag: str = f"im-1-{VERSION}", **environment: str) -> str:
        node.runtime(RUNTIME, tag="cp" + roots.python().removeprefix("python").replace(".", ""))
        http.build = {
            "build": "po-build", "token": "po-build.bt-1", "memory_mb": 512,
            "root": {"base": base, "layers": list(below), "registry": registry.described},
            "work": [{"image": "im-1", "steps": list(steps), "context": [], "secrets": {}}],
            "publication": {
                "tag": tag, "package": "modal", "version": VERSION, "python_version": "",
                "environment": {"PATH": "/usr/bin:/bin", **environment},
            },
        }  # fmt: skip
        ended = node.run(120, SERAI_BUILD="1")
        assert http.build_ends and http.build_ends[-1]["ok"], ended.err
        return http.build_ends[-1]["reference"]

    return do


@pytest.fixture
def start(node, http, options):
    """Lets podman run an image as a cluster's driver would."""
    names, images = [], set()

    def do(reference: str, program: str, *more: str, **environment: str) -> subprocess.Popen[str]:
        http.add_file(PROGRAM, program)
        local = node.directory / "local"
        shutil.copy(node.packed, local / "serai-runner.pyz")
        given = {
            **node.environment(),
            "SERAI_ENGINE": "podman",
            "SERAI_CACHE": "/var/lib/serai/cache",
            "NOMAD_TASK_DIR": "/local",
            "NOMAD_SECRETS_DIR": "/secrets",
            **environment,
        }
        given.pop("PATH")
        images.add(reference)
        names.append(f"serai-test-{uuid.uuid4().hex[:8]}")
        words = ["podman", "run", "--rm", "--name", names[-1], "--tls-verify=false", *options, *PUBLIC, *more]
        for name in (".nomad-mount", "api.sock"):  # as Nomad has them there
            (node.directory / "secrets" / name).touch()
        for inside in ("local", "secrets"):
            words += ["--volume", f"{node.directory / inside}:/{inside}"]
        for name, value in given.items():
            words += ["--env", f"{name}={value}"]
        return subprocess.Popen(
            [*words, reference, "python3", "/local/serai-runner.pyz"],
            cwd=node.directory,  # podman's monitor leaves a file there when memory was used up
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    yield do
    for name in names:
        subprocess.run(["podman", "rm", "--force", "--time=0", name], capture_output=True)
    for reference in images:
        subprocess.run(["podman", "rmi", "--force", reference], capture_output=True)


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, err = process.communicate(timeout=90)
    return process.returncode, err


def test_given_a_published_image_when_an_engine_runs_it_then_the_runtime_is_in_it_with_the_tasks_files(publish, start, http):
    program = """import os, sys
print(open('/built').read(), open('/root/code/own.txt').read(), os.getcwd(), os.environ['OWN'], os.environ['MODAL_TASK_ID'])
print(sorted(set(os.environ) & {'SERAI_URL', 'SERAI_POOL', 'HOST_ONLY'}), os.listdir('/secrets'))
print(open(os.environ['MODAL_CONTAINER_ARGUMENTS_PATH'], 'rb').read().decode(), os.environ['MODAL_SERVER_URL'], file=sys.stderr)
sys.exit(3)"""
    reference = publish(run("printf built > /built"))
    assert re.fullmatch(r"127\.0\.0\.1:\d+/serai@sha256:[0-9a-f]{64}", reference)
    http.add_file("/root/code/own.txt", "own")
    http.answer.update(workdir="/root/code", environment={"OWN": "value", "PATH": "/usr/bin:/bin"})
    code, err = end(start(reference, program))
    assert code == 3, err
    container = "ta-test0001"
    assert http.text(1).splitlines() == [f"built own /root/code value {container}", "[] ['.nomad-mount']"], err
    assert "unix:///__modal/serai.sock" in http.text(2)
    assert http.exits[-1]["exit_code"] == 3


def test_given_a_container_of_an_engine_when_its_code_looks_at_the_runner_then_it_sees_nothing_of_it(publish, start, http):
    program = """import os, signal
for path in ('/proc/1/environ', '/proc/1/mem', '/proc/1/maps', '/proc/1/cwd'):
    try:
        os.readlink(path) if path.endswith('cwd') else open(path, 'rb').read(1)
        print('open', path)
    except OSError as e:
        print('closed', path)
os.kill(1, signal.SIGKILL)
print('it lives')
try:
    os.mount
except AttributeError:
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    print('mounted' if libc.mount(b'x', b'/tmp', b'tmpfs', 0, None) == 0 else 'not mounted')
print([line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapEff', 'NoNewPrivs'))])"""
    code, err = end(start(publish(), program))
    assert code == 0, err
    said = http.text(1).splitlines()
    assert said[:4] == [f"closed /proc/1/{name}" for name in ("environ", "mem", "maps", "cwd")]
    assert said[4:] == ["it lives", "not mounted", "['0000000000000000', '1']"]


def test_given_a_task_that_wants_its_network_closed_when_an_engine_has_it_then_it_is_refused(publish, start, http):
    http.answer["block_network"] = True
    code, _ = end(start(publish(), "print('ran')"))
    assert code == 1
    assert "block_network" in http.exits[-1]["reason"]
    assert "ran" not in http.text(1)


def test_given_a_polite_signal_when_the_engine_passes_it_on_then_the_runtime_hears_it(publish, start, http):
    program = """import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: (print('polite', flush=True), sys.exit(0)))
print('up', flush=True)
time.sleep(300)"""
    process = start(publish(), program)
    until(lambda: "up" in http.text(1), 60, "the runtime is up")
    process.send_signal(2)
    assert end(process)[0] == 0
    assert "polite" in http.text(1)


def test_given_a_memory_limit_of_the_engine_when_it_is_used_up_then_the_reason_is_told(publish, start, http):
    http.answer["limits"] = {"memory_mb": 64}
    program = "print('begins', flush=True)\nhoard = [bytearray(1 << 20) for _ in range(500)]"
    code, err = end(start(publish(), program, "--memory=100m", "--memory-swap=100m"))
    assert code != 0, err
    assert http.exits, f"the runner was killed with its runtime: {err}"
    assert "out of memory" in http.exits[-1]["reason"], http.exits


def test_given_another_runtime_than_the_published_one_when_it_cannot_be_installed_then_that_is_said(publish, start, http):
    reference = publish()
    http.answer["runtime"] = {"package": "modal", "version": "0.0.1"}
    code, _ = end(start(reference, "print('ran')", PIP_INDEX_URL="http://127.0.0.1:9/"))
    assert code == 1
    assert "pip" in http.exits[-1]["reason"]


def test_given_layers_when_published_then_the_registry_has_them_for_other_nodes(publish, registry, node, http):
    publish(run("echo one > /one"))
    made = http.build_layers[-1]
    ((name, digest),) = http.bases.items()
    assert made["base"] == [name]
    expected = {f"layer-{made['digest'][:32]}", f"base-{digest[:32]}", f"im-1-{VERSION}"}
    assert expected <= registry.tags and expected <= set(http.pushes), "and the server knew before"


def test_given_a_build_on_layers_that_the_registry_lost_when_it_is_done_then_it_has_them_again_and_not_what_nobody_needs(
    publish, registry, http, base
):
    publish(run("echo one > /one"))
    made = http.build_layers[-1]
    ((name, digest),) = http.bases.items()
    lost = (f"layer-{made['digest'][:32]}", f"base-{digest[:32]}")
    for tag in lost:
        registry.lose(tag)
    http.remains = {f"im-1-{VERSION}": 5}
    base["layers"] = [{"name": name, "digest": digest}]
    publish(run("echo two > /two"), below=[made["digest"]], tag="im-2")
    assert set(lost) <= registry.tags and "im-2" in registry.tags
    assert f"im-1-{VERSION}" not in registry.tags and not http.remains
    assert http.build_layers[-1]["base"] == [], "the server has named it"
