# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Images whose Python and packages are conda's. Files are read where the client runs."""

import os
import sys
from pathlib import Path

import modal

HERE = Path(os.environ.get("BUILT_FILES", "/nowhere"))  # only the client has it

app = modal.App("by-micromamba", include_source=True)
conda = modal.Image.micromamba(python_version="{}.{}".format(*sys.version_info))
image = (
    conda.micromamba_install("greeting>=1", channels=["conda-forge"])
    .micromamba_install(spec_file=str(HERE / "environment.yml"))
    .pip_install("six==1.16.0")
    .apt_install("libsodium23")
    .run_commands("echo $CONDA_PREFIX ${BASH_VERSION%%.*} > /said")
)


@app.function(image=image, max_containers=1)
def seen() -> dict:
    import ctypes
    import ssl
    import subprocess

    import six

    listed = subprocess.run(["micromamba", "list"], capture_output=True, text=True, check=True).stdout
    return {
        "prefix": sys.prefix,
        "version": sys.version_info[:2],
        "six": six.__version__,
        "ssl": bool(ssl.OPENSSL_VERSION),
        "greeting": (Path(sys.prefix) / "share/greeting").read_text(),
        "activated": [os.environ.get("CONDA_PREFIX"), os.environ.get("GREETED")],
        "listed": [line.split()[0] for line in listed.splitlines() if line.split()[-1:] == ["conda-forge"]],
        "said": Path("/said").read_text().split(),
        "sodium": ctypes.CDLL("libsodium.so.23").sodium_init(),
    }


@app.function(image=conda, max_containers=1)
def without_more() -> bool:
    return (Path(sys.prefix) / "share/greeting").exists()
