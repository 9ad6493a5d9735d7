# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The runner's own words, on its standard error: what the cluster keeps for the operator."""

from __future__ import annotations

import os


def say(text: str) -> None:
    """One line. A closed standard error is no reason to fail: the same facts go to the server where they matter."""
    try:
        os.write(2, f"serai-runner: {text}\n".encode("utf-8", "replace"))
    except OSError:
        return
