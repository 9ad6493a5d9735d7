# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The root that Nomad's driver `exec` makes of its client's directories, and what it lacks for sandboxes. What is mounted here only
this task sees, and it is gone with it."""

from __future__ import annotations

import os

from .limits import CONTROLLERS, ROOT
from .namespaces import mount, own_mounts
from .network import TUN, make_tun
from .problems import Failed

_FLAGS = 2 | 4 | 8  # MS_NOSUID, MS_NODEV, MS_NOEXEC


def complete() -> None:
    """Before there is another process of ours. @raise Failed: not permitted here"""
    try:
        own_mounts()  # also where this is no chroot after all
        mount("proc", "/proc", "proc", _FLAGS)  # the one there is has covers, and beside such no sandbox may have its own
        _show_groups(groups())
        if not os.path.exists(TUN):
            os.makedirs(os.path.dirname(TUN), exist_ok=True)
            make_tun()
    except (Failed, OSError) as e:
        raise Failed(f"Nomad's driver exec does not let the runner complete its root: {e}") from e


def groups(own: str = "/proc/self/cgroup") -> list[tuple[str, str, str]]:
    """@return what is to be mounted for the control groups that we use: the kind, its options, and its place"""
    with open(own, encoding="utf-8") as file:
        hierarchies = [line.split(":", 2)[1] for line in file]
    ones = [names for names in hierarchies if set(names.split(",")) & set(CONTROLLERS)]
    if ones:
        return [("cgroup", names, os.path.join(ROOT, names)) for names in ones]
    return [("cgroup2", "", ROOT)] if "" in hierarchies else []


def _show_groups(wanted: list[tuple[str, str, str]]) -> None:
    if any(place != ROOT for _, _, place in wanted):
        mount("groups", ROOT, "tmpfs", _FLAGS, "mode=0755")
    for kind, options, place in wanted:
        os.makedirs(place, exist_ok=True)
        mount(kind, place, kind, _FLAGS, options)
