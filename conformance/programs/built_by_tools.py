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
by_dockerfile = modal.Image.from_dockerfile(HERE / "Dockerfile", context_dir=HERE, add_python="3.11", build_args={"WHO": "world"})

# A repository of ours in the image stands for one of GitHub's that asks for a name and a token.
private = "github.com/ours/private"
with_repository = (
    slim.apt_install("git")
    .add_local_dir(HERE / "private", "/srv/private", copy=True)
    .run_commands(
        "cd /srv/private && git init -q -b main && git add . && git -c user.name=a -c user.email=a@b commit -qm first",
        f"git config --system url.file:///srv/private.insteadOf https://ada:s3cret@{private}",
    )
)
by_token = with_repository.pip_install_private_repos(
    f"{private}@main", git_user="ada", secrets=[modal.Secret.from_dict({"GITHUB_TOKEN": "s3cret"})]
)


def saying(image: modal.Image, word: str) -> modal.Image:
    """What only bash understands: the shell of layers below it reads it."""
    return image.run_commands(f"[[ {word} == s* ]] && echo {word} > /said")


with by_uv.imports():
    import iniconfig


@app.function(image=by_pyproject, max_containers=1)
def versions() -> list[str]:
    from importlib.metadata import version

    return [version("six"), version("iniconfig")]


@app.function(image=by_token, max_containers=1)
def installed_by_token() -> str:
    import private_of_ours

    return private_of_ours.WHAT


@app.function(image=by_uv, max_containers=1)
def imported() -> list[str]:
    import sys

    return [iniconfig.__name__, iniconfig.__file__, sys.prefix]


@app.function(
    image=by_dockerfile.shell(["/bin/bash", "-ec"]).env({"BETWEEN": "1"}).pipe(saying, "said").cmd(["sleep", "1"]), max_containers=1
)
def dockered() -> list[str]:
    return [Path("/greeting").read_text(), Path("/said").read_text(), os.environ["FROM_FILE"], Path("/kept").read_text()]


@app.function(image=by_dockerfile, max_containers=1)
def staged() -> list[object]:
    import six

    mode = Path("/kept").stat().st_mode & 0o777
    return [six.__version__, Path("/etc/lab.conf").read_text(), oct(mode), Path("/above").exists(), Path("/work").exists()]


if os.environ.get("SERAI_TEST_FULL"):
    by_poetry = slim.poetry_install_from_file(str(HERE / "poetry" / "pyproject.toml"), ignore_lockfile=True)
    by_poetry = by_poetry.env({"SERAI_TEST_FULL": "1"})  # this module is imported in the container, too

    @app.function(image=by_poetry, max_containers=1)
    def by_poetry_installed() -> str:
        from importlib.metadata import version

        return version("six")
