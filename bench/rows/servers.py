# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Calls in a second with one, two and three servers beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

from report import Figure

if TYPE_CHECKING:
    from bench import Bench

ORDER = 80  # it starts further servers: whatever is measured of one comes before
SERVERS = (1, 2, 3)
CLIENTS = 3
ABREAST = 16


def measure(bench: Bench) -> Iterator[Figure]:
    bench.end_programs()
    n, before = bench.samples(2_000, quick=100), bench.samples(1_000, quick=20)
    found: dict[int, dict[str, Any]] = {}
    try:
        for servers in SERVERS:
            bench.installation.up(servers)
            found[servers] = _throughput(bench, n, before)
            alone = found[SERVERS[0]]["rate"]
            yield Figure(
                f"calls with {servers} server{'s' if servers > 1 else ''}, {CLIENTS} clients × {ABREAST} callers",
                "1/s",
                found[servers]["rate"],
                alone if servers > 1 else None,
                "one server",
                samples={"Serai": found[servers]},
            )
    finally:
        bench.installation.up(1)


def _throughput(bench: Bench, n: int, before: int) -> dict[str, Any]:
    """All clients together, from the first one's begin to the last one's end."""
    addresses = bench.installation.settings()["MODAL_SERVER_URL"].split(",")
    with ExitStack() as stack:
        urls = [addresses[i % len(addresses)] for i in range(CLIENTS)]
        clients = [stack.enter_context(closing(bench.serai.another("busy", url))) for url in urls]
        threads = stack.enter_context(ThreadPoolExecutor(CLIENTS))

        def ask(calls: int) -> list[dict[str, Any]]:
            return list(threads.map(lambda client: client.ask("throughput", n=calls, abreast=ABREAST), clients))

        ask(before)
        answers = ask(n)
    seconds = max(each["ended"] for each in answers) - min(each["began"] for each in answers)
    return {"rate": sum(each["calls"] for each in answers) / seconds, "clients": answers}
