# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What the gateway bounds: how long it waits, how much waits for it, and how slow a client may be."""

import asyncio
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest
import web_busy
from serai_conformance.poll import eventually
from serai_conformance.web import WAIT, ask, reason

CALL = "__modal_function_call_id"


@pytest.fixture(scope="module", autouse=True)
def app():
    with web_busy.app.run():
        yield


@pytest.fixture(scope="module")
def busy(web):
    with web.to(web_busy.busy.get_web_url()) as client:
        assert client.get("/here").text == "GET /here"
        yield client


@pytest.fixture(scope="module")
def single(web):
    with web.to(web_busy.single.get_web_url()) as client:
        assert client.get("/here").text == "GET /here"
        yield client


def gone(answer: httpx.Response) -> httpx.Response | None:
    """It goes as soon as it was sent, which its reader may see before."""
    return answer if answer.status_code == 410 else None


def test_given_an_answer_that_takes_long_when_asked_then_it_is_elsewhere_and_there_once(busy, rules):
    rules.put(web_busy.busy, redirect_after_s=0.5)
    sent_on = busy.get("/wait/4?a=%2Fb")
    assert sent_on.status_code == 303
    address = sent_on.headers["location"]
    assert address.startswith(f"/wait/4?a=%2Fb&{CALL}=fc-")
    assert len(address.split("=fc-")[1]) >= 22, "it cannot be guessed"

    answers = [sent_on]
    while answers[-1].status_code == 303 and len(answers) < 100:
        answers.append(busy.get(answers[-1].headers["location"]))
    assert answers[-1].text == "waited"
    assert len(answers) > 2, "it was waited for more than once"

    again = eventually(lambda: gone(busy.get(address)), WAIT, "the answer that was fetched is gone")
    assert reason(again) == "answer-gone"


def test_given_a_post_that_takes_long_when_the_client_follows_then_it_has_the_answer(web, busy, rules):
    rules.put(web_busy.busy, redirect_after_s=0.5)
    with web.to(web_busy.busy.get_web_url(), follow_redirects=True, max_redirects=100) as client:
        answer = client.post("/wait/2", content=b"x" * 100)
    assert answer.text == "waited"
    assert answer.history[0].status_code == 303


def test_given_the_id_of_another_endpoints_request_when_asked_for_then_it_is_unknown(busy, single, rules):
    rules.put(web_busy.busy, redirect_after_s=0.2)
    address = busy.get("/wait/3").headers["location"]
    refused = single.get(address)
    assert (refused.status_code, reason(refused)) == (404, "call-not-found")
    made_up = busy.get(f"/?{CALL}=fc-0123456789012345678901")
    assert (made_up.status_code, reason(made_up)) == (404, "call-not-found")


@pytest.fixture
def occupied(web, single, rules):
    """Its only container is at work for so long that all others have come meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, web, web_busy.single, "/wait/10")
        function = f"/functions/{web_busy.single.object_id}"
        eventually(lambda: rules.client.get(function).json()["pool"]["running_inputs"] == 1, WAIT, "it is at work")
        yield
        assert first.result(WAIT).text == "waited"
    assert single.get("/here").status_code == 200


def test_given_a_function_at_work_when_more_wait_than_may_then_they_are_refused_with_a_reason(web, rules, occupied):
    rules.put(web_busy.single, max_waiting=3)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda i: ask(web, web_busy.single, "/here"), range(12)))
    refused = [a for a in answers if a.status_code != 200]
    assert {a.status_code for a in refused} == {503}
    assert len(answers) - len(refused) >= 3
    for answer in refused:
        assert int(answer.headers["retry-after"]) >= 1
        assert reason(answer) == "function-busy"
        assert "3 requests wait" in answer.json()["detail"]


def test_given_a_function_at_work_when_what_waits_holds_too_much_then_more_is_refused(web, rules, occupied):
    rules.put(web_busy.single, max_waiting_bytes=100_000)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: ask(web, web_busy.single, "/length", content=bytes(50_000)), range(8)))
    refused = [a for a in answers if a.status_code == 503]
    assert {a.status_code for a in answers} == {200, 503}
    assert all("bytes already" in a.json()["detail"] for a in refused)
    assert {a.text for a in answers if a.status_code == 200} == {"50000"}


def test_given_a_function_at_work_when_a_request_waits_too_long_then_it_is_refused_with_a_reason(web, rules, occupied):
    rules.put(web_busy.single, max_wait_s=1)
    refused = ask(web, web_busy.single, "/here")
    assert (refused.status_code, reason(refused)) == (503, "function-busy")
    assert "no container" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) >= 1


def test_given_a_body_that_is_too_large_when_sent_then_413_whether_its_length_is_told_or_not(busy, rules):
    rules.put(web_busy.busy, max_body=200_000)
    assert busy.post("/length", content=bytes(200_000)).text == "200000"
    told = busy.post("/length", content=bytes(200_001))
    assert (told.status_code, reason(told)) == (413, "body-too-large")
    untold = busy.post("/length", content=iter([bytes(50_000)] * 40))
    assert (untold.status_code, reason(untold)) == (413, "body-too-large")


def test_given_a_client_that_goes_away_when_its_function_works_then_the_function_is_cancelled(web, busy):
    before = busy.get("/ended").json()
    with web.connect() as connection:
        connection.sendall(head("GET /hold HTTP/1.1"))
        eventually(lambda: busy.get("/ended").json() == [*before, "begun"], WAIT, "the function works")
    eventually(lambda: busy.get("/ended").json() == [*before, "begun", "cancelled"], WAIT, "the function is cancelled")


def head(line: str, *fields: str) -> bytes:
    host = urlsplit(web_busy.busy.get_web_url()).netloc
    return "\r\n".join([line, f"Host: {host}", *fields, "", ""]).encode()


def test_given_a_client_that_sends_nothing_more_when_its_time_is_over_then_408(web, busy, rules):
    rules.put(web_busy.busy, client_patience_s=1)
    answers = []
    for fields in (["Content-Length: 100"], ["Content-Length: 1000000"], ["Transfer-Encoding: chunked"]):
        with web.connect() as connection:
            connection.sendall(head("POST /length HTTP/1.1", *fields) + b"5\r\nabcde\r\n")
            answers.append(until_end(connection))
    assert [a.split(b" ")[1] for a in answers] == [b"408"] * 3


def until_end(connection: socket.socket) -> bytes:
    answer = b""
    while data := connection.recv(1 << 16):
        answer += data
    return answer


def test_given_a_client_that_takes_nothing_when_its_time_is_over_then_its_function_is_stopped(web, busy, rules):
    rules.put(web_busy.busy, client_patience_s=1)
    before = busy.get("/ended").json()
    with web.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(head("GET /large HTTP/1.1"))
        eventually(lambda: len(busy.get("/ended").json()) > len(before), WAIT, "the function is stopped")


def test_given_trailers_when_answered_over_http1_then_they_follow_the_last_chunk(web, busy):
    answer = web.raw(head("GET /trailers HTTP/1.1", "TE: trailers", "Connection: close"))
    assert answer.endswith(b"0\r\nx-sum: 4\r\n\r\n"), answer


def test_given_an_options_request_when_asked_then_it_is_the_functions_to_answer(busy):
    assert busy.options("/any").text == "OPTIONS /any"


def test_given_a_client_that_speaks_http2_when_it_asks_then_it_is_answered_with_trailers(web, busy):
    h2 = web.http2(urlsplit(web_busy.busy.get_web_url()).netloc)
    with h2:
        status, body, trailers = h2.get("/trailers")
        assert (status, body, trailers) == ("200", b"body", {"x-sum": "4"})
        assert h2.get("/here")[1] == b"GET /here"


def test_given_what_a_stranger_says_of_its_origin_when_the_function_is_asked_then_it_is_the_truth(web):
    import web_hello

    with web_hello.app.run(), web.to(web_hello.hello.get_web_url()) as hello:
        lies = {
            "forwarded": "for=6.6.6.6;proto=https",
            "x-forwarded-for": "6.6.6.6",
            "x-forwarded-proto": "https",
            "x-forwarded-host": "bank.example",
            "x-real-ip": "6.6.6.6",
        }
        answer = hello.get("/scope", headers=lies)
        scope = json.loads(answer.text)
    assert "6.6.6.6" not in answer.text
    assert "bank.example" not in answer.text
    assert scope["scheme"] == "http"


def test_given_two_hundred_requests_at_a_time_when_a_function_is_called_then_calls_and_requests_end_well(web, busy):
    async def crowd() -> list[int]:
        host = busy.headers["host"]
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(
            base_url=web.base, headers={"host": host}, limits=limits, timeout=WAIT, trust_env=False
        ) as client:
            return [answer.status_code for answer in await asyncio.gather(*(client.get("/wait/0.2") for _ in range(200)))]

    assert web_busy.twice.remote(1) == 2  # its container is there
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(lambda: asyncio.run(crowd()))
        called = 0
        while not asked.done() or called == 0:
            called += 1
            assert web_busy.twice.remote(called) == 2 * called
        assert asked.result() == [200] * 200
