# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A root file system small enough to be made for a test: this machine's own Python, a shell, and the tools of a build."""

from __future__ import annotations

import glob
import os
import pathlib
import shutil
import subprocess

PROGRAMS = "sh cat cp mkdir dirname env ls ln rm touch stat chmod chown find xargs id echo sleep setpriv ldconfig".split()


def available() -> bool:
    return os.geteuid() == 0 and os.path.exists("/usr/bin/python3") and os.path.islink("/bin") and bool(shutil.which("nsenter"))


def python() -> str:
    """Its version."""
    return os.path.basename(os.path.realpath("/usr/bin/python3")).removeprefix("python")


def make(directory: pathlib.Path) -> pathlib.Path:
    """Fills *directory*, which is new."""
    for name in ("usr/bin", "usr/lib", "usr/lib64", "etc", "root", "tmp", "proc", "dev", "run", "var/tmp", "opt"):
        (directory / name).mkdir(parents=True)
    (directory / "tmp").chmod(0o1777)
    for name in ("bin", "lib", "lib64"):
        (directory / name).symlink_to(f"usr/{name}")
    python = os.path.realpath("/usr/bin/python3")
    version = os.path.basename(python)
    shutil.copy2(python, directory / "usr/bin" / version)
    for name in ("python3", "python"):
        (directory / "usr/bin" / name).symlink_to(version)
    library = f"/usr/lib/{version}"
    left = shutil.ignore_patterns("test", "idlelib", "tkinter", "site-packages", "dist-packages", "__pycache__")
    shutil.copytree(library, directory / library[1:], symlinks=True, ignore=left, ignore_dangling_symlinks=True)
    needed = {python, *glob.glob(f"{library}/lib-dynload/*.so")}
    for name in PROGRAMS:
        path = os.path.realpath(shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin"))
        shutil.copy2(path, directory / "usr/bin" / name)
        needed.add(path)
    said = subprocess.run(["ldd", *sorted(needed)], capture_output=True, text=True).stdout
    for word in {word for line in said.splitlines() for word in line.split() if word.startswith("/") and not word.endswith(":")}:
        target = directory / (word if word.startswith("/usr") else "/usr" + word)[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copy2(os.path.realpath(word), target)
    (directory / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
    (directory / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
    return directory
