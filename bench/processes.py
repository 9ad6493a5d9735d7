# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Processes of this machine and the memory they hold, by /proc."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")


def parents() -> dict[int, int]:
    """Each process with its parent."""
    found = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended meanwhile
            found[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    return found


def tree(root: int) -> set[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for pid, parent in parents().items():
        children.setdefault(parent, []).append(pid)
    found, left = set(), [root]
    while left:
        pid = left.pop()
        found.add(pid)
        left += children.get(pid, [])
    return found


def container(task: str, below: int) -> set[int]:
    """All processes of one container: the child of *below* that leads to its runtime, and what descends from it."""
    mark = f"MODAL_TASK_ID={task}".encode()
    above = parents()
    for pid in above:
        try:
            environment = (PROC / str(pid) / "environ").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # ended, or another user's
        if mark in environment:
            while above.get(pid, 0) not in (below, 0):
                pid = above[pid]
            return tree(pid) if above.get(pid) == below else {pid}
    return set()


def alive(pids: set[int]) -> set[int]:
    return pids & parents().keys()


def memory(pids: set[int]) -> dict[str, float]:
    """What they hold: processes, rss_mib, pss_mib.

    rss counts a page that two of them share twice; pss counts it half for each, so that sums of it are true.
    @raise PermissionError: a process is another user's
    """
    rss = pss = count = 0
    for pid in pids:
        try:
            lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith(" kB")}
        rss += sizes["Rss"]
        pss += sizes["Pss"]
        count += 1
    return {"processes": count, "rss_mib": rss / 1024, "pss_mib": pss / 1024}


def cpu_s(pids: set[int]) -> float:
    """The processor time that they have taken since their start, children that have ended with them."""
    ticks = 0
    for pid in pids:
        try:
            words = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        ticks += sum(int(word) for word in words[11:15])  # utime stime cutime cstime: proc(5)
    return ticks / os.sysconf("SC_CLK_TCK")
