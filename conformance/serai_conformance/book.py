# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A ledger that functions write to: a line is acknowledged when it is on disk, and never changed."""

import json
import os
import socketserver
import threading
from contextlib import suppress
from pathlib import Path


class Book:
    def __init__(self, path: Path):
        self.path = path
        self._file = path.open("ab")
        self._lock = threading.Lock()
        book = self

        class Writer(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with suppress(ConnectionError):  # who wrote was killed
                    for line in self.rfile:
                        book._keep(line)
                        self.wfile.write(b"kept\n")

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Writer)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def _keep(self, line: bytes) -> None:
        with self._lock:
            self._file.write(line)
            self._file.flush()
            os.fsync(self._file.fileno())

    def __enter__(self) -> "Book":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._file.close()

    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.path.read_text().splitlines()]
