# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""WebSockets: the cases of RFC 6455 frame by frame, and what a function may do with one."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import web_socket
from serai_conformance.frames import BINARY, CLOSE, CONTINUATION, TEXT, Closed, Frame, Peer, close, frame
from serai_conformance.poll import eventually
from serai_conformance.rfc6455 import GOOD_END, Case, cases
from serai_conformance.web import WAIT, Web

LONGEST = 16 << 20  # `serai.gateway.max-message`, as it stands by itself
CASES = list(cases(LONGEST))
ABREAST = 8
REPORT = os.environ.get("SERAI_WEBSOCKET_REPORT")  # a file to write what was seen to


@pytest.fixture(scope="module")
def host() -> str:
    with web_socket.app.run():
        yield urlsplit(web_socket.sockets.get_web_url()).netloc


def peer(web: Web, host: str, path: str = "/", **fields: str) -> Peer:
    return Peer((web.host, web.port), host, path, WAIT, **fields)


def outcome(web: Web, host: str, case: Case) -> str:
    """Empty if it went as the RFC has it, else what was seen."""
    try:
        with peer(web, host) as client:
            if client.status != 101:
                return f"the handshake was answered by {client.status}"
            waits = case.sent[-1] is GOOD_END and bool(case.answers)  # an echo is on its way through a queue
            sent = case.sent[:-1] if waits else case.sent
            try:
                for part in [b"".join(sent)] if case.at_once else sent:
                    client.send(part)
                seen = [client.receive() for _ in case.answers] if waits else []
                if waits:
                    client.send(GOOD_END)
            except Closed:
                seen = []  # it had enough before the end; what it said is read below
            return compare(client, case, [(f.opcode, f.payload) for f in seen])
    except (Closed, TimeoutError, AssertionError, OSError) as e:
        return f"{type(e).__name__}: {e}"


def compare(client: Peer, case: Case, seen: list[tuple[int, bytes]]) -> str:
    while True:
        try:
            received: Frame = client.receive()
        except Closed:
            return f"it ended without a close frame, after {shown(seen)}"
        if received.opcode == CLOSE:
            break
        seen.append((received.opcode, received.payload))
    # a violation may be seen before what came before it was answered; a good end comes after everything
    rightly = seen == case.answers if case.code in (1000, None) else seen == case.answers[: len(seen)]
    if not rightly:
        return f"answered {shown(seen)} instead of {shown(case.answers)}"
    if received.code != case.code:
        return f"closed with {received.code} instead of {case.code}"
    return "" if client.is_closed() else "something came after the close frame"


def shown(frames: list[tuple[int, bytes]]) -> str:
    return str([(opcode, payload[:20], len(payload)) for opcode, payload in frames])


@pytest.fixture(scope="module")
def outcomes(web, host) -> dict[str, str]:
    with peer(web, host) as first:  # from zero
        assert first.status == 101
    with ThreadPoolExecutor(ABREAST) as threads:
        found = dict(zip([c.id for c in CASES], threads.map(lambda c: outcome(web, host, c), CASES), strict=True))
    if REPORT:
        Path(REPORT).write_text(report(found), encoding="utf-8")
    return found


def report(found: dict[str, str]) -> str:
    passed = sum(not seen for seen in found.values())
    lines = [
        "# WebSocket conformance",
        "",
        f"{len(found)} cases from RFC 6455, sent frame by frame through the gateway to an echo function; {passed} went as the RFC",
        "has it. `SERAI_WEBSOCKET_REPORT=docs/websocket-conformance.md pytest conformance/test_websocket.py` writes this page.",
        "",
        "| section | case | outcome |",
        "| --- | --- | --- |",
    ]
    for case in CASES:
        lines.append(f"| {case.section} | {case.name} | {found[case.id] or 'passed'} |")
    return "\n".join(lines) + "\n"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("case", CASES, ids=[c.id for c in CASES])
def test_given_frames_when_sent_then_the_answer_is_as_the_rfc_has_it(outcomes, case):
    assert outcomes[case.id] == ""


def test_given_a_function_that_refuses_when_a_websocket_is_asked_for_then_403(web, host):
    with peer(web, host, "/refuse") as client:
        assert client.status == 403


def test_given_subprotocols_when_the_function_chooses_then_the_client_hears_of_it(web, host):
    with peer(web, host, "/choose", Sec_WebSocket_Protocol="one, two") as client:
        assert (client.status, client.headers["sec-websocket-protocol"]) == (101, "two")


def test_given_an_extension_when_offered_then_it_is_not_taken(web, host):
    with peer(web, host, "/", Sec_WebSocket_Extensions="permessage-deflate") as client:
        assert client.status == 101
        assert "sec-websocket-extensions" not in client.headers
        assert client.headers["x-mine"] == "1"  # the function's own field


def test_given_a_function_that_closes_when_read_then_code_and_reason_arrive(web, host):
    with peer(web, host, "/close") as client:
        end = client.receive()
        assert (end.opcode, end.code, end.payload[2:]) == (CLOSE, 4001, b"that was it")
        client.send(close(4001))
        assert client.is_closed()


def test_given_a_function_that_fails_when_read_then_the_close_code_says_so(web, host):
    with peer(web, host, "/fail") as client:
        assert client.receive().code == 1011


def test_given_a_function_that_returns_when_read_then_its_messages_come_before_a_normal_end(web, host):
    with peer(web, host, "/count") as client:
        assert [client.receive() for _ in range(5)] == [Frame(TEXT, str(i).encode()) for i in range(5)]
        assert client.receive().code == 1000


@pytest.mark.parametrize(("sent", "told"), [(close(4321), 4321), (close(), 1005), (b"", 1006)], ids=["code", "none", "cut"])
def test_given_a_client_that_ends_when_the_function_asks_then_it_hears_with_which_code(web, host, sent, told):
    with peer(web, host) as client:
        client.send(frame(TEXT, b"hello"))
        assert client.receive().payload == b"hello"
        client.send(sent)
    name = {"host": host}
    import httpx

    def codes() -> list[int]:
        return json.loads(httpx.get(web.base, headers=name, timeout=WAIT, trust_env=False).text)

    eventually(lambda: told in codes(), WAIT, f"a disconnect with code {told}")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Version": None}, 426),
        ({"Sec_WebSocket_Key": "c2hvcnQ="}, 400),
        ({"Sec_WebSocket_Key": "not base 64"}, 400),
        ({"Sec_WebSocket_Key": None}, 400),
        ({"Content_Length": "3"}, 400),
    ],
    ids=["version", "no version", "short key", "odd key", "no key", "body"],
)
def test_given_a_handshake_that_breaks_the_rules_when_sent_then_it_is_refused(web, host, fields, status):
    with peer(web, host, "/", **fields) as client:
        assert client.status == status


def test_given_a_large_message_in_many_frames_when_echoed_then_it_comes_back_whole(web, host):
    piece = bytes(range(256)) * 256  # 64 KiB
    with peer(web, host) as client:
        client.send(frame(BINARY, piece, fin=False), *[frame(CONTINUATION, piece, fin=False)] * 62, frame(CONTINUATION, piece))
        got = b""
        while len(got) < 64 * len(piece):
            got += client.receive().payload
        assert got == piece * 64
