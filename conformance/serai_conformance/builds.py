# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What builds of images need of the machine."""

import os
import shutil
import subprocess
import sys
import tempfile

import pytest

PATIENCE = 900  # seconds: a base system on a busy machine with a slow line


def packages_are_to_be_had() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "six"]
        try:
            return subprocess.run(line, capture_output=True, timeout=60).returncode == 0
        except subprocess.TimeoutExpired:
            return False


def skip_where_there_are_none() -> None:
    """Call it while a module of tests is loaded."""
    if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
        pytest.skip("builds need root and mmdebstrap on the node", allow_module_level=True)
    if not packages_are_to_be_had():
        pytest.skip("builds need the distribution's packages and Python's", allow_module_level=True)
