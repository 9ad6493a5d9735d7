# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""
Anything may be killed. Clients submit inputs with unique ids while servers, agent, runners and the database of a platform of its
own are killed, stopped and cut off at random; a book that the functions write to says afterwards what has run.

It starts and restarts a platform again and again, so it runs under `./serai test --full`, where SERAI_LEDGER_INPUTS says how many
inputs (each trouble comes again and again until all are submitted), or as a sample where SERAI_LEDGER_SAMPLE=1.
SERAI_LEDGER_SEED replays an order, SERAI_LEDGER_SERVERS runs several servers.
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
from serai_conformance.havoc import Havoc, Installation
from serai_conformance.platform import Platform
from serai_conformance.poll import eventually
from serai_conformance.terminal import PROGRAMS, environment, modal

FULL = 100_000
SAMPLE, SAMPLE_TROUBLES = 240, 8
PER_TROUBLE = 400  # inputs, where there are many
BEHIND = 300  # seconds that work may be behind
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

    def is_done_with(self, inputs: int) -> None:
        eventually(lambda: len(self.of("result")) >= inputs, BEHIND, f"results of {inputs} inputs")

    def of(self, kind: str) -> dict[str, dict]:
        return {line[kind]: line for line in self.said if kind in line}


@pytest.fixture
def installation(platform: Platform):
    if not platform.full and not {"SERAI_LEDGER_INPUTS", "SERAI_LEDGER_SAMPLE"} & os.environ.keys():
        pytest.skip("it runs with --full, or where SERAI_LEDGER_INPUTS or SERAI_LEDGER_SAMPLE is set")
    if platform.cli is None:
        pytest.skip("SERAI_CLI is not set: only ./serai can start a platform of its own")
    home = Path(tempfile.mkdtemp(prefix="serai-ledger-"))
    with Installation(platform.cli, home, int(os.environ.get("SERAI_LEDGER_SERVERS", "1"))) as made:
        yield made
    shutil.rmtree(home)


@pytest.mark.timeout(4 * 3_600)
def test_given_acknowledged_inputs_when_anything_is_killed_then_each_has_one_result_of_its_last_attempt(
    installation: Installation, platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    seed = int(os.environ.get("SERAI_LEDGER_SEED", secrets.randbelow(1_000_000)))
    asked = int(os.environ.get("SERAI_LEDGER_INPUTS", FULL if platform.full else 0))
    inputs, troubles = (asked, Havoc.EACH) if asked else (SAMPLE, SAMPLE_TROUBLES)
    with capsys.disabled():  # a run that went well is told of, too
        print(f"\nSERAI_LEDGER_SEED={seed}, {inputs} inputs, {installation.servers} servers")
    login = installation.login()
    modal("deploy", "--name", "ledgering", "ledgering.py", **login).ok()
    havoc = Havoc(installation, seed)
    with Book(tmp_path / "book") as book:
        client = Client("ledgering", login, book)
        try:
            submit_amid(havoc, client, inputs, troubles)
            havoc.over()
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


def submit_amid(havoc: Havoc, client: Client, inputs: int, troubles: int) -> None:
    """Some before each trouble, so that it hits work under way, until all are submitted."""
    submitted = 0
    portion = min(PER_TROUBLE, -(-inputs // troubles))
    while submitted < inputs:
        for happens in havoc.round(troubles):
            client.is_done_with(submitted - portion)
            some = min(portion, inputs - submitted)
            submitted += some
            client.tell(f"submit {some}")
            happens()


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
