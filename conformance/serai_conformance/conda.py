# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A conda channel of our own, with the Python that runs the tests as a package, and a server for it on the loopback."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

#: Of a Python: what no test needs.
LEFT_OUT = {"test", "site-packages", "idlelib", "tkinter", "turtledemo", "__pycache__", "lib2to3"}
MODULES_LEFT_OUT = ("_tkinter", "nis")  # half a desktop behind one, Kerberos behind the other
GLIBC = ("libc.", "libm.", "libdl.", "libpthread.", "librt.", "libutil.", "libresolv.")


class Channel:
    """A folder as `conda-forge` is one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listed: dict[str, dict[str, dict]] = {"noarch": {}, "linux-64": {}}

    def add(self, name: str, version: str, files: dict[str, bytes | Path], *, python: bool = False, noarch: bool = True) -> None:
        """@param files: by their paths in an environment, links as they are; of `python` packages by those of their kind"""
        subdir = "noarch" if noarch else "linux-64"
        index = {"name": name, "version": version, "build": "0", "build_number": 0, "subdir": subdir, "arch": None}
        index |= {"depends": ["python"] if python else [], "license": "none"}
        index |= {"noarch": "python" if python else "generic"} if noarch else {}
        paths, archive = [], io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:bz2", compresslevel=1) as packed:
            for path, content in files.items():
                paths.append(self._pack(packed, path, content))
            told = {"index": index, "paths": {"paths": paths, "paths_version": 1}}
            if python:
                told["link"] = {"noarch": {"type": "python"}, "package_metadata_version": 1}
            for kind, value in told.items():
                self._pack(packed, f"info/{kind}.json", json.dumps(value).encode())
            self._pack(packed, "info/files", "\n".join(files).encode())
        data = archive.getvalue()
        digests = {"md5": hashlib.md5(data).hexdigest(), "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        file = self._folder / "conda-forge" / subdir / f"{name}-{version}-0.tar.bz2"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        self._listed[subdir][file.name] = index | digests
        for listed, packages in self._listed.items():
            place = self._folder / "conda-forge" / listed
            place.mkdir(exist_ok=True)
            (place / "repodata.json").write_text(json.dumps({"info": {"subdir": listed}, "packages": packages}))

    @staticmethod
    def _pack(packed: tarfile.TarFile, path: str, content: bytes | Path) -> dict:
        """@return how it is listed; what names the Python's own place is written anew where it is installed"""
        entry = tarfile.TarInfo(path)
        if isinstance(content, Path) and content.is_symlink():
            entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(content)
            packed.addfile(entry)
            return {"_path": path, "path_type": "softlink", "size_in_bytes": 0, "sha256": hashlib.sha256(b"").hexdigest()}
        data = content if isinstance(content, bytes) else content.read_bytes()
        entry.size, entry.mode = len(data), 0o755 if path.startswith("bin/") else 0o644
        packed.addfile(entry, io.BytesIO(data))
        listed = {"_path": path, "path_type": "hardlink", "size_in_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        # in the library of Python its version may be the end of the very string that names the place
        if sys.base_prefix.encode() in data and not path.startswith("lib/libpython"):
            listed |= {"prefix_placeholder": sys.base_prefix, "file_mode": "binary" if b"\0" in data else "text"}
        return listed

    def add_python(self) -> None:
        """The one we run on, with the libraries that its modules need, and its pip."""
        prefix, version = Path(sys.base_prefix), "{}.{}".format(*sys.version_info)
        library = prefix / "lib" / f"python{version}"
        files: dict[str, bytes | Path] = {}
        for name in (f"python{version}", "python3", "python"):
            files[f"bin/{name}"] = prefix / "bin" / name
        for path in [*(prefix / "lib").glob("libpython*"), *library.rglob("*")]:
            parts = set(path.relative_to(prefix).parts)
            if path.is_file() and not parts & LEFT_OUT and not any(part.startswith("config-") for part in parts):
                files[str(path.relative_to(prefix))] = path
        modules = [path for path in library.glob("lib-dynload/*.so") if not path.name.startswith(MODULES_LEFT_OUT)]
        listed = subprocess.run(["ldd", *modules], capture_output=True, text=True, check=True).stdout
        for words in map(str.split, listed.splitlines()):
            if len(words) > 2 and words[2].startswith(("/lib", "/usr/lib")) and not words[0].startswith(GLIBC):
                files[f"lib/{words[0]}"] = Path(words[2]).resolve()
        self.add("python", "{}.{}.{}".format(*sys.version_info), files, noarch=False)
        [wheel] = library.glob("ensurepip/_bundled/pip-*.whl")
        with zipfile.ZipFile(wheel) as pip:
            content = {f"site-packages/{name}": pip.read(name) for name in pip.namelist() if not name.endswith("/")}
        self.add("pip", wheel.name.split("-")[1], content, python=True)

    @contextmanager
    def served(self, port: int) -> Iterator[None]:
        class Quiet(SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None: ...

        with ThreadingHTTPServer(("127.0.0.1", port), partial(Quiet, directory=self._folder)) as server:
            thread = Thread(target=server.serve_forever)
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()
