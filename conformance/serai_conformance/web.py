# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Endpoints, asked by clients of others: httpx, and bytes on a socket."""

import os
import socket
import time
from urllib.parse import urlsplit

import h2.events
import httpx
from h2.config import H2Configuration
from h2.connection import H2Connection

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

    def http2(self, authority: str) -> "Http2":
        return Http2(self.connect(), authority)

    def raw(self, request: bytes) -> bytes:
        """What comes back for these bytes, until the connection ends."""
        with self.connect() as connection:
            connection.sendall(request)
            answer = b""
            while data := connection.recv(1 << 16):
                answer += data
            return answer


def ask(web: Web, function, path: str, **options) -> httpx.Response:
    """One request, with a client of its own; a POST if there is something to send."""
    with web.to(function.get_web_url()) as client:
        return client.request("POST" if options else "GET", path, **options)


def reason(answer: httpx.Response) -> str:
    """Of a refusal, in its word for programs."""
    return answer.json()["type"].removeprefix("urn:serai:problem:")


class Rules:
    """
    Limits of functions, by REST. They are felt within a second: each server remembers an endpoint so long after it looked it up,
    and does not look again before. That is all there is to wait for: whether a server has forgotten is seen by nothing
    but a request that the new limits treat otherwise, which would count already. So its bound is waited out, by the same kind
    of clock.
    """

    STALE = 1.2  # s: Routes.STALE of the gateway, and a little for the request that looked

    def __init__(self, client: httpx.Client):
        self.client = client
        self.changed: set[str] = set()

    def send(self, function, rules: dict) -> httpx.Response:
        return self.client.put(f"/functions/{function.object_id}/web", json=rules)

    def put(self, function, **rules) -> None:
        self.changed.add(function.object_id)
        answer = self.send(function, rules)
        assert answer.status_code == 200, answer.text
        assert {name: answer.json()[name] for name in rules if name != "allowed"} == {
            name: value for name, value in rules.items() if name != "allowed"
        }
        time.sleep(self.STALE)

    def get(self, function) -> dict:
        return self.client.get(f"/functions/{function.object_id}/web").json()

    def clear(self) -> None:
        for function in self.changed:
            assert self.client.put(f"/functions/{function}/web", json={}).status_code == 200
        time.sleep(self.STALE)


class Http2:
    """One connection of HTTP/2 with prior knowledge, by hand on the library that clients use: they do not show trailers."""

    def __init__(self, connection: socket.socket, authority: str):
        self.connection, self.authority = connection, authority
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self._flush()

    def __enter__(self) -> "Http2":
        return self

    def __exit__(self, *_) -> None:
        self.connection.close()

    def _flush(self) -> None:
        self.connection.sendall(self.h2.data_to_send())

    def get(self, path: str) -> tuple[str, bytes, dict[str, str]]:
        """Status, body, trailers."""
        stream = self.h2.get_next_available_stream_id()
        fields = {":method": "GET", ":scheme": "http", ":authority": self.authority, ":path": path}
        self.h2.send_headers(stream, list(fields.items()), end_stream=True)
        self._flush()
        status, body, trailers = "", b"", {}
        while data := self.connection.recv(1 << 16):
            for event in self.h2.receive_data(data):
                match event:
                    case h2.events.ResponseReceived():
                        status = dict(event.headers)[":status"]
                    case h2.events.DataReceived():
                        body += event.data
                        self.h2.acknowledge_received_data(event.flow_controlled_length, stream)
                    case h2.events.TrailersReceived():
                        trailers = dict(event.headers)
                    case h2.events.StreamEnded():
                        self._flush()
                        return status, body, trailers
                    case h2.events.StreamReset():
                        raise AssertionError(f"reset: {event.error_code}")
            self._flush()
        raise AssertionError("the connection has ended")
