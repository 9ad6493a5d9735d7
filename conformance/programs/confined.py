# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that look around, and try to reach what is not theirs."""

import os
from pathlib import Path

import modal

app = modal.App("confined")


@app.function(max_containers=1)
def read(path: str) -> str | None:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return None


@app.function(max_containers=1)
def listed(path: str) -> list[str] | None:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return None


@app.function(max_containers=1)
def write(path: str, text: str = "written") -> bool:
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
        return True
    except OSError:
        return False


@app.function(max_containers=1)
def processes() -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip())
    return found


@app.function(max_containers=1)
def environment() -> dict[str, str]:
    return dict(os.environ)


@app.function(max_containers=1)
def kill(pid: int) -> str:
    try:
        os.kill(pid, 0)
        return "reached"
    except OSError as e:
        return type(e).__name__


@app.function(max_containers=2)
@modal.concurrent(max_inputs=1)
def leave_in_tmp(name: str, seconds: float) -> tuple[str, list[str]]:
    import time

    Path("/tmp", name).touch()
    time.sleep(seconds)
    return os.environ["MODAL_TASK_ID"], sorted(entry.name for entry in Path("/tmp").iterdir())
