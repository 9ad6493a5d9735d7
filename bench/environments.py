# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Python environments for what is measured beside us, each below results/ with what its requirements file names."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from platforms import Broken

HERE = Path(__file__).resolve().parent
INSTALL_S = 900


def python(name: str, log: Path) -> Path:
    """
    The interpreter of an environment that has requirements-*name*.txt; it is made when it is missing.

    :raises Broken: it cannot be made
    """
    requirements = HERE / f"requirements-{name}.txt"
    wanted, venv = requirements.read_text() + sys.version, HERE / "results" / name
    if not (venv / "ready").exists() or (venv / "ready").read_text() != wanted:
        shutil.rmtree(venv, ignore_errors=True)
        pip = [venv / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        try:
            with log.open("ab") as output:
                for command in ([sys.executable, "-m", "venv", venv], [*pip, "-r", requirements]):
                    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=True, timeout=INSTALL_S)
        except subprocess.SubprocessError as e:
            raise Broken(f"{name} could not be installed for Python {sys.version.split()[0]}; see {log}") from e
        (venv / "ready").write_text(wanted)
    return venv / "bin/python"
