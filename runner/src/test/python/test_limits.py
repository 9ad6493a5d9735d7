# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Limits that hold, where the machine lets us make control groups; and their absence."""

from __future__ import annotations

import contextlib
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys

import pytest
import roots
from conftest import SOURCES
from fakes import until
from serai_runner import container, limits
from serai_runner.limits import Group, make_group
from serai_runner.registration import Limits


@pytest.fixture
def controllers():
    group = make_group(f"serai-test-{os.getpid()}")
    found = group.controllers
    group.remove()
    return found


def needs(controllers, name: str) -> None:
    if name not in controllers:
        pytest.skip(f"no {name} control group can be made here")


def left(container: str) -> list[pathlib.Path]:
    return list(pathlib.Path("/sys/fs/cgroup").glob(f"**/serai-{container}"))


def test_given_a_memory_limit_when_it_is_exceeded_then_the_reason_is_told(node, http, controllers):
    needs(controllers, "memory")
    http.answer["limits"] = {"memory_mb": 64}
    node.runtime("x = []\nwhile True: x.append(bytearray(1 << 20))")
    run = node.run()
    assert run.code == 137
    assert http.exits == [{"exit_code": None, "signal": 9, "reason": "out of memory: it used more than 64 MiB"}]
    assert left(http.container) == []


def test_given_a_child_that_is_too_large_when_it_is_killed_then_the_log_says_so(node, http, controllers):
    needs(controllers, "memory")
    http.answer["limits"] = {"memory_mb": 64}
    node.runtime("""
import subprocess, sys
grow = "x = []\\nwhile True: x.append(bytearray(1 << 20))"
print(subprocess.run([sys.executable, "-c", grow]).returncode)
""")
    run = node.run()
    assert run.out == "-9\n", run.err
    assert "out of memory" in http.text(3)
    assert http.exits[0]["exit_code"] == 0


def test_given_a_cluster_that_gives_less_when_the_container_takes_more_then_that_is_the_reason(node, http, controllers):
    needs(controllers, "memory")
    above = make_group(f"serai-above-{os.getpid()}")
    try:
        above.limit(Limits(memory_mb=160))
        (place,) = (p for p in above.places if {"memory.limit_in_bytes", "memory.max"} & set(os.listdir(p)))
        if "memory.max" in os.listdir(place):  # version 2: only a group that is given has others inside
            os.setxattr(place, "user.delegate", b"1")
        node.prefix = ["sh", "-c", 'echo $$ >"$0" && exec "$@"', os.path.join(place, "cgroup.procs")]
        http.answer["limits"] = {"pids": 1000}
        node.runtime("x = []\nwhile True: x.append(bytearray(1 << 20))")
        node.run()
        assert [(one["signal"], one["reason"]) for one in http.exits] == [(9, f"out of memory: {container.CLUSTERS_LIMIT}")]
    finally:
        for place in above.places:
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(os.path.join(place, limits.BESIDE))
        above.remove()


def test_given_a_limit_of_processes_when_there_are_more_then_fork_fails(node, http, controllers):
    needs(controllers, "pids")
    http.answer["limits"] = {"pids": 20}
    node.runtime("""
import os, time
made = 0
try:
    for _ in range(100):
        if not os.fork():
            time.sleep(60)
        made += 1
except OSError as e:
    print("made", made < 20, e.strerror)
""")
    assert node.run().out == "made True Resource temporarily unavailable\n"
    assert left(http.container) == []


def test_given_a_cpu_limit_when_the_container_works_then_it_is_slowed_down(node, http, controllers):
    needs(controllers, "cpu")
    http.answer["limits"] = {"milli_cpu": 200}
    node.runtime("""
import time
end, begun = time.monotonic() + 2, time.process_time()
while time.monotonic() < end: pass
print(time.process_time() - begun < 1)
""")
    assert node.run().out == "True\n"


SPIN = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
print('there', flush=True)
sys.stdin.read(1)
while True: pass
"""


def test_given_two_neighbours_on_one_processor_when_both_are_busy_then_each_has_what_it_asked_for(controllers):
    needs(controllers, "cpu")
    processor = str(min(os.sched_getaffinity(0)))
    with contextlib.ExitStack() as stack:
        spinning = {}
        for request in (125, 2000):
            group = make_group(f"serai-test-{os.getpid()}-{request}")
            stack.callback(group.remove)
            assert group.limit(Limits(milli_cpu_request=request)) == []
            process = subprocess.Popen(
                [sys.executable, "-c", SPIN, processor], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            group.add(process.pid)
            assert process.stdout.readline() == b"there\n"
            spinning[request] = process
        before = {request: cpu_s(process.pid) for request, process in spinning.items()}
        for process in spinning.values():
            process.stdin.write(b"x")
        until(lambda: cpu_s(spinning[2000].pid) - before[2000] > 1, 120)
        used = {request: cpu_s(process.pid) - before[request] for request, process in spinning.items()}
    assert used[2000] > 3 * used[125], f"16 times the request: {used}"


def cpu_s(pid: int) -> float:
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize(
    ("asked", "shares", "weight"),
    [(125, "1024", "100"), (1, "8", "1"), (500, "4096", "400"), (1000, "8192", "800"), (10**6, "262144", "10000")],
)
def test_given_a_request_of_processors_then_it_is_a_weight_of_each_version(asked, shares, weight):
    wanted = Limits(milli_cpu_request=asked)
    assert [setting for _, _, files in limits._settings(wanted, two=False) for setting in files] == [("cpu.shares", shares, False)]
    assert [setting for _, _, files in limits._settings(wanted, two=True) for setting in files] == [("cpu.weight", weight, False)]


def test_given_a_request_when_a_container_runs_then_its_group_has_the_weight(node, http, controllers):
    needs(controllers, "cpu")
    http.answer["limits"] = {"milli_cpu_request": 1000}
    node.runtime("import time\nprint('up')\ntime.sleep(60)")
    process = node.start()
    node.text_shown(1, "up\n")
    found = [path / name for path in left(http.container) for name in ("cpu.shares", "cpu.weight") if (path / name).exists()]
    assert [path.read_text().strip() for path in found] in (["8192"], ["800"])
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    assert left(http.container) == []


@pytest.fixture
def two(monkeypatch):
    """A group of the kernel's own version 2, whatever controllers it has here: for the moves, not the limits."""
    mounts = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
    mount = next((pathlib.Path(words[1]) for words in mounts if words[2] == "cgroup2"), None)
    domains = {"hugetlb", "io", "memory", "misc", "rdma"}  # the others may be given to groups that have processes
    offered = set((mount / "cgroup.controllers").read_text().split()) & domains if mount else set()
    if not offered:
        pytest.skip("there is no version 2 with controllers here")
    monkeypatch.setattr(limits, "CONTROLLERS", tuple(offered))
    place = mount / f"serai-test-{os.getpid()}"
    try:
        limits._use(str(mount), frozenset(offered))
        place.mkdir()
    except OSError as e:
        pytest.skip(f"no group can be made there: {e}")
    yield place
    for directory, _, _ in os.walk(place, topdown=False):
        os.rmdir(directory)


@contextlib.contextmanager
def asleep(group: pathlib.Path):
    """A process in that group."""
    with subprocess.Popen(["sleep", "600"]) as process:
        (group / "cgroup.procs").write_text(str(process.pid))
        try:
            yield process
        finally:
            process.kill()


def made_in(own: pathlib.Path, place: pathlib.Path, tmp_path) -> Group:
    (tmp_path / "own").write_text(f"0::/{own.relative_to(place)}\n".replace("/.", "/"))
    return make_group("serai-x", root=str(place), own=str(tmp_path / "own"))


def group_of(process: subprocess.Popen) -> str:
    lines = pathlib.Path(f"/proc/{process.pid}/cgroup").read_text().splitlines()
    return next(line for line in lines if line.startswith("0::")).removeprefix("0::")


def test_given_version_2_when_a_group_is_made_then_it_stands_beside_our_own_and_processes_come_and_go_in_it(two, tmp_path):
    (two / "own").mkdir()
    group = made_in(two / "own", two, tmp_path)
    assert group.controllers == set(limits.CONTROLLERS)
    assert group.directories == {str(two / "serai-x")}
    with subprocess.Popen(["sleep", "600"]) as process:
        group.add(process.pid)
        assert group.processes() == [process.pid]
        assert group_of(process) == f"/{two.name}/serai-x/{limits.INSIDE}"
        process.kill()
    group.add(process.pid)  # it has ended, which is no error
    group.remove()
    assert not (two / "serai-x").exists()


def test_given_version_2_when_systemd_wants_a_controller_back_then_the_group_keeps_it(two, tmp_path):
    """It does so in its own groups, at any `daemon-reload`, where none of its units needs one."""
    (two / "own").mkdir()
    group = made_in(two / "own", two, tmp_path)
    with pytest.raises(OSError, match="busy"):
        (two / "cgroup.subtree_control").write_text(f"-{limits.CONTROLLERS[0]}")
    assert set((two / "serai-x" / "cgroup.controllers").read_text().split()) >= set(limits.CONTROLLERS)
    group.remove()


def test_given_a_group_that_systemd_delegates_when_one_is_made_then_it_is_inside_and_who_was_there_moves_aside(two, tmp_path):
    given = two / "serai.service"
    given.mkdir()
    limits._use(str(two), frozenset(limits.CONTROLLERS))
    os.setxattr(given, "user.delegate", b"1")
    with asleep(given) as agent:
        for own in (given, given / limits.BESIDE):  # what started us was moved, too: the next one begins there
            group = made_in(own, two, tmp_path)
            assert group.directories == {str(given / "serai-x")}
            assert group_of(agent) == f"/{two.name}/serai.service/{limits.BESIDE}"
            group.remove()


def test_given_a_group_that_is_not_delegated_when_one_is_made_then_nobody_is_moved(two, tmp_path):
    own = two / "session-1.scope"
    own.mkdir()
    with asleep(own) as shell:
        group = made_in(own, two, tmp_path)
        assert group.directories == {str(two / "serai-x")}
        assert group_of(shell) == f"/{two.name}/session-1.scope"
        group.remove()


def test_given_no_control_groups_when_limits_are_asked_for_then_the_container_runs_and_that_is_said(ordinary, http, own_by_nobody):
    http.answer["limits"] = {"memory_mb": 64, "pids": 100}
    ordinary.runtime("print('fine')")
    own_by_nobody(ordinary)
    assert ordinary.run().out == "fine\n"
    assert "The memory limit of this container does not hold" in http.text(3)
    assert "pids" not in http.text(3), "nobody asked for that one"


def test_given_version_2_when_limits_are_set_then_its_files_have_them(tmp_path):
    """By files that look like a group of version 2: the machine that runs this may have version 1."""
    made, inside = tmp_path / "serai-x", tmp_path / "serai-x" / limits.INSIDE
    inside.mkdir(parents=True)
    for name in ("cpu.max", "cpu.weight", "memory.max", "memory.swap.max", "pids.max"):
        (made / name).write_text("")
    (inside / "cgroup.procs").write_text("")
    (made / "memory.events").write_text("low 0\nhigh 0\nmax 4\noom 1\noom_kill 2\noom_group_kill 0\n")
    group = Group(dict.fromkeys(("cpu", "memory", "pids"), str(made)), str(inside))
    assert group.limit(Limits(memory_mb=2, milli_cpu=500, milli_cpu_request=250, pids=7)) == []
    group.add(123)
    assert (made / "memory.max").read_text() == str(2 << 20)
    assert (made / "memory.swap.max").read_text() == "0"
    assert (made / "cpu.max").read_text() == "50000 100000"
    assert (made / "cpu.weight").read_text() == "200"
    assert (made / "pids.max").read_text() == "7"
    assert (inside / "cgroup.procs").read_text() == "123"
    assert group.oom_kills() == 2
    assert group.used_its_memory_up()


def test_given_nothing_writable_when_a_group_is_made_then_it_has_no_controllers(tmp_path):
    (tmp_path / "own").write_text("4:memory:/a\n0::/b\n")
    group = make_group("serai-x", root=str(tmp_path / "absent"), own=str(tmp_path / "own"))
    assert group.controllers == frozenset()
    assert group.limit(Limits(memory_mb=1)) == ["memory"]
    assert group.oom_kills() == 0
    group.remove()


@pytest.mark.parametrize("kind", ["plain", "shared network", "built", "ordinary"])
def test_given_any_container_when_there_is_no_group_for_processes_then_it_has_a_limit_of_them_all_the_same(
    request, http, own_by_nobody, kind
):
    node = request.getfixturevalue("ordinary" if kind == "ordinary" else "node")
    if os.geteuid() and kind != "plain":
        pytest.skip("needs root")
    tag = ""
    if kind == "built":
        http.answer.update(root={"base": request.getfixturevalue("base"), "layers": []}, python_version=roots.python())
        tag = "cp" + roots.python().replace(".", "")
    node.runtime("import resource; print(*resource.getrlimit(resource.RLIMIT_NPROC))", tag)
    if kind == "ordinary":
        own_by_nobody(node)
    ended = node.run(**({"SERAI_NETWORK": "node"} if kind == "shared network" else {}))
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    held = limits.PROCESSES if hard == resource.RLIM_INFINITY else min(hard, limits.PROCESSES)
    assert http.text(1) == f"{held} {held}\n", ended.err


FILES_OF = """
import sys; sys.path[:0] = [sys.argv[1]]
import resource
from serai_runner import door, limits
most = door._most()
limits.raise_files()
print(most, *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(("given", "held"), [("512:2000", "500 2000 2000"), ("800:800", "200 800 800")])
def test_given_limits_of_an_engine_when_they_are_raised_then_a_door_has_the_files_that_it_counts_on(given, held):
    command = ["prlimit", f"--nofile={given}", sys.executable, "-c", FILES_OF, str(SOURCES)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.stdout.split() == held.split(), ended.stderr


# What the node's own system is to a container of an engine: a root of its own, with the runner's directories in it.
ENGINE = """
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" none "$1/root"
mkdir -p "$1/root$3" "$1/root/var/lib/serai/cache"
for it in proc dev; do mount --rbind "/$it" "$1/root/$it"; done
mount --bind "$3" "$1/root$3"
mount --bind "$4" "$1/root/var/lib/serai/cache"
root=$1/root
shift 4
exec /usr/sbin/chroot "$root" "$@"
"""


@pytest.mark.skipif(not roots.available(), reason="needs root")
def test_given_a_container_of_an_engine_when_it_runs_then_it_has_the_files_that_the_engines_limit_permits(
    node, http, little, tmp_path
):
    node.runtime("import resource; print(*resource.getrlimit(resource.RLIMIT_NOFILE))", "cp" + roots.python().replace(".", ""))
    http.answer.update(python_version=roots.python())
    shutil.copy(node.packed, node.directory)
    node.packed = node.directory / node.packed.name
    place = tmp_path / "engine"
    place.mkdir()
    own = [str(place), str(little), str(node.directory), node.cache]
    node.prefix = ["prlimit", "--nofile=512:2000", "unshare", "--mount", "/bin/sh", "-ec", ENGINE, "sh", *own]
    node.python = "/usr/bin/python3"
    ended = node.run(SERAI_ENGINE="podman", SERAI_CACHE="/var/lib/serai/cache")
    assert http.text(1) == "2000 2000\n", ended.err


def test_given_no_limits_then_none_is_lost():
    assert Group({}).limit(Limits()) == []


def test_given_groups_of_runners_that_were_killed_when_one_is_made_then_old_empty_ones_are_gone(tmp_path):
    old, young, used, foreign = (tmp_path / name for name in ("serai-old", "serai-young", "serai-used", "nomad-old"))
    for directory in (old, young, used, foreign):
        directory.mkdir()
    (used / "process").mkdir()  # as a group with processes, it cannot be removed
    (old / limits.INSIDE).mkdir()
    for directory in (old, used, foreign):
        os.utime(directory, (0, 0))
    limits._sweep(str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nomad-old", "serai-used", "serai-young"]
