# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Who submits inputs with unique ids whatever happens to the platform, and what must be true of them at the end."""

import json
import subprocess
import sys
import threading
from collections import defaultdict

from serai_conformance.book import Book
from serai_conformance.poll import eventually
from serai_conformance.terminal import PROGRAMS, environment

BEHIND = 300  # seconds that work may be behind


class Client:
    """The unmodified client in a process of its own, with programs/ledgering.py."""

    def __init__(self, app: str, login: dict[str, str], book: Book):
        self.process = subprocess.Popen(
            [sys.executable, "ledgering.py", app, str(book.port)],
            cwd=PROGRAMS,
            env=environment(**login),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.said: list[dict] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.said.append(json.loads(line))

    def tell(self, what: str) -> None:
        self.process.stdin.write(what + "\n")

    def end(self, within: float) -> None:
        self.tell("finish")
        try:
            self.process.wait(within)
        finally:
            self.process.kill()
        self.reader.join(10)
        assert self.process.returncode == 0

    def has(self, kind: str, many: int) -> None:
        """Waits until it is told of that many."""
        eventually(lambda: len(self.of(kind)) >= many, BEHIND, f"{kind}: {many}")

    def of(self, kind: str) -> dict[str, dict]:
        return {line[kind]: line for line in self.said if kind in line}


def judge(client: Client, book: Book, inputs: int) -> None:
    acknowledged, results = client.of("acknowledged"), client.of("result")
    assert len(acknowledged) == inputs
    lost = {uid: results.get(uid) for uid in acknowledged if "run" not in results.get(uid, {})}
    assert not lost, f"{len(lost)} of {inputs} acknowledged inputs have no result: {dict(list(lost.items())[:5])}"

    attempts = defaultdict(list)
    for line in book.lines():
        if line["event"] == "begins":
            attempts[line["input"]].append(line["attempt"])
    for uid in acknowledged:
        run = results[uid]["run"]
        assert run["uid"] == uid
        runs = attempts[run["input"]]
        assert len(runs) == len(set(runs)), f"each run of {uid} is an attempt of its own: {runs}"
        assert run["attempt"] == max(runs), f"the result of {uid} is the last attempt's: {run} of {runs}"
    again = sum(len(runs) > 1 for runs in attempts.values())
    print(f"{inputs} acknowledged, {len(client.of('unanswered'))} not at once, {again} ran more than once")
