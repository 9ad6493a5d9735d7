# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Web functions beside Ray Serve: the same app, by the input queue and straight to a server."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import environments
from platforms import Talk, environment
from report import Figure
from webload import Endpoint

from rows import web

if TYPE_CHECKING:
    from bench import Bench

ORDER = 82
RAY_SERVE = "Ray Serve"
HERE = Path(__file__).resolve().parents[1]


def measure(bench: Bench) -> Iterator[Figure]:
    base = bench.serai.api["SERAI_WEB_URL"]
    queued = Endpoint.at(base, bench.serai.program("web").ask("where")["web"])
    environments.python("web", bench.log("uvicorn"))  # what the server runs
    direct = Endpoint.at(base, bench.serai.program("direct").ask("where")["web"])
    with _started(bench.log("rayserve")) as theirs:
        yield from web.beside(bench, queued, RAY_SERVE, theirs)
        yield from web.beside(bench, direct, RAY_SERVE, theirs, "direct ", "aim: ten times")


@contextmanager
def _started(log: Path) -> Iterator[Endpoint]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:  # its sockets need a short path
        command = [environments.python("rayserve", log), HERE / "rayserve.py", folder, str(port), HERE / "programs"]
        talk = Talk(command, environment(), log)
        try:
            yield Endpoint("127.0.0.1", port, f"127.0.0.1:{port}")
        finally:
            talk.close()
