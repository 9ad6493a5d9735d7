# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A running server, as these tests find it:

SERAI_API_URL       base address of its HTTP listener, say http://127.0.0.1:8080
SERAI_API_TOKEN     a workspace's token: id, a dot, secret
SERAI_ADMIN_TOKEN   optional: the administrator's, for what needs a second workspace
MODAL_SERVER_URL    optional: its gRPC listener, for what only a client can make; needs the `modal` package

Start them with `python -m pytest conformance/rest`. They leave stopped apps and a workspace `rest-other` behind.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import Any, NamedTuple

import pytest


class Answer(NamedTuple):
    status: int
    headers: Any
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Api:
    """Sends exactly what it is told; an error is an answer like others."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url, self.token = url.rstrip("/"), token

    def as_(self, token: str | None) -> Api:
        return Api(self.url, token)

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, None, **headers)

    def post(self, path: str, body: bytes = b"", **headers: str) -> Answer:
        return self.send("POST", path, body, **{"Content_Type": "application/json", **headers})

    def send(self, method: str, path: str, body: bytes | None, **headers: str) -> Answer:
        address = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(address, body, method=method)
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as e:
            with e:
                return Answer(e.code, e.headers, e.read())


def _setting(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        pytest.skip(f"{name} is not set: there is no server to ask")
    return value


@pytest.fixture(scope="session")
def api() -> Api:
    return Api(_setting("SERAI_API_URL"), _setting("SERAI_API_TOKEN"))


@pytest.fixture(scope="session")
def admin(api: Api) -> Api:
    return api.as_(_setting("SERAI_ADMIN_TOKEN"))


@pytest.fixture(scope="session")
def other(admin: Api) -> Api:
    """Another workspace."""
    token = admin.post("/api/v1/workspaces/rest-other/tokens").json()
    return admin.as_(f"{token['token_id']}.{token['token_secret']}")
