# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the kernel that forbid an ordinary user namespaces, without which there are no sandboxes and no networks of their own."""

from __future__ import annotations

# The file, the value that forbids, what to do.
SWITCHES = (
    ("/proc/sys/user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=15000"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (a profile for bwrap is not enough: the runner makes some, too)",
    ),
)


def advice() -> list[str]:
    """@return for each that forbids it here, what to do"""
    return [f"{file} is {value}: {cure}" for file, value, cure in SWITCHES if _read(file) == value]


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""  # another kernel's
