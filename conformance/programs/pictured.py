# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Images as far as they need no build, and files that come along. The directory is read where the client runs."""

import os
from pathlib import Path

import modal

HERE = Path(os.environ.get("PICTURED_FILES", "/nowhere"))  # only the client has it

app = modal.App("pictured")
slim = modal.Image.debian_slim()


def look(*paths: str) -> dict:
    return {
        "workdir": os.getcwd(),
        "environment": {name: os.environ.get(name) for name in ("PLAIN", "SPACED", "QUOTED", "LATER")},
        "files": {path: Path(path).read_text() if Path(path).is_file() else None for path in paths},
    }


def trees(root: str) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in Path(root).rglob("*") if path.is_file())


with_environment = slim.env({"PLAIN": "1", "SPACED": "1 2", "QUOTED": 'it\'s "it"'}).env({"PLAIN": "2", "LATER": "é$HOME"})


@app.function(max_containers=1, image=with_environment.workdir("/work/here"))
def environment() -> dict:
    return look()


@app.function(max_containers=1, image=slim.add_local_file(HERE / "one.txt", "/data/renamed.txt"))
def mounted_file() -> dict:
    return look("/data/renamed.txt")


@app.function(
    max_containers=1,
    image=slim.add_local_file(HERE / "one.txt", "/data/copied.txt", copy=True).env({"LATER": "after the copy"}),
)
def copied_file() -> dict:
    return look("/data/copied.txt")


@app.function(max_containers=1, image=slim.add_local_dir(HERE, "/data", ignore=["*.log"]))
def mounted_directory() -> list[str]:
    return trees("/data")


@app.function(max_containers=1, image=slim.add_local_dir(HERE / "sub", "/copied", copy=True))
def copied_directory() -> list[str]:
    return trees("/copied")


@app.function(max_containers=1, image=slim.add_local_python_source("extra_module"))
def python_source() -> str:
    import extra_module

    return extra_module.WORD


@app.function(max_containers=1, image=slim.add_local_python_source("extra_module", copy=True))
def copied_python_source() -> str:
    import extra_module

    return extra_module.WORD


@app.function(max_containers=1)
def python_version() -> str:
    import platform

    return platform.python_version()
