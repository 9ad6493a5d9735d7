# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A registry of OCI images on this machine, for a test."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator

from fakes import until

CONFIGURATION = """version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {directory}}}, delete: {{enabled: {deletes}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def available() -> bool:
    return all(shutil.which(program) for program in ("docker-registry", "skopeo"))


class Registry:
    """Its files, and where it listens."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"

    @property
    def described(self) -> dict[str, object]:
        """As servers name it."""
        return {"repository": f"{self.address}/serai", "tls": False, "credentials": ""}

    @contextlib.contextmanager
    def running(self, deletes: bool = True) -> Iterator[Registry]:
        configuration = self.directory / "registry.yml"
        port = self.address.rpartition(":")[2]
        configuration.write_text(CONFIGURATION.format(directory=self.directory / "data", port=port, deletes=str(deletes).lower()))
        process = subprocess.Popen(["docker-registry", "serve", str(configuration)], stderr=subprocess.DEVNULL)
        try:
            until(self._answers, 30, "the registry answers")
            yield self
        finally:
            process.terminate()
            process.wait()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{self.address}/v2/", timeout=5) as answer:
            return answer.status == 200
        return False

    @property
    def tags(self) -> set[str]:
        place = self.directory / "data/docker/registry/v2/repositories/serai/_manifests/tags"
        return {tag.name for tag in place.iterdir() if (tag / "current/link").exists()} if place.exists() else set()

    def lose(self, tag: str) -> None:
        """It has it no more, though nobody has deleted it."""
        shutil.rmtree(self.directory / "data/docker/registry/v2/repositories/serai/_manifests/tags" / tag)

    def empty(self) -> None:
        """It loses what it has."""
        shutil.rmtree(self.directory / "data")
