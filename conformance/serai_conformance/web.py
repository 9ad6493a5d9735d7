# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Endpoints, asked by clients of others: httpx, and bytes on a socket."""

import os
import socket
from urllib.parse import urlsplit

import httpx

WAIT = 100  # s: a first request waits for its container, on a busy machine for long


class Web:
    """The gateway. An endpoint's name is told by the host field: names below .localhost are not known everywhere."""

    def __init__(self, base: str):
        self.base = base
        address = urlsplit(base)
        self.host, self.port = address.hostname, address.port

    @staticmethod
    def of_environment() -> "Web":
        return Web(os.environ["SERAI_WEB_URL"])

    def to(self, url: str, **options) -> httpx.Client:
        """A client of the endpoint with this address."""
        return httpx.Client(base_url=self.base, headers={"host": urlsplit(url).netloc}, timeout=WAIT, trust_env=False, **options)

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=WAIT)

    def raw(self, request: bytes) -> bytes:
        """What comes back for these bytes, until the connection ends."""
        with self.connect() as connection:
            connection.sendall(request)
            answer = b""
            while data := connection.recv(1 << 16):
                answer += data
            return answer
