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


BOX = 'python3 -c \'import os; os.makedirs("/box/open"); os.chmod("/box/open", 0o777); os.chmod("/box", 0o711); os.chown("/box", 1, 1)\''


@pytest.fixture
def published(publish) -> str:
    """The reference of an image that many can use."""
    return publish(run("printf built > /built"))


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


WRITES = """import os, time
MIB = bytes(1 << 20)
def write(file, mib=200):
    for _ in range(mib):
        file.write(MIB)
    file.flush()
    print('all of it', flush=True)
"""
TOO_MUCH = "out of disk: it wrote more than 100 MiB. Ask for more, as by ephemeral_disk=…"
PLACES = {
    "named": "write(open('/opt/large', 'wb'))",
    "below /tmp": "write(open('/tmp/large', 'wb'))",
    "removed": "file = open('/tmp/large', 'wb'); os.unlink('/tmp/large'); write(file)",
    "named as if it were in memory": "file = open('/memfd:x', 'wb'); os.unlink('/memfd:x'); write(file)",
    "of the image": "write(open('/built', 'ab'))",
    "of the node": "write(open('/local/large', 'wb'))",
    "of another time": "write(open('/opt/large', 'wb')); os.utime('/opt/large', (0, 0))",
    "in a session of its own": """
if os.fork() == 0:
    os.setsid()
    write(open('/opt/large', 'wb'))""",
    "by two names": """
write(open('/opt/large', 'wb'), 60)
os.link('/opt/large', '/opt/again')
file = open('/opt/large', 'ab')
os.unlink('/opt/again')
write(file, 60)""",
    "in several": """
for i in range(200):
    write(open(f'/opt/part-{i}', 'wb'), 1)
    time.sleep(0.01)""",
}


@pytest.mark.parametrize("program", PLACES.values(), ids=PLACES)
def test_given_a_container_of_an_engine_when_it_writes_more_than_it_may_then_it_is_ended_and_the_reason_is_told(
    published, start, http, program
):
    http.answer["limits"] = {"disk_mb": 100}
    code, err = end(start(published, WRITES + program + "\ntime.sleep(300)"))
    assert http.exits == [{"exit_code": None, "signal": 9, "reason": TOO_MUCH}], err
    assert code == 137


HIDING = {
    "in a directory that nobody may list": """
os.mkdir(b'/opt/x\\xff')
file = open(b'/opt/x\\xff/large', 'wb')
os.chmod(b'/opt/x\\xff', 0)
write(file, 400)""",
    "in a directory of the image that can be entered and not be listed": "write(open('/box/open/large', 'wb'), 400)",
    "by a process that nobody may look into": """
import ctypes
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
file = open('/opt/large', 'wb')
os.unlink('/opt/large')
write(file, 400)""",
    "by a program that nobody may read": """
import shutil, subprocess, sys
shutil.copy(os.path.realpath(sys.executable), '/opt/python')
os.chmod('/opt/python', 0o111)
os.environ['PYTHONHOME'] = sys.prefix
subprocess.run(['/opt/python', '-c', WRITES + "file = open('/opt/large', 'wb'); os.unlink('/opt/large'); write(file, 400); time.sleep(300)"])""",
}
REASONS = ("'/opt/x\\udcff' cannot be listed", "'/box' cannot be listed", "process ", "process ")


@pytest.mark.parametrize(("program", "why"), list(zip(HIDING.values(), REASONS, strict=True)), ids=HIDING)
def test_given_a_container_of_an_engine_when_it_hides_what_it_writes_then_it_is_ended_too(publish, start, http, program, why):
    http.answer["limits"] = {"disk_mb": 100}
    reference = publish(run(BOX if "/box" in why else "printf built > /built"))
    program = f"WRITES = {WRITES!r}\nexec(WRITES)\n{program}\ntime.sleep(300)"
    code, err = end(start(reference, program))
    assert code == 137, err
    assert http.exits[-1]["reason"].startswith(f"out of disk: what it wrote cannot be counted: {why}")


def test_given_large_files_of_the_image_and_of_the_task_when_somebody_else_fills_the_disk_then_the_container_goes_on(
    publish, start, http, tmp_path
):
    """What is there already does not count, nor what was given back or is not its own."""
    http.answer["limits"] = {"disk_mb": 100}
    http.add_file("/root/large", bytes(150 << 20))
    program = (
        WRITES
        + """
assert os.stat('/large').st_size == os.stat('/root/large').st_size == 150 << 20
for _ in range(3):
    with open('/opt/large', 'wb') as file:
        write(file, 60)
        os.link('/opt/large', '/opt/again')
        os.unlink('/opt/large')
        time.sleep(1)  # for a look
    os.unlink('/opt/again')
print('ready', flush=True)
while not os.path.exists('/local/filled'):
    time.sleep(0.01)
time.sleep(3)  # for looks
print('goes on')"""
    )
    process = start(publish(run('python3 -c \'open("/large", "wb").write(bytes(150 << 20))\'')), program)
    until(lambda: "ready" in http.text(1), 60, "the container runs")
    (tmp_path / "filler").write_bytes(bytes(300 << 20))
    (tmp_path / "local/filled").touch()
    code, err = end(process)
    assert code == 0, (http.exits, err)
    assert "goes on" in http.text(1)


def test_given_no_limit_of_disk_then_a_container_of_an_engine_may_write_a_good_deal(published, start, http):
    code, err = end(start(published, WRITES + "write(open('/opt/large', 'wb'), 700)\ntime.sleep(2)"))
    assert code == 0, (http.exits, err)


def test_given_a_runtime_that_has_ended_by_force_then_what_it_left_behind_ends_before_that_is_told(published, start, http):
    program = """import os, signal, time
if os.fork() == 0:
    os.setsid()
    while True:
        print('still here', flush=True)
        time.sleep(0.01)
time.sleep(1)
os.kill(os.getpid(), signal.SIGTERM)"""
    code, err = end(start(published, program))
    assert code == 128 + 15, err
    assert "still here" in http.text(1)
    assert http.exits[-1]["signal"] == 15
    assert http.text(1).count("still here") < 400, "some hundred in its second; it has five more where it is left alone"


SPIN = """import os
path = '/sys/fs/cgroup/cpu.stat' if os.path.exists('/sys/fs/cgroup/cpu.stat') else '/sys/fs/cgroup/cpu/cpu.stat'
while 'nr_throttled 0' in open(path).read():
    pass"""


def test_given_a_cpu_limit_that_the_engine_holds_then_nothing_is_told_and_it_throttles(published, start, http):
    http.answer["limits"] = {"milli_cpu": 100}
    code, err = end(start(published, SPIN, "--cpu-period=100000", "--cpu-quota=10000"))
    assert code == 0, err
    assert "cores" not in err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ((), "The limit of 0.25 cores of this container does not hold: its engine has set none"),
        (("--cpu-period=100000", "--cpu-quota=10000"), "This container may use 0.1 cores, and not 0.25: "),
    ],
    ids=["none", "another"],
)
def test_given_a_cpu_limit_that_the_engine_does_not_hold_as_asked_then_that_is_told(published, start, http, more, told):
    http.answer["limits"] = {"milli_cpu": 250}
    code, err = end(start(published, "print('ran')", *more))
    assert code == 0 and http.text(1) == "ran\n"
    assert told in err
