# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The unmodified container runtime, in a sandbox, against a server that speaks its protocol."""

from __future__ import annotations

import signal

import pytest
from fakes import RpcServer, until

APP = '''
import sys, time
import modal

app = modal.App("tests")

@app.function()
def f(x):
    print("hello", x)
    print("trouble", file=sys.stderr)
    return x * x

@app.function()
def waits(x):
    print("waiting")
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        print("interrupted")
        raise
'''


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
