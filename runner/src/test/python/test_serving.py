# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A container that serves HTTP by itself, from its first report to its end."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket

import pytest
import roots
from fakes import TOKEN, until
from launch import inside
from serai_runner import serving as serving_module
from serai_runner.addresses import Addresses
from serai_runner.registration import Serve
from serai_runner.server import Server
from serai_runner.serving import Serving
from test_door import answer
from test_network import command, parent, pids
from test_relay import exactly


class Watched:
    """What happens to a container without one: this process listens or does not."""

    def __init__(self, http, beat_s: float = 60, **times: float) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.signals: list[int] = []
        self.kills = 0
        servers = Addresses([http.url])
        serve = Serve(self.port, **{"startup_timeout_s": 60, "exit_grace_s": 0, **times})
        self.serving = Serving(serve, None, servers, lambda: Server(servers, TOKEN, 5), http.container, beat_s)
        self.serving.start(self.signals.append, self._kill)

    def _kill(self) -> None:
        self.kills += 1

    def listen(self) -> socket.socket:
        return socket.create_server(("127.0.0.1", self.port))


@pytest.fixture
def watch(http):
    made = []

    def begin(**given) -> Watched:
        made.append(Watched(http, **given))
        return made[-1]

    yield begin
    for one in made:
        one.serving.close()


def told(http) -> list[bool]:
    return [door["listening"] for door in http.doors]


def enter(door: dict, said: bytes = b"") -> socket.socket:
    client = socket.create_connection((door["host"], door["port"]), 20)
    client.sendall(door["token"].encode() + b"\n" + said)
    return client


def is_closed(door: dict) -> bool:
    try:
        enter(door).close()
    except ConnectionError:
        return True
    return False


def test_given_a_program_when_it_listens_and_listens_no_more_then_each_change_is_told_with_the_door(http, watch):
    watched = watch()
    until(lambda: told(http) == [False])
    with watched.listen():
        until(lambda: told(http) == [False, True])
    until(lambda: told(http) == [False, True, False])
    with watched.listen():
        until(lambda: told(http) == [False, True, False, True])
    first = http.doors[0]
    assert all({**door, "listening": False} == first for door in http.doors)
    assert first["host"] == "127.0.0.1" and set(first) == {"host", "port", "token", "listening"} and len(first["token"]) >= 43
    assert watched.serving.reason == "" and watched.kills == 0


def test_given_nothing_new_then_it_is_told_at_each_beat(http, watch):
    watch(beat_s=0.05)
    until(lambda: told(http)[:4] == [False] * 4)


def test_given_a_server_that_is_away_when_it_is_back_then_it_is_told_what_is_so_then(http, watch, capfd):
    http.faults = [(f"/internal/v1/containers/{http.container}/door", 503, "not yet")] * 2
    watched = watch(beat_s=0.1)
    with watched.listen():
        until(lambda: told(http)[-1:] == [True])
        http.stop()
        until(lambda: "refused" in capfd.readouterr().err)  # a beat that nobody heard
        http.doors.clear()
        http.restart()
        until(lambda: told(http)[-2:] == [True, True])
    assert watched.serving.reason == ""


@pytest.mark.parametrize("status", [403, 404])
def test_given_a_server_that_has_no_such_container_then_it_ends(http, watch, status):
    http.faults = [(f"/internal/v1/containers/{http.container}/door", status, "it has ended")]
    watched = watch()
    until(lambda: watched.kills == 1)
    assert "the server has no such container any more" in watched.serving.reason and "it has ended" in watched.serving.reason


def test_given_a_program_that_never_listens_when_its_time_is_over_then_the_container_ends_with_what_to_do(http, watch):
    watched = watch(startup_timeout_s=0.3)
    until(lambda: watched.kills == 1)
    assert watched.serving.reason == (
        f"nothing listens on port {watched.port} after 0.3 s: start the server in a method with @modal.enter()"
    )
    assert not any(told(http))


def test_given_a_program_that_listens_no_more_when_it_does_not_come_back_then_the_container_ends(http, watch, monkeypatch):
    monkeypatch.setattr(serving_module, "LOST_S", 0.3)
    monkeypatch.setattr(serving_module, "LOOK_S", 0.05)
    watched = watch(startup_timeout_s=5)
    with watched.listen():
        until(lambda: told(http)[-1:] == [True])
    until(lambda: watched.kills == 1)
    assert watched.serving.reason == f"nothing listens on port {watched.port} any more"


def test_given_an_open_connection_when_a_signal_comes_then_it_is_passed_on_at_the_connection_s_end(http, watch):
    watched = watch(exit_grace_s=60)
    with watched.listen() as listener:
        until(lambda: told(http)[-1:] == [True])
        client = enter(http.doors[-1], b"x")
        inside, _ = listener.accept()
        exactly(inside, 1)
        watched.serving.signal(signal.SIGTERM)
        until(lambda: told(http)[-1] is False)
        until(lambda: is_closed(http.doors[-1]))
        inside.sendall(b"answer")
        assert exactly(client, 6) == b"answer"
        assert watched.signals == []
        inside.close()
        assert answer(client) == b""
        until(lambda: watched.signals == [signal.SIGTERM])
        client.close()
        watched.serving.signal(signal.SIGINT)
        until(lambda: watched.signals == [signal.SIGTERM, signal.SIGINT])
    assert watched.serving.reason == ""


@pytest.mark.parametrize("further", [False, True])
def test_given_an_open_connection_when_the_grace_is_over_or_a_further_signal_comes_then_it_is_passed_on(http, watch, further):
    watched = watch(exit_grace_s=600 if further else 0.2)
    with watched.listen():
        until(lambda: told(http)[-1:] == [True])
        with enter(http.doors[-1], b"x"):
            until(lambda: watched.serving._door.is_busy)
            watched.serving.signal(signal.SIGINT)
            if further:
                watched.serving.signal(signal.SIGTERM)
            until(lambda: watched.signals == [signal.SIGINT])
            until(lambda: told(http)[-1] is False)
            assert watched.serving._door.is_busy  # it is the program's to end it


# What a runtime does for such a function: it lets the task's code begin, and waits for a signal.
RUNTIME = """
import http.server, signal, socket, sys, threading, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        print("asked", flush=True)
        time.sleep(float(self.path[1:] or 0))
        body = b"from inside " + self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

class Server(http.server.ThreadingHTTPServer):
    address_family = socket.FAMILY
    daemon_threads = False

ended = threading.Event()
for signum in (signal.SIGINT, signal.SIGTERM):
    signal.signal(signum, lambda n, _: (print("signal", n, flush=True), ended.set()))
server = Server((ADDRESS, 8000), Handler)
serving = threading.Thread(target=server.serve_forever, args=(0.01,))
serving.start()
ended.wait()
server.shutdown()
serving.join()
server.server_close()  # waits for answers
"""


def runtime(family: str = "AF_INET", address: str = "0.0.0.0", port: int = 8000) -> str:
    return RUNTIME.replace("socket.FAMILY", f"socket.{family}").replace("ADDRESS", repr(address)).replace("8000", str(port))


def serves(http, **times: float) -> None:
    http.answer["serve"] = {"port": 8000, "startup_timeout_s": 30, "exit_grace_s": 0, **times}


def ask(http, path: str = "/0") -> socket.socket:
    """Sends a request by the door, as soon as there is one."""
    until(lambda: told(http)[-1:] == [True], what=f"{http.doors} {http.text(2)} {http.exits}")
    return enter(http.doors[-1], f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())


def whole(client: socket.socket) -> bytes:
    got = b""
    while part := client.recv(1000):
        got += part
    return got


@pytest.mark.parametrize("block_network", [False, True])
@pytest.mark.parametrize(("family", "address"), [("AF_INET", "0.0.0.0"), ("AF_INET6", "::1")])
def test_given_a_container_that_serves_when_it_is_asked_by_its_door_then_it_answers_until_it_is_stopped(
    node, http, block_network, family, address
):
    http.answer["block_network"] = block_network
    serves(http)
    node.runtime(runtime(family, address))
    process = node.start()
    for _ in range(3):
        with ask(http) as client:
            assert whole(client).endswith(b"from inside /0")
    below = [pid for pid in pids() if parent(pid) == process.pid]
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0, http.text(2) + str(http.exits)
    assert told(http)[0] is False
    assert http.exits == [{"exit_code": 0, "signal": None, "reason": "ended"}]
    assert "signal 15" in http.text(1)
    assert not any(command(pid) for pid in below)


def test_given_an_ordinary_users_runner_when_its_container_serves_then_the_door_leads_there(ordinary, own_by_nobody, http):
    serves(http)
    ordinary.runtime(runtime())
    own_by_nobody(ordinary)
    process = ordinary.start()
    with ask(http) as client:
        assert whole(client).endswith(b"from inside /0")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0, http.text(2) + str(http.exits)


def test_given_an_image_of_its_own_when_its_container_serves_then_the_door_leads_there(node, http, base):
    http.answer.update(root={"base": base, "layers": []}, python_version=roots.python())
    serves(http)
    node.runtime(runtime(), f"cp{roots.python().replace('.', '')}")
    process = node.start()
    with ask(http) as client:
        assert whole(client).endswith(b"from inside /0")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0, http.text(2) + str(http.exits)


def test_given_an_operator_who_shares_the_nodes_network_when_a_container_serves_then_the_door_leads_there(node, http):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serves(http, port=port)
    node.runtime(runtime(port=port))
    process = node.start(SERAI_NETWORK="node")
    with ask(http) as client:
        assert whole(client).endswith(b"from inside /0")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0, http.text(2) + str(http.exits)


def test_given_a_request_under_way_when_the_cluster_ends_the_container_then_it_has_its_grace(node, http):
    serves(http, exit_grace_s=60)
    node.runtime(runtime())
    process = node.start()
    with ask(http, "/1") as client:
        node.text_shown(1, "asked")
        process.send_signal(signal.SIGINT)
        until(lambda: told(http)[-1] is False)
        assert whole(client).endswith(b"from inside /1")
    assert process.wait(20) == 0, http.text(2) + str(http.exits)
    assert http.text(1).endswith("signal 2\n")


def test_given_a_runtime_that_starts_no_server_when_its_time_is_over_then_that_is_its_end(node, http):
    serves(http, startup_timeout_s=1)
    node.runtime("import time; time.sleep(600)")
    assert node.run().code == 1
    reason = "nothing listens on port 8000 after 1 s: start the server in a method with @modal.enter()"
    assert http.exits == [{"exit_code": 1, "signal": None, "reason": reason}]


def test_given_a_runtime_that_fails_when_it_starts_then_its_own_code_is_told(node, http):
    serves(http)
    node.runtime("raise SystemExit(3)")
    assert node.run().code == 3
    assert http.exits == [{"exit_code": 3, "signal": None, "reason": "exited with code 3"}]


def test_given_a_server_that_has_no_such_container_when_it_is_told_of_the_door_then_the_container_ends(node, http):
    http.faults = [(f"/internal/v1/containers/{http.container}/door", 404, "it has ended")]
    serves(http)
    node.runtime("import time; time.sleep(600)")
    assert node.run().code == 1
    until(lambda: not inside(http.container))
    assert "it has ended" in http.exits[0]["reason"]


def test_given_a_container_that_serves_when_its_runner_is_killed_then_nothing_of_it_is_left(node, http):
    serves(http)
    node.runtime(runtime())
    process = node.start()
    with ask(http) as client:
        whole(client)
    below = [pid for pid in pids() if parent(pid) == process.pid]
    makers = [pid for pid in below if str(node.packed) in command(pid)]
    assert len(makers) == 1, [command(pid) for pid in below]
    held = [os.readlink(path) for path in pathlib.Path(f"/proc/{makers[0]}/fd").iterdir() if int(path.name) > 2]
    assert len(held) == 1, held  # what it is asked by; nothing of the runner's own connections
    process.send_signal(signal.SIGKILL)
    process.wait()
    until(lambda: not any(command(pid) for pid in below), what=str([command(pid) for pid in below]))


def test_given_a_container_that_serves_then_its_token_is_told_to_the_server_alone(node, http):
    serves(http)
    node.runtime("import json, os; print(json.dumps(dict(os.environ)), flush=True)\n" + runtime())
    process = node.start()
    with ask(http) as client:
        whole(client)
    token = http.doors[-1]["token"]
    assert token not in json.dumps(http.chunks)
    assert not any(token in command(pid) for pid in pids())
    process.send_signal(signal.SIGINT)
    process.wait(20)
    assert token.encode() not in process.stderr.read()
