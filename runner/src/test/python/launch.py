# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Starts the packed runner as a cluster would."""

from __future__ import annotations

import base64
import os
import pathlib
import shutil
import signal
import subprocess
import sys
from typing import Any

from fakes import SECRET, HttpServer, RpcServer, until

MODAL = "1.6.4"


class Node:
    """One allocation's directories on one node."""

    def __init__(self, packed: pathlib.Path, cache: str, http: HttpServer, directory: pathlib.Path) -> None:
        self.packed, self.cache, self.http, self.directory = packed, cache, http, directory
        self.python = sys.executable
        self.prefix: list[str] = []  # words before the command: another user
        self.started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Node:
        for name in ("secrets", "local", "alloc"):
            (self.directory / name).mkdir()
        (self.directory / "secrets" / "pool-secret").write_text(SECRET + "\n")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()

    @property
    def containers(self) -> pathlib.Path:
        return self.directory / "local" / "containers"

    def environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "SERAI_URL": self.http.url,
            "SERAI_POOL": "po-test",
            "SERAI_CACHE": self.cache,
            "NOMAD_ALLOC_ID": "11111111-2222-3333-4444-555555555555",
            "NOMAD_ALLOC_INDEX": "3",
            "NOMAD_ALLOC_DIR": str(self.directory / "alloc"),
            "NOMAD_TASK_DIR": str(self.directory / "local"),
            "NOMAD_SECRETS_DIR": str(self.directory / "secrets"),
            "HOST_ONLY": "not for the container",
        }

    def start(self, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*self.prefix, self.python, str(self.packed)],
            env={**self.environment(), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(self, patience_s: float = 60, **environment: str) -> Run:
        process = self.start(**environment)
        try:
            out, err = process.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(f"the runner did not end\n{out.decode()}\n{err.decode()}") from None
        return Run(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))

    def runtime(self, program: str, tag: str = "") -> None:
        """A runtime that is this program: fast, and open for any misbehaviour."""
        version = "import sys; print('cp%d%d' % sys.version_info[:2], end='')"
        tag = tag or subprocess.run([self.python, "-c", version], capture_output=True, text=True, check=True).stdout
        runtime = pathlib.Path(self.cache, "runtime", f"modal-0.0.0-{tag}")
        shutil.rmtree(runtime, ignore_errors=True)
        package = runtime / "pkg" / "modal"
        package.mkdir(parents=True)
        (runtime / "deps").mkdir()
        (package / "__init__.py").write_text("")
        (package / "_container_entrypoint.py").write_text(program)

    def modal(self, rpc: RpcServer, **answer: Any) -> None:
        """The real runtime, talking to *rpc*."""
        self.http.answer.update(
            servers=self.http.servers(rpc.url),
            arguments=base64.b64encode(rpc.arguments).decode(),
            runtime={"package": "modal", "version": MODAL},
            environment={"MODAL_ENVIRONMENT": "main", "MODAL_IMAGE_ID": "im-1"},
            **answer,
        )

    def text_shown(self, fd: int, text: str, patience_s: float = 20) -> None:
        until(lambda: text in self.http.text(fd), patience_s, what=f"{text!r} in {self.http.text(fd)!r} / {self.http.chunks}")


class Run:
    """What a run of the program left."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


def inside(container: str) -> list[int]:
    """Processes of this machine that live in the sandbox with this hostname."""
    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and _hostname(pid) == container]


def is_below(pid: int, ancestor: int) -> bool:
    while pid > 1 and pid != ancestor:
        pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return pid == ancestor


def _hostname(pid: str) -> str:
    try:
        words = pathlib.Path("/proc", pid, "environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    return next((word[14:].decode() for word in words if word.startswith(b"MODAL_TASK_ID=")), "")
