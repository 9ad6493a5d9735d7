# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What the figures were taken on, and how busy it was."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

BUSY_PERCENT = 20  # of all cores, by others than the bench: from here on figures are worth little
LOOK_S = 2.0  # how long the cores are watched before a run


@dataclass(frozen=True)
class Load:
    """How busy the machine is with something else."""

    average_1min: float
    average_5min: float
    busy_percent: float  # of all cores, while we watched
    steal_percent: float  # taken by the machine below, where this one is virtual

    @property
    def is_high(self) -> bool:
        cores = os.cpu_count() or 1
        return max(self.busy_percent, 100 * self.average_1min / cores, self.steal_percent) > BUSY_PERCENT

    def __str__(self) -> str:
        return (
            f"load average {self.average_1min:.2f} (1 min), {self.average_5min:.2f} (5 min); "
            f"cores {self.busy_percent:.0f} % busy, {self.steal_percent:.0f} % stolen"
        )


def load(watch_s: float = LOOK_S) -> Load:
    first = _ticks()
    time.sleep(watch_s)
    spent = [after - before for before, after in zip(first, _ticks(), strict=True)]
    total = sum(spent) or 1
    idle, steal = spent[3] + spent[4], spent[7]
    one, five, _ = os.getloadavg()
    return Load(one, five, 100 * (total - idle - steal) / total, 100 * steal / total)


def _ticks() -> list[int]:
    """user nice system idle iowait irq softirq steal: proc(5)"""
    return [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]


def describe() -> dict[str, str]:
    """The machine, for the reader of the table."""
    cpu = next((value for key, value in _pairs("/proc/cpuinfo", ":") if key == "model name"), platform.machine())
    memory_kb = next(value for key, value in _pairs("/proc/meminfo", ":") if key == "MemTotal").split()[0]
    system = next((value for key, value in _pairs("/etc/os-release", "=") if key == "PRETTY_NAME"), "Linux")
    return {
        "cpu": cpu,
        "cores": f"{os.cpu_count()} ({len(os.sched_getaffinity(0))} usable)",
        "memory": f"{int(memory_kb) / 1024 / 1024:.1f} GiB",
        "kernel": f"{platform.release()} {platform.machine()}",
        "system": system.strip('"'),
    }


def versions() -> dict[str, str]:
    """The software that both platforms run on."""
    return {
        "python": platform.python_version(),
        "modal": version("modal"),
        "bubblewrap": _says("bwrap", "--version").removeprefix("bubblewrap "),
    }


def revision(checkout: Path) -> str:
    """The commit, and whether there is more than that in the tree."""
    commit = _says("git", "-C", str(checkout), "rev-parse", "--short=12", "HEAD") or "unknown"
    changed = _says("git", "-C", str(checkout), "status", "--porcelain", "--untracked-files=no")
    return f"{commit} with uncommitted changes" if changed else commit


def _says(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _pairs(path: str, separator: str) -> list[tuple[str, str]]:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return []
    return [(key.strip(), value.strip()) for key, _, value in (line.partition(separator) for line in lines)]
