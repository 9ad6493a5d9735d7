# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The requests of one connection to a container's store, each handed on to a server."""

from __future__ import annotations

import http.client
import re
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .addresses import Addresses
from .patience import Patience

if TYPE_CHECKING:
    import socket

# Servers and proxies disagree about what a path means: only what the server makes itself goes through.
_TARGET = re.compile(r"/blobs/[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*(\?[A-Za-z0-9_.=&%~-]*)?")
_HOP_BY_HOP = frozenset(("connection", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"))
PART_BYTES = 256 << 10
TIMEOUT_S = 120


class Exchange(BaseHTTPRequestHandler):
    """Of one client; over when it is made."""

    protocol_version = "HTTP/1.1"

    def __init__(self, client: socket.socket, servers: Addresses, patience_s: float) -> None:
        self._servers, self._patience_s = servers, patience_s
        super().__init__(client, ("", 0), None)

    def do_GET(self) -> None:
        self._hand_on()

    do_PUT = do_POST = do_GET

    def _hand_on(self) -> None:
        if not _TARGET.fullmatch(self.path):
            return self._refuse(403, "only large values are handed on here")
        if "transfer-encoding" in self.headers:
            return self._refuse(411, "a length is needed")
        length = self.headers.get("content-length", "0")
        if not length.isdecimal():
            return self._refuse(400, f"{length[:20]} is no length")
        try:
            connection, prefix = self._connect()
        except OSError as e:
            return self._refuse(503, f"no server is there: {e}")
        try:
            self._exchange(connection, prefix, int(length))
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # whatever of it was sent, the client sees that it is not whole
        finally:
            connection.close()

    def _connect(self) -> tuple[http.client.HTTPConnection, str]:
        """@return a connection to a server that is there, and what its paths begin with

        @raise OSError: none was, for too long
        """
        patience, pause = Patience(self._patience_s), 0.1
        while True:
            url = self._servers.present
            parts = urlsplit(url)
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_S)
            try:
                connection.connect()
            except OSError:
                connection.close()
                self._servers.failed(url)
                if patience.left < pause:
                    raise
            else:
                return connection, parts.path.rstrip("/")
            time.sleep(pause)
            pause = min(2 * pause, 2)

    def _exchange(self, connection: http.client.HTTPConnection, prefix: str, length: int) -> None:
        connection.putrequest(self.command, prefix + self.path, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                connection.putheader(name, value)
        connection.putheader("Connection", "close")
        connection.endheaders()
        while length:
            part = self.rfile.read1(min(length, PART_BYTES))
            if not part:
                raise ConnectionError("the client ended in the middle")
            connection.send(part)
            length -= len(part)
        answer = connection.getresponse()
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        if answer.length is None:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        while part := answer.read1(PART_BYTES):
            self.wfile.write(part)
        if answer.length:
            raise ConnectionError("the server ended in the middle")

    def _refuse(self, status: int, why: str) -> None:
        body = (why + "\n").encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""
