# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""
Anything may be killed. Clients submit inputs with unique ids while servers, agent, runners and the database of a platform of its
own are killed, stopped and cut off at random; a book that the functions write to says afterwards what has run.

A sample of nine troubles; under `./serai test --full`, or with SERAI_LEDGER_INPUTS, that many inputs, and each trouble again and
again until all are submitted. SERAI_LEDGER_SEED replays an order, SERAI_LEDGER_SERVERS runs several servers.
"""

import os
import secrets
import shutil
import tempfile
from pathlib import Path

import pytest
from serai_conformance.book import Book
from serai_conformance.havoc import Havoc, Installation
from serai_conformance.ledger import Clients, judge
from serai_conformance.platform import Platform
from serai_conformance.poll import eventually
from serai_conformance.terminal import modal

CLIENTS = 2
FULL = 100_000
SAMPLE, SAMPLE_TROUBLES = 270, 9
PER_TROUBLE = 1_000  # inputs, where there are many
END_WITHIN = 600


@pytest.fixture
def installation(cli: Path):
    home = Path(tempfile.mkdtemp(prefix="serai-ledger-"))
    with Installation(cli, home, int(os.environ.get("SERAI_LEDGER_SERVERS", "1"))) as made:
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
    with Book(tmp_path / "book") as book, Clients(CLIENTS, "ledgering", login, book) as clients:
        try:
            submit_amid(havoc, clients, inputs, troubles)
            havoc.over()
            installation.up()
            clients.end(END_WITHIN)
        finally:
            print("\n".join(havoc.story))
        judge(clients, book, inputs)
    modal("app", "stop", "--yes", "ledgering", **login).ok()
    eventually(lambda: not installation.runners(), 60, "no runner is left once the app is stopped")
    installation.run("down")
    eventually(lambda: not installation.processes(), 30, "no process is left once all is down")
    assert installation.mounts() == []


def submit_amid(havoc: Havoc, clients: Clients, inputs: int, troubles: int) -> None:
    """Some before each trouble, so that it hits work under way, until all are submitted."""
    submitted = 0
    portion = min(PER_TROUBLE, -(-inputs // troubles))
    while submitted < inputs:
        for happens in havoc.round(troubles):
            clients.has("result", submitted - portion)
            some = min(portion, inputs - submitted)
            submitted += some
            clients.submit(some)
            happens()
