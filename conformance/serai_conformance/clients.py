# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Published clients of other versions, each in an environment of its own."""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).parent.parent / "requirements.txt"

OLDEST = "1.0.0"

#: With newer ones these clients send empty uploads; their users know.
LIMITS = {"1.0.0": ["aiohttp<3.12"], "1.0.1": ["aiohttp<3.12"]}


def interpreter(version: str, *, with_tests: bool = False) -> Path:
    """Of an environment with that client; made at the first use, under SERAI_CLIENTS or below the temporary folder."""
    home = Path(os.environ.get("SERAI_CLIENTS") or Path(tempfile.gettempdir()) / f"serai-clients-{os.getuid()}")
    folder = home / f"modal-{version}-py{sys.version_info.major}{sys.version_info.minor}"
    python = folder / "bin" / "python"
    ready = folder / ("ready-for-tests" if with_tests else "ready")
    if not ready.exists():
        venv.create(folder, with_pip=True, clear=not python.exists())
        wanted = [f"modal=={version}", *LIMITS.get(version, []), *(["--requirement", str(REQUIREMENTS)] if with_tests else [])]
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *wanted], check=True)
        ready.touch()
    return python


def returned(results: list) -> list:
    """What a map with return_exceptions answered; clients before 1.4 put each exception into one of their own."""
    return [getattr(result, "exc", result) for result in results]
