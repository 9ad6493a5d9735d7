# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The servers' internal HTTP interface, as one connection that is kept open."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from .addresses import Addresses
from .patience import Patience
from .problems import Refused, Unavailable

TIMEOUT_S = 30
COPY_BYTES = 1 << 20
BUSY = frozenset((408, 425, 429, 500, 502, 503, 504))


class Server:
    """One keep-alive connection to the present server. Not for use by several threads at a time.

    A request is sent to one server: whoever repeats it after Unavailable reaches the next one.
    """

    def __init__(self, addresses: Addresses, bearer: str, timeout_s: float = TIMEOUT_S) -> None:
        self._addresses, self._timeout_s = addresses, timeout_s
        self._headers = {"Authorization": f"Bearer {bearer}", "Accept": "application/json, */*;q=0.5"}
        self._use(addresses.present)

    def _use(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not an http or https URL")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=self._timeout_s)
        self._prefix, self._url = parts.path.rstrip("/"), url

    def get(self, path: str, out: BinaryIO) -> None:
        """Writes what is there to *out*, which holds that and nothing else afterwards.

        @raise Refused, Unavailable
        """
        self._send("GET", path, None, None, out)

    def post(self, path: str, body: Any, meanwhile: Callable[[], None] | None = None) -> bytes:
        """Sends JSON; *meanwhile* is called while the server thinks.

        @raise Refused, Unavailable
        """
        return self._send("POST", path, json.dumps(body, ensure_ascii=False).encode(), meanwhile, None)

    def insist(self, path: str, body: Any, patience: Patience) -> bytes:
        """Posts it until a server takes it.

        @raise Refused
        @raise Unavailable: patience is over
        """
        pause = 0.1
        while True:
            try:
                return self.post(path, body)
            except Unavailable:
                if patience.left < pause:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, 2)

    def close(self) -> None:
        self._connection.close()

    def _send(
        self, method: str, path: str, body: bytes | None, meanwhile: Callable[[], None] | None, out: BinaryIO | None
    ) -> bytes:
        if self._url != self._addresses.present:
            self.close()
            self._use(self._addresses.present)
        try:
            return self._send_here(method, path, body, meanwhile, out)
        except Unavailable:
            self._addresses.failed(self._url)
            raise

    def _send_here(
        self, method: str, path: str, body: bytes | None, meanwhile: Callable[[], None] | None, out: BinaryIO | None
    ) -> bytes:
        reused = self._connection.sock is not None
        try:
            return self._exchange(method, path, body, meanwhile, out)
        except (ConnectionError, http.client.BadStatusLine) as e:
            self.close()
            if not reused:
                raise Unavailable(_said(e)) from e
        except (OSError, http.client.HTTPException) as e:
            self.close()
            raise Unavailable(_said(e)) from e
        # The server had closed the idle connection before our request came: it was not looked at.
        try:
            return self._exchange(method, path, body, None, out)
        except (OSError, http.client.HTTPException) as e:
            self.close()
            raise Unavailable(_said(e)) from e

    def _exchange(
        self, method: str, path: str, body: bytes | None, meanwhile: Callable[[], None] | None, out: BinaryIO | None
    ) -> bytes:
        headers = self._headers if body is None else {**self._headers, "Content-Type": "application/json"}
        self._connection.request(method, self._prefix + path, body, headers)
        if meanwhile is not None:
            meanwhile()
        response = self._connection.getresponse()
        if out is not None and response.status < 300:
            _copy(response, out)
            return b""
        answer = response.read()
        if response.status < 300:
            return answer
        detail = f"{method} {path}: {response.status} {_detail(answer) or response.reason}"
        if response.status in BUSY:
            raise Unavailable(detail)
        raise Refused(response.status, detail)


def _copy(response: http.client.HTTPResponse, out: BinaryIO) -> None:
    out.seek(0)
    out.truncate()
    while part := response.read(COPY_BYTES):
        out.write(part)
    if response.length:  # reading in parts does not tell by itself
        raise http.client.IncompleteRead(b"", response.length)


def _said(e: Exception) -> str:
    return str(e) or type(e).__name__


def _detail(answer: bytes) -> str:
    """The sentence of an application/problem+json body, or the start of whatever it is."""
    try:
        problem = json.loads(answer)
        return problem.get("detail") or problem.get("title") or ""
    except (ValueError, AttributeError):
        return answer[:200].decode("utf-8", "replace").strip()
