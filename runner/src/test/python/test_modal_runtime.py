# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The unmodified container runtime, in a sandbox, against a server that speaks its protocol."""

from __future__ import annotations

import signal
import time

import pytest
from fakes import RpcServer, until
from launch import inside

APP = """
import sys, time
import modal

app = modal.App("tests")

@app.function()
def f(x):
    print("hello", x)
    print("trouble", file=sys.stderr)
    return x * x
"""

WAITS = """
import time
import modal

app = modal.App("tests")


@app.function()
def f(x):
    print("waiting")
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        print("interrupted")
        raise
"""


@pytest.fixture
def rpc():
    pytest.importorskip("modal_proto")
    with RpcServer("app", "f") as rpc:
        yield rpc


def test_given_an_input_when_the_function_returns_then_output_logs_and_exit_reach_the_server(node, http, rpc):
    http.add_file("/root/app.py", APP)
    node.modal(rpc)
    rpc.put(12)
    rpc.end()
    run = node.run(patience_s=120)
    assert rpc.values() == [144], run.err
    assert http.text(1) == "hello 12\n" == run.out
    assert "trouble\n" in http.text(2)
    assert http.exits == [{"exit_code": 0, "signal": None, "reason": "ended"}]
    assert run.code == 0
    assert rpc.headers[0]["x-serai-container"] == http.container
    assert rpc.headers[0]["x-serai-secret"] == "container-token-of-the-tests"
    assert not list(node.containers.iterdir())


def test_given_a_busy_function_when_the_cluster_sends_sigint_then_it_is_interrupted_once_and_ends_well(node, http, rpc):
    http.add_file("/root/app.py", WAITS)
    node.modal(rpc)
    rpc.put(1)
    process = node.start()
    node.text_shown(1, "waiting\n")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert http.text(1).count("interrupted") == 1
    assert http.exits == [{"exit_code": 0, "signal": None, "reason": "ended"}]
    assert rpc.outputs == [] and rpc.results == []


def test_given_an_idle_container_when_the_whole_group_gets_sigint_then_it_ends_well(node, http, rpc):
    import os

    http.add_file("/root/app.py", APP)
    node.modal(rpc)
    process = node.start()
    until(lambda: rpc.waiting, 60, "the container asks for inputs")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(20) == 0
    assert http.exits == [{"exit_code": 0, "signal": None, "reason": "ended"}]


def test_given_a_server_that_comes_back_when_inputs_wait_then_the_runtime_finds_them(node, http, rpc):
    http.add_file("/root/app.py", APP)
    node.modal(rpc)
    process = node.start()
    until(lambda: rpc.waiting, 60, "the container asks for inputs")
    rpc.stop()
    rpc.put(3)
    rpc.end()
    rpc.restart()
    assert process.wait(60) == 0
    assert rpc.values() == [9]


SLOW = """
import time
import modal

app = modal.App("tests")

@app.function()
def f(x):
    print("busy")
    time.sleep(0.5)
    print("done")
    return x * x
"""


@pytest.mark.parametrize("moment", ["idle", "busy", "done"])
def test_given_a_server_that_is_away_when_it_is_back_then_the_container_goes_on_and_each_result_is_taken_once(
    node, http, rpc, moment
):
    http.add_file("/root/app.py", SLOW)
    node.modal(rpc)
    process = node.start()
    until(lambda: rpc.waiting, 60, "the container asks for inputs")
    if moment != "idle":
        rpc.put(3)
        node.text_shown(1, moment)
    rpc.stop()
    time.sleep(2)  # the outage: three times as long as the runtime goes on trying
    assert process.poll() is None
    rpc.put(4)
    rpc.end()
    rpc.restart()
    assert process.wait(60) == 0
    assert rpc.values() == ([16] if moment == "idle" else [9, 16])
    assert [e["exit_code"] for e in http.exits] == [0]


def test_given_a_runner_that_is_killed_then_nothing_of_its_container_is_left(node, http, rpc):
    http.add_file("/root/app.py", APP)
    node.modal(rpc)
    process = node.start()
    until(lambda: rpc.waiting, 60, "the container asks for inputs")
    assert inside(http.container)
    process.kill()
    process.wait()
    until(lambda: not inside(http.container), 5, "the sandbox dies with its runner")


def test_given_broken_user_code_when_it_is_imported_then_its_traceback_is_in_the_log(node, http, rpc):
    http.add_file("/root/app.py", "raise RuntimeError('no such luck')\n")
    node.modal(rpc)
    began = time.monotonic()
    node.run()
    assert "no such luck" in http.text(2)
    assert rpc.results and time.monotonic() - began < 30
