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

    def __init__(self, app: str, login: dict[str, str], book: Book, prefix: str = "input"):
        """:param prefix: of its inputs' ids"""
        self.process = subprocess.Popen(
            [sys.executable, "ledgering.py", app, str(book.port), prefix],
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

    def of(self, kind: str) -> dict[str, dict]:
        return {line[kind]: line for line in self.said if kind in line}


class Clients:
    """Several of them, who share what there is to do. They are gone at the end of the context."""

    def __init__(self, many: int, app: str, login: dict[str, str], book: Book):
        self.all = [Client(app, login, book, f"input-{i}") for i in range(many)]

    def __enter__(self) -> "Clients":
        return self

    def __exit__(self, *_) -> None:
        for client in self.all:
            client.process.kill()

    def submit(self, inputs: int) -> None:
        for i, client in enumerate(self.all):
            client.tell(f"submit {inputs // len(self.all) + (i < inputs % len(self.all))}")

    def end(self, within: float) -> None:
        for client in self.all:
            client.end(within)

    def has(self, kind: str, many: int) -> None:
        """Waits until they are told of that many."""
        eventually(lambda: len(self.of(kind)) >= many, BEHIND, f"{kind}: {many}")

    def of(self, kind: str) -> dict[str, dict]:
        return {about: line for client in self.all for about, line in client.of(kind).items()}


def judge(clients: Clients, book: Book, inputs: int) -> None:
    acknowledged, results = clients.of("acknowledged"), clients.of("result")
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
    print(f"{inputs} acknowledged, {len(clients.of('unanswered'))} not at once, {again} ran more than once")
