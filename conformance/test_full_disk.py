# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The disk of a platform, which holds its database, its blobs and its agent's state, is full for a while, amid work."""

from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from serai_conformance.book import Book
from serai_conformance.disk import Disk
from serai_conformance.havoc import Installation
from serai_conformance.ledger import Clients, judge
from serai_conformance.platform import api
from serai_conformance.poll import eventually
from serai_conformance.terminal import modal, python

INPUTS, BEFORE = 200, 80
LETTERS = 100_000
BLOB_BYTES = 10 << 20
REFUSED_WITHIN = 120
END_WITHIN = 300
FULL = {"urn:serai:problem:database-full", "urn:serai:problem:database-unavailable"}  # without room for its log it stops
LARGE = f"import modal; modal.Function.from_name('ledgering', 'length').spawn(bytes({BLOB_BYTES}))"


@pytest.mark.timeout(1_200)
def test_given_a_full_disk_when_there_is_room_again_then_refusals_said_why_and_nothing_acknowledged_is_lost(
    disk: Disk, cli: Path, tmp_path: Path
):
    with Installation(cli, disk.place / "home") as installation, Book(tmp_path / "book") as book:
        login = installation.login()
        modal("deploy", "--name", "ledgering", "ledgering.py", **login).ok()
        with Clients(1, "ledgering", login, book) as clients, api(login["SERAI_API_TOKEN"], login["SERAI_API_URL"]) as rest:
            clients.submit(INPUTS)
            clients.has("acknowledged", BEFORE)
            accepted: list[str] = []
            with full(disk):
                refusal = eventually(lambda: refused(disk, rest, accepted), REFUSED_WITHIN, "a refusal")
                problem = refusal.json()
                assert problem["type"] in FULL, problem
                assert refusal.status_code == (507 if problem["type"].endswith("full") else 503)

                spawned = python("-c", LARGE, timeout=END_WITHIN, **login)
                assert spawned.code != 0
                assert "is full" in spawned.output or "database does not answer" in spawned.output
                installation.run("down")
            installation.up()
            for call in accepted:
                done = eventually(lambda call=call: ended(rest, call), END_WITHIN, f"{call} has ended")
                assert (done["state"], done["result"]) == ("SUCCEEDED", LETTERS), done
            clients.end(END_WITHIN)
            judge(clients, book, INPUTS)
        python("-c", LARGE, **login).ok()


@contextmanager
def full(disk: Disk):
    disk.fill()
    try:
        yield
    finally:
        disk.free()


def refused(disk: Disk, rest: httpx.Client, accepted: list[str]) -> httpx.Response | None:
    """Calls until a call is refused; what the platform gives back meanwhile is filled again."""
    disk.fill()
    answer = rest.post("/apps/ledgering/functions/length/calls", json={"args": ["x" * LETTERS]})
    if answer.is_success:
        accepted.append(answer.json()["id"])
        return None
    return answer


def ended(rest: httpx.Client, call: str) -> dict | None:
    shown = rest.get(f"/calls/{call}").raise_for_status().json()
    return None if shown["state"] in ("PENDING", "RUNNING") else shown
