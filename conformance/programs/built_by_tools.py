# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Images whose packages are said by files of other tools, and those that begin with a Dockerfile."""

import os
from pathlib import Path

import modal

HERE = Path(os.environ.get("BUILT_FILES", "/nowhere"))  # only the client has it

app = modal.App("built-by-tools", include_source=True)
slim = modal.Image.debian_slim()
by_pyproject = slim.pip_install_from_pyproject(str(HERE / "pyproject.toml"), optional_dependencies=["more"])
by_uv = slim.uv_sync(str(HERE))
by_dockerfile = modal.Image.from_dockerfile(
    HERE / "Dockerfile", context_dir=HERE, add_python="3.11", build_args={"WHO": "world"}
).shell(["/bin/sh", "-ec"])

with by_uv.imports():
    import iniconfig


@app.function(image=by_pyproject, max_containers=1)
def versions() -> list[str]:
    from importlib.metadata import version

    return [version("six"), version("iniconfig")]


@app.function(image=by_uv, max_containers=1)
def imported() -> list[str]:
    import sys

    return [iniconfig.__name__, iniconfig.__file__, sys.prefix]


@app.function(image=by_dockerfile.run_commands("echo said > /said").cmd(["sleep", "1"]), max_containers=1)
def dockered() -> list[str]:
    return [Path("/greeting").read_text(), Path("/said").read_text(), os.environ["FROM_FILE"], Path("/kept").read_text()]


if os.environ.get("SERAI_TEST_FULL"):
    by_poetry = slim.poetry_install_from_file(str(HERE / "poetry" / "pyproject.toml"), ignore_lockfile=True)

    @app.function(image=by_poetry, max_containers=1)
    def by_poetry_installed() -> str:
        from importlib.metadata import version

        return version("six")
