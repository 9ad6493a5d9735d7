# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Calls by REST, on a connection that is kept as a client's is."""

from __future__ import annotations

import http.client
import json
import time
from urllib.parse import urlsplit

from platforms import Broken

WAIT_S = 30


class Rest:
    """The REST address of one function."""

    def __init__(self, api: dict[str, str], function: str) -> None:
        address = urlsplit(api["SERAI_API_URL"])
        self._connection = http.client.HTTPConnection(address.hostname, address.port, timeout=2 * WAIT_S)
        self._path = f"/api/v1/functions/{function}/calls"
        self._headers = {
            "Authorization": f"Bearer {api['SERAI_API_TOKEN']}",
            "Content-Type": "application/json",
            "Prefer": f"wait={WAIT_S}",
        }

    def call(self, n: int) -> list[float]:
        """The seconds of each of *n* calls, one after the other, with the result in the reply."""
        seconds = []
        for i in range(n):
            began = time.perf_counter()
            self._connection.request("POST", self._path, json.dumps({"args": [i]}), self._headers)
            answer = self._connection.getresponse()
            body = answer.read()
            seconds.append(time.perf_counter() - began)
            if answer.status != 200 or json.loads(body).get("result") != i + 1:
                raise Broken(f"REST answered {answer.status} {body[:200]!r}")
        return seconds
