# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""
Anything may be killed. Clients submit inputs with unique ids while servers, agent, runners and the database of a platform of its
own are killed, stopped and cut off at random; a book that the functions write to says afterwards what has run.

It starts and restarts a platform again and again, so it runs under `./serai test --full`, or where SERAI_LEDGER_INPUTS says how
many; SERAI_LEDGER_SEED replays an order, SERAI_LEDGER_SERVERS runs several servers.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from pathlib import Path

import pytest
from serai_conformance.book import Book
from serai_conformance.gateway import Gateway
from serai_conformance.havoc import Havoc, Installation
from serai_conformance.platform import Platform
from serai_conformance.poll import eventually
from serai_conformance.terminal import PROGRAMS, environment, modal

FULL = 20_000
PER_TROUBLE = 100  # inputs, where there are many
END_WITHIN = 600


class Client:
    """The unmodified client in a process of its own."""

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

    def of(self, kind: str) -> dict[str, dict]:
        return {line[kind]: line for line in self.said if kind in line}


@pytest.fixture
def installation(platform: Platform):
    if not platform.full and "SERAI_LEDGER_INPUTS" not in os.environ:
        pytest.skip("it runs with --full, or where SERAI_LEDGER_INPUTS is set")
    if platform.cli is None:
        pytest.skip("SERAI_CLI is not set: only ./serai can start a platform of its own")
    home = Path(tempfile.mkdtemp(prefix="serai-ledger-"))
    made = Installation(platform.cli, home, int(os.environ.get("SERAI_LEDGER_SERVERS", "1")))
    yield made
    made.run("down")
    shutil.rmtree(home)


@pytest.mark.timeout(3_600)
@pytest.mark.restarts_server
def test_given_acknowledged_inputs_when_anything_is_killed_then_each_has_one_result_of_its_last_attempt(
    installation: Installation, tmp_path: Path
):
    seed = int(os.environ.get("SERAI_LEDGER_SEED", secrets.randbelow(1_000_000)))
    inputs = int(os.environ.get("SERAI_LEDGER_INPUTS", FULL))
    print(f"SERAI_LEDGER_SEED={seed}, {inputs} inputs, {installation.servers} servers")
    installation.up()
    login = installation.login()
    gateway = Gateway(login["MODAL_SERVER_URL"])
    with Book(tmp_path / "book") as book, gateway as address:
        at_gateway = login | {"MODAL_SERVER_URL": address}
        modal("deploy", "--name", "ledgering", "ledgering.py", **login).ok()
        client = Client("ledgering", at_gateway, book)
        havoc = Havoc(installation, gateway, seed)
        try:
            submit_amid(havoc, client, inputs)
            installation.up()
            client.end(END_WITHIN)
        finally:
            print("\n".join(havoc.story))
        judge(client, book, inputs)
        modal("app", "stop", "--yes", "ledgering", **login).ok()
    eventually(lambda: not installation.runners(), 60, "no runner is left once the app is stopped")
    installation.run("down")
    eventually(lambda: not installation.processes(), 30, "no process is left once all is down")
    assert installation.mounts() == []


def submit_amid(havoc: Havoc, client: Client, inputs: int) -> None:
    """Some before each trouble, until all are submitted."""
    left = inputs
    portion = min(PER_TROUBLE, -(-inputs // len(Havoc.EACH)))
    while left > 0:
        troubles = havoc.round()
        for _ in Havoc.EACH:
            some = min(portion, left)
            left -= some
            client.tell(f"submit {some}")
            next(troubles)


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
