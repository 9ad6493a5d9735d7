# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A container that the cluster's container engine has made, of an image that was published: this program is inside, and the
runtime is its child. What is isolated and limited, the engine isolates and limits; what is known here is kept from the child.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from typing import NamedTuple

from . import counted, disk, runtime, sandbox
from .files import Cache, lay_out_for_layer
from .interpreter import of_image, this
from .problems import Failed
from .registration import Task
from .sandbox import Exit, Identity
from .server import Server

HOME = os.path.dirname(sandbox.SOCKET)
_MARK = ".nomad-mount"  # by which Nomad's client knows that it has mounted it
_SET_DUMPABLE = 4  # of prctl
_WRITABLE = ("NOMAD_ALLOC_DIR", "NOMAD_TASK_DIR", "NOMAD_SECRETS_DIR")  # the node's directories that Nomad mounts
_CPU_MAX = "/sys/fs/cgroup/cpu.max"
_CPU_QUOTA, _CPU_PERIOD = "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"
_CPU_OFF = 0.1  # Nomad and Docker round
# What counts processes that were killed for want of memory, in the container's own view of control groups of both versions.
_OOM = (("/sys/fs/cgroup/memory.events", "oom_kill "), ("/sys/fs/cgroup/memory/memory.oom_control", "oom_kill "))


class Given(NamedTuple):
    """The engine's root file system, with the task's files in it."""

    command: tuple[str, ...]
    workdir: str
    environment: Mapping[str, str]
    since: int  # by disk.now(): what is older, the container has not written

    def count(self, limit: int) -> counted.Count:
        """@param limit: in bytes"""
        places = [os.environ[name] for name in _WRITABLE if os.path.isdir(os.environ.get(name, ""))]
        return counted.Count(["/", *places], self.since, limit)


def withdraw(secrets: str) -> None:
    """Takes from the child what only we need: the files of the task's secrets, and a look into our memory.

    @param secrets: directory, in which Nomad has a socket of its own interface besides
    """
    for name in os.listdir(secrets):
        if name != _MARK:
            os.unlink(os.path.join(secrets, name))
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_DUMPABLE, 0, 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def prepare(task: Task, connect: Callable[[], Server], tell: Callable[[str], None]) -> Given:
    """@raise Failed: the image is not one that was published, or this task needs what an engine does not give it"""
    if task.block_network or task.outbound is not None:
        raise Failed(
            "networks are the container engine's here: block_network and lists of networks do not hold, so it is not started"
        )
    search = task.environment.get("PATH") or os.environ.get("PATH") or sandbox.PATH
    python = shutil.which("python", path=search) or shutil.which("python3", path=search)
    if not python:
        raise Failed("the image has no Python on its PATH")
    interpreter = of_image(task.python_version) if task.python_version else this()
    try:
        os.chmod("/", 0o755)  # podman makes it 0555, which for a root without capabilities is read-only
        directory = runtime.ensure(runtime.INSIDE, task.package, task.version, interpreter, tell)
        files = Cache(runtime.INSIDE)
        files.fetch(task.files, connect)
        lay_out_for_layer(task.files, files, "/")
        os.makedirs(HOME, mode=0o755, exist_ok=True)
        os.symlink(os.path.join(directory, "deps"), runtime.DEPENDENCIES)
        os.symlink(os.path.join(directory, "pkg"), "/pkg")
        os.makedirs(task.workdir, exist_ok=True)
    except OSError as e:
        raise Failed(f"the container could not be prepared: {e}") from e
    return Given((*task.entrypoint, python, *sandbox.ENTRY_POINT), task.workdir, task.environment, disk.now())


def start(root: Given, identity: Identity) -> Process:
    """Starts the runtime."""
    return Process(
        subprocess.Popen(
            root.command,
            cwd=root.workdir,
            env=sandbox.environment(root, identity),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    )


class Process:
    """The runtime, as sandbox.Process has it."""

    init = None

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen

    @property
    def pipes(self) -> dict[int, int]:
        return {1: self._popen.stdout.fileno(), 2: self._popen.stderr.fileno()}

    def release(self) -> None:
        """It was not held."""

    def interrupt(self, signum: int) -> None:
        if self._popen.returncode is None:
            os.kill(self._popen.pid, signum)

    def kill(self) -> None:
        """With all that it has started. Where we are not the container's first process, -1 might be all of the node's."""
        try:
            if os.getpid() == 1:
                os.kill(-1, signal.SIGKILL)
            else:
                os.killpg(self._popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # it has ended

    def wait(self) -> Exit:
        while True:  # as the container's first process we are also the parent of those who have lost theirs
            pid, status = os.wait()
            if pid == self._popen.pid:
                break
        code = self._popen.returncode = os.waitstatus_to_exitcode(status)
        return Exit(None, -code, set_up=True) if code < 0 else Exit(code, None, set_up=True)


class Group:
    """The container's own control group, which is the engine's."""

    def __init__(self, limits_memory: bool) -> None:
        self._limits_memory = limits_memory

    def oom_kills(self) -> int:
        """0 also where the engine shows no control groups."""
        for path, name in _OOM:
            try:
                with open(path, encoding="ascii") as file:
                    return next((int(line.removeprefix(name)) for line in file if line.startswith(name)), 0)
            except FileNotFoundError:
                continue
        return 0

    def check_cpu(self, milli_cpu: int | None, tell: Callable[[str], None]) -> None:
        """Tells if the engine limits it otherwise than was asked for. Nothing where it shows no control groups."""
        held = _cores() if milli_cpu is not None else None
        if held is None:
            return
        asked = milli_cpu / 1000
        if held == float("inf"):
            tell(f"The limit of {asked:g} cores of this container does not hold: its engine has set none")
        elif abs(held - asked) > _CPU_OFF * asked:
            tell(
                f"This container may use {held:.2g} cores, and not {asked:g}: Nomad counts in MHz, and serai.nomad.core-mhz is not what "
                f"a core of this node has (cpu.frequency of `nomad node status -verbose`)"
            )

    def used_its_memory_up(self) -> bool:
        return self._limits_memory


def _cores() -> float | None:
    """What the container may use, by its own view of control groups; None: there is none."""
    try:
        if os.path.exists(_CPU_MAX):
            with open(_CPU_MAX, encoding="ascii") as file:
                quota, period = file.read().split()
        else:
            with open(_CPU_QUOTA, encoding="ascii") as one, open(_CPU_PERIOD, encoding="ascii") as other:
                quota, period = one.read().strip(), other.read().strip()
    except FileNotFoundError:
        return None
    return float("inf") if quota in ("max", "-1") else int(quota) / int(period)
