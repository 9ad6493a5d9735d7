# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What of a server a container reaches by its own loopback: the store of large values, and nothing else."""

from __future__ import annotations

import http.client
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from serai_runner.addresses import Addresses
from serai_runner.store import Store

LARGE = bytes(range(256)) * 40_000


class Blobs:
    """A server that keeps what is put, under a path of its own."""

    def __init__(self, port: int = 0) -> None:
        self.kept: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                fake.kept[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(200, b"")

            def do_GET(self) -> None:
                self._answer(200 if self.path in fake.kept else 404, fake.kept.get(self.path, b"no"))

            def do_POST(self) -> None:
                self._answer(200, self.rfile.read(int(self.headers["Content-Length"]))[::-1])

            def _answer(self, status: int, body: bytes) -> None:
                fake.asked.append((self.command, self.path))
                self.send_response(status)
                self.send_header("ETag", '"e"')
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def blobs():
    server = Blobs()
    yield server
    server.close()


@pytest.fixture
def connect():
    stores = []

    def to(*urls: str, patience_s: float = 20) -> http.client.HTTPConnection:
        listener = socket.create_server(("127.0.0.1", 0))
        store = Store(listener, Addresses(urls), print, patience_s)
        store.start()
        stores.append(store)
        return http.client.HTTPConnection(*listener.getsockname(), timeout=30)

    yield to
    for store in stores:
        store.close()


def ask(client: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    client.request(method, path, body)
    answer = client.getresponse()
    return answer.status, answer.read()


def test_given_a_large_value_when_it_is_put_and_got_then_it_is_whole_on_one_connection(blobs, connect):
    client = connect(blobs.url + "/below/")
    assert ask(client, "PUT", "/blobs/bl-1/parts/2?expires=1&signature=a_-b", LARGE) == (200, b"")
    assert blobs.kept == {"/below/blobs/bl-1/parts/2?expires=1&signature=a_-b": LARGE}
    client.request("GET", "/blobs/bl-1/parts/2?expires=1&signature=a_-b")
    answer = client.getresponse()
    assert answer.headers["ETag"] == '"e"' and answer.read() == LARGE
    assert ask(client, "POST", "/blobs/bl-1/complete?expires=1&signature=a", b"abc") == (200, b"cba")
    assert ask(client, "GET", "/blobs/bl-9") == (404, b"no")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/apps", "/", "/blobs", "/blobs/", "/blobs/../api/v1/apps", "/blobs/%2e%2e/api", "/blobs//api", "/blobs/x//y",
        "/blobs/x;/../../api", "/blobs/x/./y", "http://127.0.0.1/blobs/x", "/internal/v1/containers", "/blobs/x#/y", "*",
    ],
)  # fmt: skip
def test_given_anything_else_of_the_server_when_it_is_asked_for_then_it_is_not_handed_on(blobs, connect, path):
    client = connect(blobs.url)
    client.putrequest("GET", path, skip_host=True)
    client.endheaders()
    assert client.getresponse().status == 403
    assert blobs.asked == []


@pytest.mark.parametrize("method", ["DELETE", "CONNECT", "OPTIONS", "TRACE"])
def test_given_another_method_when_it_is_asked_for_then_it_is_not_handed_on(blobs, connect, method):
    assert ask(connect(blobs.url), method, "/blobs/bl-1")[0] in (403, 501)
    assert blobs.asked == []


def test_given_a_body_without_a_length_when_it_is_sent_then_it_is_refused_and_the_connection_ends(blobs, connect):
    client = connect(blobs.url)
    client.connect()
    inner = b"GET /blobs/bl-2 HTTP/1.1\r\n\r\n"
    head = b"PUT /blobs/bl-1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    client.sock.sendall(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner))  # at once: it is refused before its end
    answer = http.client.HTTPResponse(client.sock)
    answer.begin()
    assert answer.status == 411 and answer.will_close
    assert blobs.asked == []


def test_given_a_server_that_is_away_when_another_one_is_there_then_it_is_asked(blobs, connect):
    gone = Blobs()
    gone.close()
    blobs.kept["/blobs/bl-1"] = b"here"
    assert ask(connect(gone.url, blobs.url), "GET", "/blobs/bl-1") == (200, b"here")


def test_given_a_server_that_is_away_when_it_comes_back_then_a_request_has_waited_for_it(connect):
    gone = Blobs()
    gone.close()
    client = connect(gone.url)
    client.request("PUT", "/blobs/bl-1", LARGE[:1000])
    back = Blobs(gone.port)
    try:
        assert client.getresponse().status == 200
        assert back.kept == {"/blobs/bl-1": LARGE[:1000]}
    finally:
        back.close()


def test_given_no_server_for_too_long_when_it_is_asked_then_it_says_so(connect):
    gone = Blobs()
    gone.close()
    status, said = ask(connect(gone.url, patience_s=0.2), "GET", "/blobs/bl-1")
    assert status == 503 and b"no server is there" in said
