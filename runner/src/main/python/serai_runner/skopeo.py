# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The program that copies images between registries and directories, and asks registries."""

from __future__ import annotations

import subprocess
from typing import NamedTuple

from .programs import find

TIMEOUT_S = 1800  # for one image, on a slow line
ASK_S = 60  # for what is small


class Answer(NamedTuple):
    """Of a registry."""

    content: bytes
    said: str  # what it said last if it failed; empty if it did not


def copy(source: str, target: str, options: list[str]) -> str:
    """@return what it said last if it failed; empty if it did not

    @raise Failed: it is not installed
    """
    return _run(["copy", "--quiet", *options, source, target], TIMEOUT_S).said


def manifest(image: str, options: list[str]) -> Answer:
    """@return as the registry has it. @raise Failed: it is not installed"""
    return _run(["inspect", "--raw", *options, image], ASK_S)


def tags(repository: str, options: list[str]) -> Answer:
    """@return a JSON object with the list `Tags`. @raise Failed: it is not installed"""
    return _run(["list-tags", *options, repository], ASK_S)


def delete(image: str, options: list[str]) -> str:
    """@param image: by the digest of its manifest, which goes with all its tags

    @return as copy does
    @raise Failed: it is not installed
    """
    return _run(["delete", *options, image], ASK_S).said


def _run(words: list[str], timeout_s: float) -> Answer:
    command = [find("skopeo", "skopeo", "skopeo"), "--insecure-policy", *words]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return Answer(b"", f"no end after {timeout_s} s")
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return Answer(done.stdout, (said[-1] if said else f"skopeo ended with exit code {done.returncode}") if done.returncode else "")
