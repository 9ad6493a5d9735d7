# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The platform's own processes, as its command line tells of them."""

import json
import shlex
import subprocess
from pathlib import Path

UP_WITHIN = 300  # half a minute where nothing else runs


class Operator:
    def __init__(self, cli: Path):
        self.cli = cli

    def run(self, *arguments: str, timeout: float = UP_WITHIN) -> subprocess.CompletedProcess[str]:
        return subprocess.run([self.cli, *arguments], capture_output=True, text=True, timeout=timeout, check=False)

    def pid(self, part: str) -> int | None:
        status = json.loads(self.run("status", "--json").stdout)
        return next(p.get("pid") for p in status["parts"] if p["part"] == part)

    def up(self, *arguments: str) -> None:
        ended = self.run("up", *arguments)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def environment(self) -> dict[str, str]:
        """What a client is told by `env`."""
        return exported(self.run("env").stdout)


def exported(lines: str) -> dict[str, str]:
    """What a shell that evaluates them sets."""
    return dict(word.split("=", 1) for word in shlex.split(lines) if "=" in word)
