# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Servers (`app.server`): requests straight to a container's port, from zero, and all that can go wrong on the way."""

import hashlib
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import modal
import pytest
import serving
from serai_conformance import terminal
from serai_conformance.nomad import Nomad
from serai_conformance.platform import Platform, api
from serai_conformance.poll import eventually
from serai_conformance.web import Web, reason
from websockets.sync.client import connect

TO_ZERO_WITHIN = 30


@pytest.fixture(scope="module")
def running():
    with modal.enable_output(), serving.app.run():
        yield serving.app


@pytest.fixture(scope="module")
def web() -> Web:
    return Web.of_environment()


@pytest.fixture(scope="module")
def plain(running, web):
    with web.to(serving.Plain.get_url()) as client:
        yield client


def test_given_a_server_at_zero_when_asked_then_it_answers_and_sees_the_request_as_it_was_sent(plain):
    answer = plain.get("/a%2Fb/%7Ec?x=%20y&z", headers={"x-mine": "1", "x-forwarded-for": "1.2.3.4", "te": "trailers"})
    assert answer.status_code == 200 and answer.headers["x-kept"] == "a=b" and "keep-alive" not in answer.headers
    seen = answer.json()
    assert seen["path"] == "/a%2Fb/%7Ec?x=%20y&z"
    fields = {name.lower(): value for name, value in seen["fields"]}
    assert fields["host"] == urlsplit(serving.Plain.get_url()).netloc
    assert fields["x-mine"] == "1"
    assert fields["x-forwarded-for"] == "127.0.0.1"
    assert fields["x-forwarded-proto"] == "http"
    assert "te" not in fields and "connection" not in fields


def test_given_a_server_that_was_asked_at_zero_when_its_events_are_read_then_no_look_at_it_has_failed(plain, platform: Platform):
    assert plain.get("/").status_code == 200
    with api(platform.api_token) as client:
        events = client.get(f"/functions/{serving.Plain.object_id}/events").raise_for_status().json()["items"]
    assert {event["kind"] for event in events} >= {"SCALED", "ADMITTED"}
    assert not [event for event in events if "failed to scale" in (event["reason"] or "")]


def test_given_bodies_when_sent_by_length_and_in_chunks_then_both_arrive_whole(plain):
    body = os.urandom(1 << 20) * 24
    expected = {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    by_length = plain.post("/", content=body)
    assert by_length.status_code == 201 and by_length.json() == expected
    in_chunks = plain.post("/", content=(body[i : i + 100_000] for i in range(0, len(body), 100_000)))
    assert in_chunks.json() == expected


def test_given_a_large_answer_when_read_slowly_then_it_is_whole(plain):
    size = 64 << 20
    with plain.stream("GET", f"/large?{size}") as answer:
        assert int(answer.headers["content-length"]) == size
        pieces = answer.iter_raw(1 << 16)
        assert next(pieces)[:1] == b"x"
        time.sleep(0.5)
        assert (1 << 16) + sum(map(len, pieces)) == size


def test_given_a_head_request_when_asked_then_the_length_is_told(plain):
    answer = plain.head("/large?1234")
    assert answer.headers["content-length"] == "1234" and answer.content == b""


def test_given_a_client_that_wants_to_know_when_answered_then_server_timing_says_where_the_time_went(plain):
    for _ in range(3):  # of which the later ones find a connection to the container
        fields = plain.get("/", headers={"serai-timing": "1"}).headers
        told = dict(part.split(";dur=") for part in fields["server-timing"].split(", "))
        assert told.keys() == {"queue", "start", "run"} and all(float(millis) >= 0 for millis in told.values())
    assert "server-timing" not in plain.get("/").headers


def test_given_a_stream_when_read_then_pieces_come_as_they_are_sent(plain):
    arrivals = []
    with plain.stream("GET", "/stream?5") as answer:
        text = b""
        for piece in answer.iter_raw():
            arrivals.append(time.monotonic())
            text += piece
    assert text == b"".join(b"piece %d" % i for i in range(5))
    assert arrivals[-1] - arrivals[0] > 0.4  # not all at the end


def test_given_trailers_when_asked_in_chunks_then_they_arrive(plain, web):
    host = urlsplit(serving.Plain.get_url()).netloc
    request = f"GET /stream?1 HTTP/1.1\r\nhost: {host}\r\nte: trailers\r\nconnection: close\r\n\r\n"
    assert web.raw(request.encode()).endswith(b"0\r\nx-pieces: 1\r\n\r\n")


def test_given_a_websocket_when_texts_are_sent_then_they_come_back(plain, web):
    host = urlsplit(serving.Plain.get_url()).netloc
    with connect(f"ws://{host}/socket", sock=web.connect()) as socket:
        for text in ("hello", "again"):
            socket.send(text)
            assert socket.recv(timeout=60) == text.upper()
    assert socket.close_code == 1000


@pytest.mark.parametrize(("path", "found"), [("/cut", None), ("/garbage", 502)])
def test_given_an_answer_that_breaks_off_when_asked_then_it_is_not_taken_for_a_whole_one(plain, path, found):
    if found is None:
        with pytest.raises(httpx.RemoteProtocolError):
            plain.get(path)
    else:
        answer = plain.get(path)
        assert answer.status_code == found and reason(answer) == "function-broken"


def test_given_a_client_that_leaves_when_asked_again_then_the_server_answers(plain, web):
    host = urlsplit(serving.Plain.get_url()).netloc
    with web.connect() as connection:
        connection.sendall(f"GET /stream?50 HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
        assert connection.recv(100)
    assert plain.get("/").status_code == 200


def test_given_more_requests_than_a_container_should_have_when_they_run_then_there_are_two_and_none_at_the_end(
    running, plain, nomad: Nomad
):
    tasks = set()
    over = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=plain.base_url, headers=plain.headers, timeout=100, trust_env=False) as client:
            while not over.is_set():
                tasks.add(client.get("/slow?0.3").text)

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            eventually(lambda: len(tasks) == 2, 90, "requests in two containers")
        finally:
            over.set()
        for each in asking:
            each.result()
    (job,) = nomad.jobs(running.app_id, "Plain")
    eventually(lambda: nomad.is_at_zero(job["ID"]), TO_ZERO_WITHIN, "no container once the window is over")
    assert plain.get("/").status_code == 200  # and from zero again


def test_given_a_server_that_dies_when_asked_again_then_another_container_answers(plain):
    before = plain.get("/").json()["task"]
    died = plain.get("/die")
    assert died.status_code == 502 and reason(died) == "function-broken"
    eventually(lambda: (answer := plain.get("/")).status_code == 200 and answer.json()["task"] != before, 60, "another container")


def test_given_a_server_that_stops_listening_when_asked_later_then_its_container_was_replaced(plain):
    before = plain.get("/").json()["task"]
    plain.get("/deaf")
    eventually(lambda: (answer := plain.get("/")).status_code == 200 and answer.json()["task"] != before, 60, "another container")


@pytest.fixture
def token() -> dict[str, str]:
    made = json.loads(terminal.modal("workspace", "proxy-tokens", "create", "--name", "a server", "--json").ok().stdout)
    yield made
    terminal.modal("workspace", "proxy-tokens", "delete", "--yes", made["Modal-Key"])


def test_given_a_guarded_server_when_asked_then_only_with_a_token_and_not_more_than_it_may_have(running, web, token):
    with web.to(serving.Guarded.get_url()) as client:
        assert client.get("/").status_code == 401
        client.headers.update({"modal-key": token["Modal-Key"], "modal-secret": token["Modal-Secret"]})
        answer = client.get("/")
        assert answer.status_code == 200
        assert not {"modal-key", "modal-secret"} & {name.lower() for name, _ in answer.json()["fields"]}

        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(eventually, lambda: (a := client.get("/slow?3")).status_code == 200 and a, 60, "it has a place")
            full = eventually(lambda: (a := client.get("/")).status_code == 429 and a, 30, "a request too many is refused")
            assert reason(full) == "server-full" and full.headers["retry-after"] == "1"
            assert slow.result().status_code == 200


def test_given_a_program_that_listens_late_when_asked_then_the_request_waits_for_it(running, web):
    with web.to(serving.Files.get_url()) as client:
        answer = client.get("/serving.py")
        assert answer.status_code == 200 and "http.server 8123" in answer.text
        assert client.get("/nothing").status_code == 404


def test_given_a_server_that_never_listens_when_asked_then_the_reason_is_told(running, web):
    with web.to(serving.Silent.get_url()) as client:
        answer = client.get("/")
    assert answer.status_code == 503
    assert "nothing listens on port 9999" in answer.json()["detail"]


def test_given_a_server_when_it_is_called_as_a_function_then_its_url_is_named(running, platform: Platform):
    with api(platform.api_token) as client:
        refused = client.post(f"/functions/{serving.Plain.object_id}/calls", json={"args": []})
    assert refused.status_code == 400 and "it is asked by HTTP, at its URL" in refused.json()["detail"]


def test_given_a_server_when_its_handle_is_asked_then_it_tells_url_settings_and_containers(plain):
    task = plain.get("/").json()["task"]
    server = modal.Server.from_id(serving.Plain.object_id)
    assert server.get_url() == serving.Plain.get_url()
    assert [c.container_id for c in server._experimental_list_containers()] == [task]
    settings = server.autoscaler.settings()
    assert (settings.max_containers, settings.target_concurrency, settings.scaledown_window) == (2, 2, 4)
    info = server.info()
    assert (info.port, info.unauthenticated, info.server_url) == (serving.PORT, True, serving.Plain.get_url())


def test_given_a_request_under_way_when_the_container_is_stopped_then_it_has_the_grace_period(running, web):
    with web.to(serving.Patient.get_url()) as client:
        task = client.get("/").json()["task"]
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(client.get, "/slow?4")
            eventually(lambda: client.get("/").status_code == 200, 10, "the slow request is under way")
            terminal.modal("container", "stop", task, "--yes").ok()
            assert slow.result().status_code == 200


def test_given_a_request_that_waits_when_its_server_is_deployed_again_then_the_new_version_answers(
    web, app_name: str, nomad: Nomad
):
    terminal.modal("deploy", "--name", app_name, "replaced.py", REPLACED_DELAY="500").ok()
    server = modal.Server.from_name(app_name, "Replaced")
    with web.to(server.get_url()) as client, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get, "/replaced.py")
        eventually(lambda: nomad.jobs(app_name, "Replaced"), 60, "the first version starts")
        terminal.modal("deploy", "--name", app_name, "replaced.py").ok()
        assert waiting.result().status_code == 200
