# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Images that have to be built, one for each way to say it. Files are read where the client runs."""

import os
from pathlib import Path

import modal

HERE = Path(os.environ.get("BUILT_FILES", "/nowhere"))  # only the client has it
MARK = os.environ.get("BUILT_MARK", "none")  # a new one makes new layers

app = modal.App("built", include_source=True)
slim = modal.Image.debian_slim()
older = slim.pip_install("six==1.15.0")
newer = slim.pip_install("six==1.16.0")


@app.function(image=older, max_containers=1)
def version_of_older() -> str:
    import six

    return six.__version__


@app.function(image=older, max_containers=1, ephemeral_disk=100)
def writes(mebibytes: int) -> int:
    """It has all of it on the disk for a while."""
    import time

    with open("/opt/large", "wb") as file:
        for _ in range(mebibytes):
            file.write(bytes(1 << 20))
    time.sleep(3)
    return os.path.getsize("/opt/large")


@app.function(image=newer, max_containers=1)
def version_of_newer() -> str:
    import six

    return six.__version__


@app.function(image=slim.apt_install("libsodium23"), max_containers=1)
def library_by_ctypes() -> int:
    import ctypes

    return ctypes.CDLL("libsodium.so.23").sodium_init()


added = modal.Image.from_registry("python:3.11-slim-bookworm", add_python="3.11").pip_install("six==1.15.0")


@app.function(image=added, max_containers=1)
def with_added_python() -> tuple[str, str, str]:
    import sys

    import six

    return f"{sys.version_info.major}.{sys.version_info.minor}", sys.prefix, six.__version__


together = (
    modal.Image.debian_slim()
    .pip_install_from_requirements(str(HERE / "requirements.txt"))
    .add_local_dir(HERE / "private", "/private", copy=True)
    .run_commands("python -m pip install --no-deps /private", "echo one > /one && id -u > /who")
    .env({"GREETING": "hello $USER"})
    .workdir("/work/here")
    .dockerfile_commands(
        "ARG NAME=nobody",
        "ENV BOTH=${GREETING}-$NAME",
        "COPY note.txt sub /notes/",
        "RUN echo $BOTH \\\n  > /both && pwd > /where",
        'ENTRYPOINT ["/usr/bin/env", "ENTERED=yes"]',
        context_dir=HERE / "context",
    )
    .add_local_file(HERE / "late.txt", "/late.txt")
)


@app.function(image=together, max_containers=1)
def everything_together() -> dict:
    import iniconfig
    import private_of_ours
    import six

    (Path("/opt") / "written").write_text("by the container")
    names = ("/one", "/who", "/both", "/where", "/notes/note.txt", "/notes/inner.txt", "/late.txt", "/opt/written")
    return {
        "files": {name: Path(name).read_text().strip() for name in names},
        "modules": [six.__version__, iniconfig.__name__, private_of_ours.WHAT],
        "environment": {name: os.environ.get(name) for name in ("GREETING", "BOTH", "ENTERED", "NAME")},
        "workdir": os.getcwd(),
        "user": os.getuid(),
    }


@app.function(image=slim.uv_pip_install("iniconfig==2.0.0"), max_containers=1)
def installed_by_uv() -> str:
    from importlib.metadata import version

    return version("iniconfig")


@app.function(image=slim.pip_install("protobuf==5.29.5", "typing_extensions==4.12.2"), max_containers=1)
def own_version_wins() -> list[str]:
    from importlib.metadata import version

    import google.protobuf
    import typing_extensions

    return [google.protobuf.__version__, version("typing_extensions"), typing_extensions.__file__]
