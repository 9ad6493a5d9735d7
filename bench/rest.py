# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""REST, on a connection that is kept as a client's is."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

from platforms import Broken

WAIT_S = 30


class Rest:
    """The REST of one platform, with the token of its workspace."""

    def __init__(self, api: dict[str, str]) -> None:
        address = urlsplit(api["SERAI_API_URL"])
        self._connection = http.client.HTTPConnection(address.hostname, address.port, timeout=2 * WAIT_S)
        self._headers = {
            "Authorization": f"Bearer {api['SERAI_API_TOKEN']}",
            "Content-Type": "application/json",
            "Prefer": f"wait={WAIT_S}",
        }

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None)

    def put(self, path: str, body: Any) -> Any:
        return self._ask("PUT", path, body)

    def call(self, function: str, n: int) -> list[float]:
        """The seconds of each of *n* calls, one after the other, with the result in the reply."""
        seconds = []
        for i in range(n):
            began = time.perf_counter()
            answer = self._ask("POST", f"/functions/{function}/calls", {"args": [i]})
            seconds.append(time.perf_counter() - began)
            if answer.get("result") != i + 1:
                raise Broken(f"a call by REST answered {answer}")
        return seconds

    def _ask(self, method: str, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body)
        self._connection.request(method, f"/api/v1{path}", data, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise Broken(f"{method} {path} answered {answer.status} {content[:200]!r}")
        return json.loads(content)
