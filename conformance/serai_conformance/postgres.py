# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of somebody else's, beside the platform and its database: on a port of this machine's loopback."""

import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from serai_conformance.poll import eventually

STARTS_WITHIN = 120  # s, on a busy machine


class Postgres:
    """It runs until it is closed."""

    def __init__(self, binaries: Path, port: int):
        """@param binaries: the folder with initdb and postgres"""
        password = secrets.token_urlsafe(16)
        self.url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        self._folder = Path(tempfile.mkdtemp(prefix="serai-postgres-"))
        self._process: subprocess.Popen | None = None
        try:
            self._make(binaries, password)
            with (self._folder / "log").open("wb") as log:
                command = [*self._unprivileged(), str(binaries / "postgres"), "-D", str(self._data)]
                command += ["-p", str(port), "-h", "127.0.0.1", "-k", "", "-c", "fsync=off"]
                self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)
            eventually(self._answers, STARTS_WITHIN, "another PostgreSQL answers")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(60)
        shutil.rmtree(self._folder)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _make(self, binaries: Path, password: str) -> None:
        initdb = [*self._unprivileged(), str(binaries / "initdb"), "-D", str(self._data), "-U", "postgres", "-E", "UTF8"]
        initdb += ["--locale=C", "--auth=scram-sha-256", "--pwfile=/dev/stdin", "--no-sync"]
        done = subprocess.run(
            initdb, cwd=self._folder, input=f"{password}\n", capture_output=True, text=True, timeout=STARTS_WITHIN
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _unprivileged(self) -> list[str]:
        """As root it does not run."""
        return [] if os.geteuid() else ["unshare", "--user", "--"]

    def _answers(self) -> bool:
        assert self._process and self._process.poll() is None, (self._folder / "log").read_text()
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
            return True
        except psycopg.OperationalError:
            return False
