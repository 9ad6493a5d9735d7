# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The client's command line as a process, and what it writes, when."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serai_conformance.poll import eventually

PROGRAMS = Path(__file__).parent.parent / "programs"


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    def rows(self) -> list[dict[str, str]]:
        """What `--json` printed, its columns named as newer clients name them: older ones print the table's headings."""
        rows, _ = json.JSONDecoder().raw_decode(self.stdout)
        return [{name.lower().replace(" ", "_"): str(value) for name, value in row.items()} for row in rows]

    def ok(self) -> "Ended":
        assert self.code == 0, f"ended with {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"
        return self


def _listen_to_interrupts() -> None:
    """A shell that runs the suite in the background makes it, and all below it, deaf to them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Program:
    """A process that is read while it runs."""

    def __init__(self, command: list[str], cwd: Path, environment: Mapping[str, str]):
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_listen_to_interrupts,
        )
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.stdout), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self.stderr), daemon=True),
        ]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _read(stream, into: bytearray) -> None:
        while chunk := stream.read1(1 << 16):
            into.extend(chunk)

    def shows(self, text: str, within: float) -> None:
        """Wait until the text is on the terminal, the program still running."""

        def look() -> bool:
            return text.encode() in bytes(self.stdout) + bytes(self.stderr) or self.process.poll() is not None

        eventually(look, within, f"{text!r} on the terminal")
        assert text.encode() in bytes(self.stdout) + bytes(self.stderr), self.end(1).output
        assert self.process.poll() is None, f"ended already\n{self.end(1).output}"

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self, timeout: float = 60) -> Ended:
        deadline = time.monotonic() + timeout
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            shown = f"--- stdout\n{self.stdout.decode()}\n--- stderr\n{self.stderr.decode()}"
            raise AssertionError(f"still running after {timeout} s\n{shown}") from None
        for reader in self.readers:
            reader.join(max(0.1, deadline - time.monotonic()))
        return Ended(self.process.returncode, self.stdout.decode(), self.stderr.decode())


def environment(**extra: str) -> dict[str, str]:
    """Ours, less what a terminal would add."""
    plain = {name: value for name, value in os.environ.items() if name not in {"FORCE_COLOR", "PYTHONPATH"}}
    return plain | {"NO_COLOR": "1", "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"} | extra


def start(*arguments: str, cwd: Path = PROGRAMS, **extra: str) -> Program:
    """`modal` with these arguments, in the directory of the programs."""
    return Program([sys.executable, "-m", "modal", *arguments], cwd, environment(**extra))


def modal(*arguments: str, cwd: Path = PROGRAMS, timeout: float = 60, **extra: str) -> Ended:
    return start(*arguments, cwd=cwd, **extra).end(timeout)


def python(*arguments: str, cwd: Path = PROGRAMS, timeout: float = 60, **extra: str) -> Ended:
    """A fresh interpreter: nothing of this process is known to it."""
    return Program([sys.executable, *arguments], cwd, environment(**extra)).end(timeout)
