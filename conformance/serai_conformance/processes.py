# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The processes of this machine, as /proc shows them."""

import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

from serai_conformance.poll import eventually


def all_pids() -> Iterator[int]:
    """Of all but this one."""
    return (int(entry) for entry in os.listdir("/proc") if entry.isdigit() and int(entry) != os.getpid())


def read(pid: int, what: str) -> bytes:
    """Empty for one that has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""


def started_with(text: str) -> list[int]:
    """Those that have this text in their command line."""
    return [pid for pid in all_pids() if text.encode() in read(pid, "cmdline")]


def is_running(pid: int) -> bool:
    """A killed process that its parent has not looked at yet does not run."""
    return _fields(pid)[:1] not in ([], [b"Z"])


def begin(pid: int) -> bytes:
    """When it began, in ticks since the machine did. Empty for one that has ended."""
    return b"".join(_fields(pid)[19:20])


def _fields(pid: int) -> list[bytes]:
    """Of its line in /proc, from the state on; its name before them may hold anything. None for one that has ended."""
    return read(pid, "stat").rpartition(b")")[2].split()


def kill(pid: int) -> None:
    """As the kernel does it: nothing is flushed, nobody is told."""
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not is_running(pid), 10, f"process {pid} is gone")


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    below: dict[int | None, list[int]] = {}
    for each in all_pids():
        below.setdefault(parent(each), []).append(each)
    found = [pid]
    for each in found:
        found += below.get(each, [])
    return found


def parent(pid: int) -> int | None:
    """None for one that has ended."""
    return next((int(each) for each in _fields(pid)[1:2]), None)


def signalled(pids: Iterable[int], what: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, what)
        except ProcessLookupError:
            continue  # it has ended
