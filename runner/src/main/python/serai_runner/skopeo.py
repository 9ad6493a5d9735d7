# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The program that copies images between registries and directories."""

from __future__ import annotations

import subprocess

from .programs import find

TIMEOUT_S = 1800  # for one image, on a slow line


def copy(source: str, target: str, options: list[str]) -> str:
    """@return what it said last if it failed; empty if it did not

    @raise Failed: it is not installed
    """
    command = [find("skopeo", "skopeo", "skopeo"), "--insecure-policy", "copy", "--quiet", *options, source, target]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return f"no end after {TIMEOUT_S} s"
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return (said[-1] if said else f"skopeo ended with exit code {done.returncode}") if done.returncode else ""
