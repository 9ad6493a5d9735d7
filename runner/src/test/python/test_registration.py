# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""How an allocation becomes a container, or says why it cannot."""

from __future__ import annotations

import os
import signal

import pytest
from fakes import until
from serai_runner.addresses import Addresses
from serai_runner.problems import Failed
from serai_runner.registration import parse


def test_given_an_allocation_when_it_registers_then_it_says_who_it_is(node, http):
    node.runtime("")
    node.run()
    assert http.registrations == [
        {"pool": "po-test", "allocation": "11111111-2222-3333-4444-555555555555", "index": 3, "node": os.uname().nodename}
    ]


def test_given_a_server_that_is_starting_when_it_answers_503_then_the_runner_waits(node, http):
    http.faults = [("/internal/v1/containers", 503, "not yet")] * 3
    node.runtime("print('fine')")
    run = node.run()
    assert run.out == "fine\n"


def test_given_several_servers_when_the_first_is_away_then_the_next_is_asked(node, http):
    node.runtime("print('fine')")
    assert node.run(SERAI_URL=f"http://127.0.0.1:9,{http.url},http://127.0.0.1:9").out == "fine\n"
    assert len(http.registrations) == 1


def test_given_many_allocations_then_they_do_not_all_begin_with_the_same_server():
    firsts = {Addresses.parse("http://a:1, http://b:1/,http://c:1", turn).present for turn in range(3)}
    assert firsts == {"http://a:1", "http://b:1", "http://c:1"}


def test_given_servers_that_come_and_go_then_the_present_one_stays_while_it_is_there():
    servers = Addresses(["http://a:1", "http://b:1"])
    servers.failed("http://a:1")
    servers.failed("http://a:1")  # seen by somebody else, too
    assert servers.all == ("http://b:1", "http://a:1")
    servers.renew(["http://a:1", "http://b:1", "http://c:1"])
    assert servers.all == ("http://b:1", "http://c:1", "http://a:1")
    servers.renew(["http://c:1"])
    assert servers.all == ("http://c:1",)
    servers.renew([])
    assert servers.all == ("http://c:1",)


@pytest.mark.parametrize("status", [403, 404, 409])
def test_given_a_refusal_when_it_comes_then_its_reason_is_said_and_nothing_runs(node, http, status):
    http.faults = [("/internal/v1/containers", status, "this allocation has its token already")]
    run = node.run()
    assert run.code == 1
    assert "this allocation has its token already" in run.err
    assert http.exits == []


def test_given_no_server_when_the_cluster_stops_the_allocation_then_it_ends_at_once(node):
    process = node.start(SERAI_URL="http://127.0.0.1:9")
    until(lambda: b"again" in os.read(process.stderr.fileno(), 4096), what="it says that it tries again")
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 130


def test_given_another_python_when_the_image_asks_for_it_then_the_server_learns_why_it_does_not_run(node, http):
    http.answer["python_version"] = "3.99"
    run = node.run()
    assert run.code == 1
    assert "the image asks for Python 3.99" in http.exits[0]["reason"]
    assert "the image asks for Python 3.99" in http.text(3)


def test_given_a_missing_setting_when_the_runner_starts_then_it_names_it(node):
    run = node.run(SERAI_POOL="")
    assert run.code == 1
    assert "SERAI_POOL" in run.err


def test_given_no_secret_when_the_runner_starts_then_it_says_where_it_looked(node):
    (node.directory / "secrets" / "pool-secret").unlink()
    assert "pool-secret" in node.run().err


def test_given_a_wrong_secret_when_the_runner_registers_then_it_does_not_run(node, http):
    (node.directory / "secrets" / "pool-secret").write_text("wrong")
    assert node.run().code == 1


@pytest.mark.parametrize("change", [{"container": "../../etc"}, {"token": "a,b"}, {"token": "a\nb"}, {"files": [{"path": "/x"}]},
                                    {"runtime": {"package": "modal", "version": "../1"}},
                                    {"serve": {"port": 65536, "startup_timeout_s": 30, "exit_grace_s": 0}},
                                    {"serve": {"port": 8000, "startup_timeout_s": float("inf"), "exit_grace_s": 0}},
                                    {"serve": {"port": 8000, "startup_timeout_s": 30, "exit_grace_s": -1}},
                                    {"serve": {"port": 8000}}])  # fmt: skip
def test_given_an_answer_that_could_do_harm_when_it_is_read_then_it_is_refused(http, change):
    import json

    http.answer.update(change)
    with pytest.raises(Failed):
        parse(json.dumps(http.registration()).encode())


def test_given_a_function_that_serves_when_its_assignment_is_read_then_port_and_times_are_known(http):
    import json

    assert parse(json.dumps(http.registration()).encode())[0].serve is None
    http.answer["serve"] = {"port": 8000, "startup_timeout_s": 30, "exit_grace_s": 2.5}
    assert parse(json.dumps(http.registration()).encode())[0].serve == (8000, 30, 2.5)
    http.answer["serve"] = None
    assert parse(json.dumps(http.registration()).encode())[0].serve is None
