# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Web functions: hello through the gateway, by the input queue and straight to a server, beside the null
server's and the same app under uvicorn; first bytes from zero, silent WebSockets."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import environments
import processes
import webload
from platforms import ZERO_S, Broken, environment, wait_for
from report import NULL_SERVER, Aim, Figure, percentile
from rest import Rest
from turns import SERAI, in_turns
from webload import Endpoint

if TYPE_CHECKING:
    from bench import Bench

ORDER = 80
UVICORN = "uvicorn"
ROUNDS = 4
HERE = Path(__file__).resolve().parents[1]
ADDED = Aim(0.5, "the processor: gateway, door, server and client share it")
REST_S = 5  # no request, until the server is as it was


def measure(bench: Bench) -> Iterator[Figure]:
    where = bench.serai.program("web").ask("where")
    base = bench.serai.api["SERAI_WEB_URL"]
    ours, cold = (Endpoint.at(base, where[name]) for name in ("web", "cold"))
    floor = urlsplit(bench.null.program("web").ask("where")["web"])
    yield from beside(bench, ours, NULL_SERVER, Endpoint("127.0.0.1", floor.port, floor.netloc), note="aim: at least 1 ×")
    with uvicorn(bench.log("uvicorn")) as theirs:
        yield from beside(bench, ours, UVICORN, theirs)
        direct = Endpoint.at(base, bench.serai.program("direct").ask("where")["web"])
        yield from beside(bench, direct, UVICORN, theirs, "direct ", "aim: at least 0.55 ×")
    yield _from_zero(Rest(bench.serai.api), where["function"], cold, bench.samples(5, quick=1))
    yield from _silent(bench, ours, bench.samples(1000, quick=50))


def beside(bench: Bench, ours: Endpoint, name: str, theirs: Endpoint, kind: str = "", note: str = "") -> Iterator[Figure]:
    """
    The figures of one endpoint beside those of another.

    :param kind: of ours, before each label
    :param note: to the requests in a second
    """
    requests = bench.samples(2000, quick=40)
    endpoints = {SERAI: ours, name: theirs}
    for endpoint in endpoints.values():
        webload.load(endpoint, 4, bench.samples(2000, quick=20))  # both warm
    for connections in (1, 4, 16):
        yield from _hello(endpoints, connections, max(requests, connections * ROUNDS), kind, note)
    yield from _hello(endpoints, 100, max(requests, 100 * ROUNDS), kind, "", path="/slow")


def _hello(
    endpoints: dict[str, Endpoint], connections: int, requests: int, kind: str, note: str, path: str = "/"
) -> Iterator[Figure]:
    (against,) = endpoints.keys() - {SERAI}
    answers = in_turns(
        ROUNDS,
        {name: lambda each=each: webload.load(each, connections, requests // ROUNDS, path) for name, each in endpoints.items()},
    )
    what = f"{kind}{'10 ms handler' if path == '/slow' else 'hello'}, {connections} connection{'s' if connections > 1 else ''}"
    rates = answers.each(lambda rounds: [rate for rate, _ in rounds])
    times = answers.each(lambda rounds: [second * 1e3 for _, seconds in rounds for second in seconds])
    yield rates.figure(f"{what}: median of {ROUNDS} rounds", "1/s", median, against=against, note=note)
    for percent in (50, 99, 99.9):
        label = f"{what}: p{percent:g} of {len(next(iter(times.found.values()), []))}"
        yield times.figure(label, "ms", lambda found, percent=percent: percentile(found, percent), against=against)
    if kind and against == UVICORN and connections == 1:
        added = percentile(times.found[SERAI], 50) - percentile(times.found[UVICORN], 50)
        yield Figure(f"{what}: p50 more than under uvicorn", "ms", added, aim=ADDED)


def _from_zero(rest: Rest, function: str, endpoint: Endpoint, n: int) -> Figure:
    """Its window is 2 s: after that its container goes."""
    seconds = []
    for _ in range(n):
        seconds.append(webload.first_byte(endpoint))
        wait_for("the web function back at zero", ZERO_S, lambda: rest.get(f"/functions/{function}")["pool"]["containers"] == 0)
    label = f"from zero to the first byte, median of {n}"
    return Figure(label, "ms", median(seconds) * 1e3, note=f"worst {max(seconds) * 1e3:.0f} ms", samples={SERAI: seconds})


def _silent(bench: Bench, endpoint: Endpoint, count: int) -> Iterator[Figure]:
    """What a server holds for WebSockets on which nothing is said, and what it does for them."""
    parts = bench.serai.parts()

    def held() -> dict[str, float]:
        return {part: processes.memory(pids)["pss_mib"] for part, pids in parts.items()}

    def busy(seconds: float) -> float:
        pids = parts["server"] | parts["database"]
        before, began = processes.cpu_s(pids), time.monotonic()
        time.sleep(seconds)
        return 100 * (processes.cpu_s(pids) - before) / (time.monotonic() - began)

    idle, before = busy(REST_S), held()
    sockets = webload.WebSockets(endpoint)
    try:
        sockets.open(count)
        time.sleep(REST_S)
        work, after = busy(2 * REST_S), held()
    finally:
        sockets.close()
    for part in ("server", "database"):
        note = f"{before[part]:.0f} before, {after[part]:.0f} with them"
        yield Figure(f"{count:,} silent WebSockets: {part}, PSS more than before", "MiB", after[part] - before[part], note=note)
    yield Figure(
        f"{count:,} silent WebSockets: processor, server and database, of one core", "%", work, note=f"without them {idle:.1f} %"
    )


@contextmanager
def uvicorn(log: Path) -> Iterator[Endpoint]:
    """The same app in one process, gone afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [environments.python("web", log), "-m", "uvicorn", "--app-dir", HERE / "programs", "--port", str(port)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--log-level", "warning", "web:hello"],
            env=environment(),
            cwd=os.sep,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        endpoint = Endpoint("127.0.0.1", port, f"127.0.0.1:{port}")
        wait_for("uvicorn's start", 60, lambda: process.poll() is not None or _listens(port))
        if process.poll() is not None:
            raise Broken(f"uvicorn ended; see {log}")
        yield endpoint
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
