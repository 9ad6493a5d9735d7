# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What a container may use of the node: control groups where we may make them, resource limits everywhere."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from .registration import Limits

FILES = 65_536  # open files of one process; more only makes programs that close 'all' of them slow
PROCESSES = 16_384  # of a container's users or of an ordinary user: stops a fork bomb where there is no pids group
CPU_PERIOD_US = 100_000
# Who asks for this many thousandths of a core, which is what functions have that do not ask, weighs what the kernel gives to whoever
# is not weighed: nobody is worse off among processes of the node than without a weight.
LEAST_CPU = 125
SHARES, SHARES_MOST = 1024, 262_144  # version 1: the kernel's own for a group, and its most
WEIGHT, WEIGHT_MOST = 100, 10_000  # the same in version 2
GONE_S = 5  # how long the processes of a killed namespace may take to leave their group
ROOT = "/sys/fs/cgroup"
PREFIX = "serai-"
REQUEST = "cpu request"  # among the limits that do not hold here
LEFT_S = 3600
_CHARGED = 1 << 20  # the kernel charges a group in batches, some for each processor
CONTROLLERS = ("memory", "pids", "cpu")
# Version 2 has processes in groups without children only.
INSIDE = "processes"  # of a container's group: has what is in it
BESIDE = "serai"  # of a group that was given to us: has what was in it
DELEGATED = ("user.delegate", "trusted.delegate")  # attributes of a group that systemd leaves to what runs in it
EMPTYING = 100  # times that processes are moved out of a group in which others are being started


def lower_own() -> None:
    """Sets the limits of this process, which the container inherits.

    After its stage is made: a user namespace that is made from here on may have as many processes as the limit says, together with
    what its maker's user has elsewhere.
    """
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_NOFILE, FILES)
    _lower(resource.RLIMIT_NPROC, PROCESSES)


def _lower(what: int, most: int) -> None:
    import resource

    limit = _permitted(what, most)
    resource.setrlimit(what, (limit, limit))


def _permitted(what: int, most: int) -> int:
    import resource

    hard = resource.getrlimit(what)[1]
    return most if hard == resource.RLIM_INFINITY else min(hard, most)


def most_files() -> int:
    """Open files that this process may get by *raise_files*, or keeps by *lower_own*."""
    import resource

    return _permitted(resource.RLIMIT_NOFILE, FILES)


def raise_files() -> None:
    """The same where an engine has set the limits, whose first one is for programs that look at no more than 1,024. What the
    container starts inherits it, as by *lower_own*."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < most_files():
        resource.setrlimit(resource.RLIMIT_NOFILE, (most_files(), hard))


class Group:
    """The control group of one container: one directory (version 2) or one for each controller (version 1).

    In version 2 the processes are in a group inside it. A controller that a group's children use cannot be taken from it: systemd
    does that at any time in groups of its own where no unit needs one, and the limits would be gone without a word.
    """

    def __init__(self, directories: dict[str, str], inside: str | None = None) -> None:
        """@param inside: where its processes are; None: in each of its directories"""
        self._directories = directories  # by controller; in version 2 all the same
        self._places = frozenset([inside] if inside else directories.values())

    @property
    def controllers(self) -> frozenset[str]:
        return frozenset(self._directories)

    @property
    def directories(self) -> frozenset[str]:
        return frozenset(self._directories.values())

    @property
    def places(self) -> frozenset[str]:
        """Directories whose cgroup.procs has its processes."""
        return self._places

    def add(self, pid: int) -> None:
        """Before it forks: children inherit the group. A process that has ended needs none."""
        for directory in self.places:
            try:
                _write(os.path.join(directory, "cgroup.procs"), str(pid))
            except ProcessLookupError:
                return

    def processes(self) -> list[int]:
        """Those that are in it now."""
        for directory in self.places:  # the same in each
            with open(os.path.join(directory, "cgroup.procs"), encoding="ascii") as file:
                return [int(line) for line in file]
        return []

    def limit(self, limits: Limits) -> list[str]:
        """@return the names of limits that do not hold here"""
        lost = []
        for name, controller, settings in _settings(limits, self._two()):
            if controller not in self._directories:
                lost.append(name)
                continue
            for file, value, optional in settings:
                path = os.path.join(self._directories[controller], file)
                if not optional or os.path.exists(path):
                    _write(path, value)
        return lost

    def oom_kills(self) -> int:
        """How many processes were killed because the memory was used up."""
        directory = self._directories.get("memory")
        if directory is None:
            return 0
        file = "memory.events" if self._two() else "memory.oom_control"
        with open(os.path.join(directory, file), encoding="ascii") as counters:
            return sum(int(line.split()[1]) for line in counters if line.startswith("oom_kill "))

    def used_its_memory_up(self) -> bool:
        """Whether its own limit was ever reached, and not only one above it: the cluster's, or the node's end."""
        directory = self._directories.get("memory")
        if directory is None:
            return False
        if self._two():
            with open(os.path.join(directory, "memory.events"), encoding="ascii") as counters:
                return any(int(line.split()[1]) for line in counters if line.startswith("oom "))
        most, limit = (_number(os.path.join(directory, f"memory.{name}_in_bytes")) for name in ("max_usage", "limit"))
        return limit - most < _CHARGED  # its counter of failures stays 0 on newer kernels

    def remove(self) -> None:
        """After the container's end. @raise OSError: a process is still there"""
        import time

        deadline = time.monotonic() + GONE_S
        for directory in sorted(self.places | self.directories, reverse=True):  # what is inside first
            while True:
                try:
                    os.rmdir(directory)
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.002)  # the kernel tells nobody when a version 1 group falls empty

    def _two(self) -> bool:
        return "cpu.max" in os.listdir(next(iter(self._directories.values()))) if self._directories else False


def _number(path: str) -> int:
    with open(path, encoding="ascii") as file:
        return int(file.read())


def _settings(limits: Limits, two: bool) -> Iterator[tuple[str, str, list[tuple[str, str, bool]]]]:
    """Each asked limit: its name, its controller, and the files to write with whether the kernel may lack them."""
    if limits.memory_mb is not None:
        size = str(limits.memory_mb << 20)
        if two:
            yield "memory", "memory", [("memory.max", size, False), ("memory.swap.max", "0", True)]
        else:
            swap = ("memory.memsw.limit_in_bytes", size, True)  # memory and swap together
            yield "memory", "memory", [("memory.limit_in_bytes", size, False), swap]
    if limits.pids is not None:
        yield "pids", "pids", [("pids.max", str(limits.pids), False)]
    request = limits.milli_cpu_request
    if request is not None:
        if two:
            yield REQUEST, "cpu", [("cpu.weight", str(min(max(1, WEIGHT * request // LEAST_CPU), WEIGHT_MOST)), False)]
        else:
            yield REQUEST, "cpu", [("cpu.shares", str(min(max(2, SHARES * request // LEAST_CPU), SHARES_MOST)), False)]
    if limits.milli_cpu is not None:
        quota = max(1_000, limits.milli_cpu * CPU_PERIOD_US // 1_000)  # the kernel's least is 1 ms
        if two:
            yield "cpu", "cpu", [("cpu.max", f"{quota} {CPU_PERIOD_US}", False)]
        else:
            yield "cpu", "cpu", [("cpu.cfs_period_us", str(CPU_PERIOD_US), False), ("cpu.cfs_quota_us", str(quota), False)]


def _sweep(parent: str) -> None:
    """Removes what runners left that were killed. A group in use cannot be removed; a young one may be about to be used."""
    import time

    for name in os.listdir(parent):
        path = os.path.join(parent, name)
        try:
            if name.startswith(PREFIX) and time.time() - os.stat(path).st_mtime > LEFT_S:
                inside = os.path.join(path, INSIDE)
                if os.path.isdir(inside):
                    os.rmdir(inside)
                os.rmdir(path)
        except OSError:
            continue  # in use, or removed by another runner


def make_group(name: str, root: str = ROOT, own: str = "/proc/self/cgroup") -> Group:
    """Makes a group with those of CONTROLLERS that we may use; possibly with none. What others left goes."""
    group = _make_group(name, root, own)
    for parent in {os.path.dirname(directory) for directory in group.directories}:
        _sweep(parent)
    return group


def _make_group(name: str, root: str, own: str) -> Group:
    with open(own, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split(":", 2) for line in file]
    directories: dict[str, str] = {}
    for _, controllers, path in lines:
        for controller in set(controllers.split(",")) & set(CONTROLLERS):
            made = _make(os.path.join(root, controllers), path, name) or _make(os.path.join(root, controller), path, name)
            if made:
                directories[controller] = made
    if directories:
        return Group(directories)
    for _, controllers, path in lines:
        if not controllers:
            return _make_two(root, path, name) or Group({})
    return Group({})


def _make(mount: str, path: str, name: str) -> str | None:
    """A version 1 group below our own, so that what limits us limits it. None: not permitted, or no such controller."""
    parent = os.path.join(mount, path.lstrip("/"))
    directory = os.path.join(parent if os.path.isdir(parent) else mount, name)
    try:
        os.mkdir(directory)
    except FileExistsError:
        return directory
    except OSError:
        return None
    return directory


def _make_two(root: str, path: str, name: str) -> Group | None:
    """A version 2 group: in the nearest group that was given to us, or else beside our own, or above."""
    own = "/" + path.strip("/")
    above = [own]
    while above[-1] != "/":
        above.append(os.path.dirname(above[-1]))
    places = [os.path.join(root, one.lstrip("/")) for one in above]
    given = next((place for place in places if _is_given(place)), None)
    if given == places[0] and _is_occupied(given):
        _empty(given)
    for place in ([given] if given else []) + (places[1:] or places):
        group = _make_child(place, name)
        if group:
            return group
    return None


def _is_given(place: str) -> bool:
    """Whether all in it is ours to order: systemd says so, or it is the root that a container is shown, whose own has a type."""
    for attribute in DELEGATED:
        try:
            if os.getxattr(place, attribute) == b"1":
                return True
        except OSError:
            continue  # not set, not to be seen by us, or no such directory
    return place.rstrip("/") == ROOT and os.path.exists(os.path.join(place, "cgroup.type"))


def _empty(given: str) -> None:
    """Moves all processes of a group, ourselves included, into one inside, as children may have controllers then."""
    beside = os.path.join(given, BESIDE)
    try:
        os.makedirs(beside, exist_ok=True)
        for _ in range(EMPTYING):
            with open(os.path.join(given, "cgroup.procs"), encoding="ascii") as file:
                processes = [line.strip() for line in file]
            for pid in processes:
                try:
                    _write(os.path.join(beside, "cgroup.procs"), pid)
                except ProcessLookupError:
                    continue
            if not _is_occupied(given):
                return
    except OSError:
        return  # not permitted


def _is_occupied(place: str) -> bool:
    """Whether groups inside cannot have controllers only because processes are in it."""
    try:
        _use(place, _offered(place))
    except OSError as e:
        return e.errno == errno.EBUSY
    return False


def _offered(place: str) -> frozenset[str]:
    with open(os.path.join(place, "cgroup.controllers"), encoding="ascii") as file:
        return frozenset(file.read().split()) & set(CONTROLLERS)


def _offer(place: str) -> frozenset[str]:
    """Lets groups inside have controllers. @return which of ours they can have; empty: not permitted, or processes are in it"""
    try:
        offered = _offered(place)
        _use(place, offered)
    except OSError:
        return frozenset()
    return offered


def _use(place: str, controllers: frozenset[str]) -> None:
    _write(os.path.join(place, "cgroup.subtree_control"), " ".join("+" + c for c in sorted(controllers)))


def _make_child(place: str, name: str) -> Group | None:
    directory = os.path.join(place, name)
    inside = os.path.join(directory, INSIDE)
    try:
        offered = _offer(place)
        if not offered:
            return None
        os.makedirs(directory, exist_ok=True)
        _use(directory, offered)
        os.makedirs(inside, exist_ok=True)
    except OSError:
        return None
    return Group(dict.fromkeys(offered, directory), inside)


def _write(path: str, value: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)  # never creates: a missing file is a missing feature
    try:
        os.write(descriptor, value.encode("ascii"))
    finally:
        os.close(descriptor)
