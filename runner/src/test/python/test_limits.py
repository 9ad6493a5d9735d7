# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Limits that hold, where the machine lets us make control groups; and their absence."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import sys

import pytest
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


def test_given_a_cluster_that_gives_less_when_the_container_takes_more_then_that_is_the_reason(node, http):
    above = make_group(f"serai-above-{os.getpid()}")
    try:
        (directory,) = (d for d in above.directories if os.path.exists(os.path.join(d, "memory.limit_in_bytes")))
    except ValueError:
        above.remove()
        pytest.skip("only below a group of version 1 there are others")
    try:
        above.limit(Limits(memory_mb=160))
        node.prefix = ["sh", "-c", 'echo $$ >"$0" && exec "$@"', os.path.join(directory, "cgroup.procs")]
        http.answer["limits"] = {"pids": 1000}
        node.runtime("x = []\nwhile True: x.append(bytearray(1 << 20))")
        node.run()
        assert [(one["signal"], one["reason"]) for one in http.exits] == [(9, f"out of memory: {container.CLUSTERS_LIMIT}")]
    finally:
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
end = time.monotonic() + 2
while time.monotonic() < end: pass
print(time.process_time() < 1)
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


def test_given_the_kernels_own_version_2_when_a_group_is_made_then_processes_come_and_go_in_it(tmp_path, monkeypatch):
    """Whatever controllers it has here: the moves, not the limits."""
    mounts = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
    place = next((pathlib.Path(words[1]) for words in mounts if words[2] == "cgroup2"), None)
    offered = (place / "cgroup.controllers").read_text().split() if place else []
    if not offered:
        pytest.skip("there is no version 2 with controllers here")
    monkeypatch.setattr(limits, "CONTROLLERS", tuple(offered))
    (tmp_path / "own").write_text("0::/\n")
    group = make_group(f"serai-test-{os.getpid()}", root=str(place), own=str(tmp_path / "own"))
    if not group.controllers:
        pytest.skip("no group can be made there")
    assert group.controllers == set(offered)
    (directory,) = group.directories
    try:
        with subprocess.Popen(["sleep", "600"]) as process:
            group.add(process.pid)
            assert group.processes() == [process.pid]
            assert f"0::/{os.path.basename(directory)}" in pathlib.Path(f"/proc/{process.pid}/cgroup").read_text().splitlines()
            process.kill()
        group.add(process.pid)  # it has ended, which is no error
    finally:
        group.remove()
    assert not os.path.exists(directory)


def test_given_no_control_groups_when_limits_are_asked_for_then_the_container_runs_and_that_is_said(ordinary, http, own_by_nobody):
    http.answer["limits"] = {"memory_mb": 64, "pids": 100}
    ordinary.runtime("print('fine')")
    own_by_nobody(ordinary)
    assert ordinary.run().out == "fine\n"
    assert "The memory limit of this container does not hold" in http.text(3)
    assert "pids" not in http.text(3), "nobody asked for that one"


def test_given_version_2_when_a_group_is_made_then_it_stands_beside_our_own(tmp_path):
    """By files that look like a version 2 hierarchy: the machine that runs this may have version 1."""
    place = tmp_path / "nomad.slice"
    for directory in (tmp_path, place):
        directory.mkdir(exist_ok=True)
        (directory / "cgroup.controllers").write_text("cpu memory pids hugetlb")
        (directory / "cgroup.subtree_control").write_text("")
    (tmp_path / "own").write_text("0::/nomad.slice/alloc.scope\n")
    group = make_group("serai-x", root=str(tmp_path), own=str(tmp_path / "own"))
    assert group.controllers == {"cpu", "memory", "pids"}
    made = place / "serai-x"
    assert (place / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    for name in ("cpu.max", "cpu.weight", "memory.max", "memory.swap.max", "pids.max", "cgroup.procs"):
        (made / name).write_text("")
    (made / "memory.events").write_text("low 0\nhigh 0\nmax 4\noom 1\noom_kill 2\noom_group_kill 0\n")
    assert group.limit(Limits(memory_mb=2, milli_cpu=500, milli_cpu_request=250, pids=7)) == []
    group.add(123)
    assert (made / "memory.max").read_text() == str(2 << 20)
    assert (made / "cpu.max").read_text() == "50000 100000"
    assert (made / "cpu.weight").read_text() == "200"
    assert (made / "pids.max").read_text() == "7"
    assert (made / "cgroup.procs").read_text() == "123"
    assert group.oom_kills() == 2
    assert group.used_its_memory_up()


def test_given_nothing_writable_when_a_group_is_made_then_it_has_no_controllers(tmp_path):
    (tmp_path / "own").write_text("4:memory:/a\n0::/b\n")
    group = make_group("serai-x", root=str(tmp_path / "absent"), own=str(tmp_path / "own"))
    assert group.controllers == frozenset()
    assert group.limit(Limits(memory_mb=1)) == ["memory"]
    assert group.oom_kills() == 0
    group.remove()


def test_given_no_limits_then_none_is_lost():
    assert Group({}).limit(Limits()) == []


def test_given_groups_of_runners_that_were_killed_when_one_is_made_then_old_empty_ones_are_gone(tmp_path):
    old, young, used, foreign = (tmp_path / name for name in ("serai-old", "serai-young", "serai-used", "nomad-old"))
    for directory in (old, young, used, foreign):
        directory.mkdir()
    (used / "process").mkdir()  # as a group with processes, it cannot be removed
    for directory in (old, used, foreign):
        os.utime(directory, (0, 0))
    limits._sweep(str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nomad-old", "serai-used", "serai-young"]
