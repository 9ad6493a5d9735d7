# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A platform of its own, and what goes wrong with it: parts are killed, stopped and cut off, in an order that a seed gives."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from serai_conformance.gateway import Gateway
from serai_conformance.operator import UP_WITHIN, exported
from serai_conformance.processes import all_pids, is_running, kill, read

KEPT = {"SERAI_PYTHON", "SERAI_YES"}
TUNED = {
    "SERAI_CALL_LEASE": "PT12S",  # a stopped runner is given up within the test
    "SERAI_CALL_MAX_LOSSES": "100",  # what is killed so often is no poison
    "SERAI_AUTOSCALE_CRASH_LIMIT": "100",
}
LONGEST_STOP = 6.0
LONGEST_CUT = 4.0


class Installation:
    """Serai in a directory of its own, with ports that the launcher finds."""

    def __init__(self, cli: Path, home: Path, servers: int = 1):
        self.cli, self.home, self.servers = cli, home, servers
        others = {k: v for k, v in os.environ.items() if k in KEPT or not k.startswith(("SERAI_", "MODAL_", "NOMAD_"))}
        self.environment = others | TUNED | {"SERAI_HOME": str(home)}

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [self.cli, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=2 * UP_WITHIN,
            check=False,
        )
        assert done.returncode == 0, f"./serai {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def up(self) -> None:
        self.run("up", "--servers", str(self.servers))

    def login(self) -> dict[str, str]:
        return exported(self.run("env"))

    def pids(self) -> dict[str, int]:
        """Of each part that runs."""
        done = subprocess.run([self.cli, "status", "--json"], env=self.environment, capture_output=True, text=True, check=False)
        return {p["part"]: p["pid"] for p in json.loads(done.stdout)["parts"] if p.get("pid")}

    def processes(self) -> set[int]:
        """Everything that runs out of this directory, the containers with it."""
        return {pid for pid in all_pids() if str(self.home).encode() in traces(pid)}

    def runners(self) -> list[int]:
        """The processes that allocations started."""
        return sorted(pid for pid in self.processes() if b"serai-runner.pyz" in read(pid, "cmdline"))

    def mounts(self) -> list[str]:
        return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(self.home) in line]


def traces(pid: int) -> bytes:
    """By which a process is known as one of an installation: what it was started with, and where."""
    try:
        where = os.readlink(f"/proc/{pid}/cwd").encode()
    except OSError:
        where = b""
    return b"\0".join((read(pid, "cmdline"), read(pid, "environ"), where)) if is_running(pid) else b""


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    parents = {}
    for each in all_pids():
        stat = read(each, "stat").rsplit(b")", 1)
        if len(stat) == 2:
            parents.setdefault(int(stat[1].split()[1]), []).append(each)
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


class Havoc:
    """What goes wrong, one after the other, and what `./serai up` has to mend after it."""

    EACH = (
        "kill server",
        "kill database",
        "kill agent",
        *["kill runner"] * 3,
        "stop server",
        "stop database",
        "stop agent",
        *["stop runner"] * 2,
        *["cut clients"] * 2,
    )

    def __init__(self, installation: Installation, gateway: Gateway, seed: int):
        self.installation, self.gateway, self.random = installation, gateway, random.Random(seed)
        self.story: list[str] = []

    def round(self) -> Iterator[str]:
        """Each kind of trouble once or more, in some order; it happens between two steps of the iteration."""
        troubles = list(self.EACH)
        self.random.shuffle(troubles)
        for trouble in troubles:
            time.sleep(self.random.uniform(0, 1.5))  # some work is done in between, how much does not matter
            began = time.monotonic()
            what, whom = trouble.split()
            getattr(self, what)(whom)
            self.story.append(f"{trouble}: mended after {time.monotonic() - began:.1f} s")
            yield trouble

    def kill(self, whom: str) -> None:
        if whom == "runner":
            for pid in self._some_runner():
                os.kill(pid, signal.SIGKILL)
            return
        kill(self._part(whom))
        self.installation.up()

    def stop(self, whom: str) -> None:
        """SIGSTOP for a while: it is there, and does not answer."""
        pids = self._some_runner() if whom == "runner" else [self._part(whom)]
        longest = 2 * LONGEST_STOP if whom == "runner" else LONGEST_STOP
        everyone = [each for pid in pids for each in (tree(pid) if whom != "agent" else [pid])]
        signalled(everyone, signal.SIGSTOP)
        time.sleep(self.random.uniform(0.5, longest))  # that long is what is tested
        signalled(everyone, signal.SIGCONT)

    def cut(self, _: str) -> None:
        self.gateway.cut(self.random.uniform(0.2, LONGEST_CUT))

    def _part(self, whom: str) -> int:
        pids = self.installation.pids()
        names = sorted(name for name in pids if name == whom or name.startswith(f"{whom}-"))
        return pids[self.random.choice(names)]

    def _some_runner(self) -> list[int]:
        runners = self.installation.runners()
        return [self.random.choice(runners)] if runners else []


def signalled(pids: list[int], what: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, what)
        except ProcessLookupError:
            continue  # it has ended
