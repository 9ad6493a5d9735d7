# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The node's micromamba in an image, at the places and with the scripts that images named `mambaorg/micromamba` have."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

from . import namespaces
from .problems import Failed

_ACTIVATE = """# To be sourced.
eval "$("$MAMBA_EXE" shell hook --shell=bash)"
[ "${MAMBA_SKIP_ACTIVATE:-}" = 1 ] || micromamba activate "${ENV_NAME:-base}"
"""
_SHELL = """#!/bin/bash
set -ef -o pipefail
if [ "${MAMBA_DOCKERFILE_ACTIVATE:-}" = 1 ]; then
    source /usr/local/bin/_activate_current_env.sh
fi
exec bash -o pipefail -c "$@"
"""
_ENTRYPOINT = """#!/bin/bash
set -ef -o pipefail
source /usr/local/bin/_activate_current_env.sh
exec "$@"
"""
_SCRIPTS = {"_activate_current_env.sh": _ACTIVATE, "_dockerfile_shell.sh": _SHELL, "_entrypoint.sh": _ENTRYPOINT}


def layer(program: str) -> tuple[str, Callable[[str], None]]:
    """@return its name, and what fills its tree. @raise Failed: the program is not on this node"""
    try:
        found = os.stat(program)
    except OSError as e:
        raise Failed(f"micromamba is said to be {program} by serai.image.micromamba, which is not on this node: {e}") from e
    if not os.path.isfile(program) or not os.access(program, os.X_OK):
        raise Failed(f"{program}, which serai.image.micromamba names, is no program")
    state = [program, str(found.st_mtime_ns), str(found.st_size), *_SCRIPTS.values()]
    digest = hashlib.sha256(chr(0).join(state).encode()).hexdigest()

    def make(tree: str) -> None:
        import shutil

        scripts, programs = os.path.join(tree, "usr/local/bin"), os.path.join(tree, "usr/bin")
        for directory in (scripts, programs, os.path.join(tree, "opt/conda/conda-meta")):
            os.makedirs(directory, mode=0o755)
        shutil.copyfile(program, os.path.join(programs, "micromamba"))
        os.chmod(os.path.join(programs, "micromamba"), 0o755)
        for name, text in _SCRIPTS.items():
            path = os.path.join(scripts, name)
            with open(path, "x", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, 0o755)
        namespaces.own_tree(tree)

    return f"micromamba-{digest[:16]}", make
