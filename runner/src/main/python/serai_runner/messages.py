# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The runner's own words, on its standard error: what the cluster keeps for the operator."""

from __future__ import annotations

import os

from .problems import Failed, Refused, Stopped, Unavailable


def say(text: str) -> None:
    """One line. A closed standard error is no reason to fail: the same facts go to the server where they matter."""
    try:
        os.write(2, f"serai-runner: {text}\n".encode("utf-8", "replace"))
    except OSError:
        return


def reason(e: Exception) -> str:
    """@return what the server is told of a failure. One that nobody foresaw is said here, with where it came from"""
    if isinstance(e, Failed | Refused | Stopped | Unavailable | OSError):
        return str(e)
    import traceback

    say("".join(traceback.format_exception(e)))
    return f"the runner itself failed: {type(e).__name__}: {e}"
