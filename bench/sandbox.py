# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The null server's containers: bubblewrap around the container runtime, cut down from what the runner gives a container."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modal_proto import api_pb2 as pb


@dataclass(frozen=True)
class Sandbox:
    """Starts containers on the Python that runs us, with the client package that it has installed."""

    state: Path  # our directory; the server's socket is in it

    async def run(self, arguments: pb.ContainerArguments, files: dict[str, bytes]) -> int:
        """One container, from its files to its exit code."""
        home = self.state / arguments.task_id
        try:
            for path, content in files.items():
                target = home / "tree" / path.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            (home / "tree/root").mkdir(parents=True, exist_ok=True)
            (home / "arguments").write_bytes(arguments.SerializeToString())
            command = self._command(home, arguments)
            process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
            try:
                return await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        finally:
            shutil.rmtree(home, ignore_errors=True)

    def _command(self, home: Path, arguments: pb.ContainerArguments) -> Iterator[str]:
        yield from ("bwrap", "--unshare-user", "--uid", "0", "--gid", "0", "--unshare-pid", "--unshare-ipc", "--unshare-uts")
        yield from ("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--tmpfs", "/")
        for name in ("usr", "etc", "bin", "sbin", "lib", "lib64"):
            if os.path.islink(f"/{name}"):
                yield from ("--symlink", os.readlink(f"/{name}"), f"/{name}")
            elif os.path.isdir(f"/{name}"):
                yield from ("--ro-bind", f"/{name}", f"/{name}")
        yield from ("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp")
        prefix, python = Path(sys.base_prefix).resolve(), Path(getattr(sys, "_base_executable", sys.executable)).resolve()
        if prefix != Path("/usr"):  # such as one in a home directory, which is not shown in there
            yield from ("--ro-bind", str(prefix), "/usr/local")
            python = Path("/usr/local") / python.relative_to(prefix)
        yield from ("--ro-bind", sysconfig.get_path("purelib"), "/pkg")
        for top in sorted((home / "tree").iterdir()):
            yield from ("--ro-bind", str(top), f"/{top.name}")
        yield from ("--ro-bind", str(home / "arguments"), "/__modal/arguments")
        yield from ("--bind", str(self.state / "socket"), "/__modal/socket", "--chdir", "/root", "--clearenv")
        for name, value in {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "PYTHONPATH": "/root:/pkg",
            "PYTHONUNBUFFERED": "1",
            "LD_LIBRARY_PATH": "/usr/local/lib",
            "MODAL_IS_REMOTE": "1",
            "MODAL_TASK_ID": arguments.task_id,
            "MODAL_SERVER_URL": "unix:///__modal/socket",
            "MODAL_OVERRIDE_HEADERS": f"x-null-function: {arguments.function_id}",
            "MODAL_CONTAINER_ARGUMENTS_PATH": "/__modal/arguments",
            "BENCH_SPAWNED": str(time.time()),
        }.items():
            yield from ("--setenv", name, value)
        yield from (str(python), "-m", "modal._container_entrypoint")
