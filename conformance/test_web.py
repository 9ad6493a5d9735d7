# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that are called by HTTP, as curl, httpx and a bare socket meet them."""

import json
import re
import shutil
import subprocess
import threading
import time
from urllib.parse import urlsplit

import httpx
import modal
import pytest
import web_hello
from serai_conformance.terminal import modal as cli
from serai_conformance.web import WAIT


@pytest.fixture(scope="module", autouse=True)
def app():
    with web_hello.app.run():
        yield


@pytest.fixture(scope="module")
def url() -> str:
    return web_hello.hello.get_web_url()


@pytest.fixture(scope="module")
def hello(web, url):
    with web.to(url) as client:
        assert client.get("/").text == "hello\n"  # from zero; the others meet a warm function
        yield client


def head_of(url: str, line: str = "GET / HTTP/1.1", *fields: str) -> bytes:
    return "\r\n".join([line, f"Host: {urlsplit(url).netloc}", *fields, "", ""]).encode()


def test_given_an_app_that_runs_when_its_address_is_asked_then_it_has_its_label(url):
    assert urlsplit(url).hostname == "main--web-hello-hello-dev.localhost"


def test_given_a_deployed_endpoint_when_its_app_is_rolled_over_then_it_answers_under_its_name(web, app_name: str):
    cli("deploy", "web_hello.py", "--name", app_name).ok()
    url = modal.Function.from_name(app_name, "plain").get_web_url()
    cli("app", "rollover", app_name).ok()
    with web.to(url) as client:
        assert client.get("/x").text == "GET /x "


def test_given_an_endpoint_when_curl_asks_then_the_function_answers(url, hello):
    if not shutil.which("curl"):
        pytest.skip("no curl here")
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", url], capture_output=True, text=True, timeout=WAIT)
    assert done.stdout == "hello\n", done.stderr


def test_given_a_path_with_the_label_when_asked_then_the_prefix_is_its_root(web, url, hello):
    label = urlsplit(url).hostname.removesuffix(".localhost")
    scope = httpx.get(f"{web.base}/w/{label}/scope", timeout=WAIT, trust_env=False).json()
    assert (scope["root_path"], scope["path"]) == (f"/w/{label}", "/scope")


def test_given_a_request_when_the_function_reads_its_scope_then_it_is_what_was_sent(hello):
    scope = hello.get("/scope", params={"q": "a b"}, headers={"x-mine": "1", "x-forwarded-for": "6.6.6.6"}).json()
    headers = dict(map(tuple, scope["headers"]))
    assert (scope["method"], scope["http_version"], scope["query_string"]) == ("GET", "1.1", "q=a+b")
    assert headers["x-mine"] == "1"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert scope["client"][0] == "127.0.0.1"


def test_given_a_path_with_percent_signs_when_asked_then_both_forms_are_told(web, url, hello):
    raw = web.raw(head_of(url, "GET /scope?x=%2F HTTP/1.1", "Connection: close"))
    assert json.loads(raw.partition(b"\r\n\r\n")[2].split(b"\r\n")[1])["query_string"] == "x=%2F"


@pytest.mark.parametrize("size", [0, 1, 1000, 70_000, 5_000_000])
def test_given_a_body_when_echoed_then_every_byte_comes_back(hello, size):
    body = bytes(i * 7 % 251 for i in range(size))
    assert hello.post("/echo", content=body).content == body


def test_given_a_body_of_unknown_length_when_echoed_then_every_byte_comes_back(hello):
    pieces = [bytes([i]) * 10_000 for i in range(20)]
    assert hello.post("/echo", content=iter(pieces)).content == b"".join(pieces)


def test_given_an_answer_in_pieces_when_read_then_they_come_while_the_function_runs(hello):
    arrivals = []
    with hello.stream("GET", "/stream") as response:
        for line in response.iter_lines():
            arrivals.append((line, time.monotonic()))
    assert [line for line, _ in arrivals] == [f"piece {i}" for i in range(5)]
    assert arrivals[-1][1] - arrivals[0][1] > 0.4  # four pauses of 0.2 s lay between them


def test_given_an_exception_when_asked_then_the_answer_says_that_the_function_failed(hello):
    answer = hello.get("/fail")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:serai:problem:function-failed"


def test_given_a_head_request_when_answered_then_it_has_a_length_and_no_body(web, url, hello):
    answer = web.raw(head_of(url, "HEAD / HTTP/1.1", "Connection: close"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-length: 6" in head
    assert body == b""


def test_given_two_requests_at_once_on_a_connection_when_answered_then_in_order(web, url, hello):
    two = head_of(url, "GET /scope HTTP/1.1") + head_of(url, "GET / HTTP/1.1", "Connection: close")
    answer = web.raw(two)
    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.index(b"web") < answer.rindex(b"hello")


def test_given_a_wsgi_function_when_asked_then_it_answers(web):
    with web.to(web_hello.plain.get_web_url()) as client:
        assert client.post("/a/b", content=b"body").text == "POST /a/b body"


def test_given_a_name_that_nobody_has_when_asked_then_404(web):
    answer = httpx.get(f"{web.base}/w/nobody-is-here/", timeout=WAIT, trust_env=False)
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:serai:problem:endpoint-not-found"


BAD = {
    "length and chunks": ["POST /echo HTTP/1.1", "Content-Length: 4", "Transfer-Encoding: chunked"],
    "two lengths": ["POST /echo HTTP/1.1", "Content-Length: 4", "Content-Length: 5"],
    "lengths in a list": ["POST /echo HTTP/1.1", "Content-Length: 4, 5"],
    "a length with a sign": ["POST /echo HTTP/1.1", "Content-Length: +4"],
    "another encoding": ["POST /echo HTTP/1.1", "Transfer-Encoding: gzip, chunked"],
    "an encoding written oddly": ["POST /echo HTTP/1.1", "Transfer-Encoding: xchunked"],
    "a blank before the colon": ["GET / HTTP/1.1", "X-Mine : 1"],
    "a name with a blank": ["GET / HTTP/1.1", "X Mine: 1"],
    "two hosts": ["GET / HTTP/1.1", "Host: other"],
    "a zero in a value": ["GET / HTTP/1.1", "X-Mine: a\0b"],
    "no such version": ["GET / HTTP/9.9"],
    "a method that is none": ["G(T / HTTP/1.1"],
    "a proxy's method": ["CONNECT example.org:443 HTTP/1.1"],
    "a target that is none": ["GET nowhere HTTP/1.1"],
}


@pytest.mark.parametrize("name", BAD)
def test_given_a_request_that_breaks_the_rules_when_sent_then_it_is_refused_and_the_connection_ends(web, url, name):
    line, *fields = BAD[name]
    answer = web.raw(head_of(url, line, *fields) + b"0\r\n\r\nGET /scope HTTP/1.1\r\n\r\n")
    assert answer.split(b" ")[1] in (b"400", b"501", b"505"), answer
    assert len(re.findall(rb"HTTP/1\.1 \d{3}", answer)) == 1


def test_given_bare_line_feeds_when_sent_then_the_request_is_refused(web, url):
    answer = web.raw(head_of(url).replace(b"\r\n", b"\n"))
    assert answer.split(b" ")[1] == b"400"


def test_given_no_host_when_sent_then_the_request_is_refused(web):
    assert web.raw(b"GET / HTTP/1.1\r\n\r\n").split(b" ")[1] == b"400"


def test_given_headers_that_are_too_large_when_sent_then_431(web, url):
    answer = web.raw(head_of(url, "GET / HTTP/1.1", *(f"X-{i}: {'a' * 1000}" for i in range(80))))
    assert answer.split(b" ")[1] == b"431"


def test_given_a_target_that_is_too_long_when_sent_then_414(web, url):
    assert web.raw(head_of(url, f"GET /{'a' * 20_000} HTTP/1.1")).split(b" ")[1] == b"414"


def test_given_a_client_that_waits_for_a_word_when_it_sends_a_body_then_it_is_told_to_go_on(web, url, hello):
    with web.connect() as connection:
        connection.sendall(head_of(url, "POST /echo HTTP/1.1", "Content-Length: 4", "Expect: 100-continue", "Connection: close"))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        connection.sendall(b"body")
        answer = b""
        while data := connection.recv(1000):
            answer += data
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"body" in answer


def test_given_many_requests_at_once_when_sent_then_each_is_answered(web, url, hello):
    answers = []

    def ask(i: int) -> None:
        with web.to(url) as client:
            answers.append(client.post("/echo", content=str(i).encode()).text)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert sorted(answers, key=int) == [str(i) for i in range(20)]
