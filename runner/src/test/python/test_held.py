# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What a runtime sends while there is no server: kept byte by byte, and its keep-alive questions answered."""

from __future__ import annotations

import asyncio
import threading

import pytest
from fakes import RpcServer
from serai_runner.addresses import Addresses
from serai_runner.held import PREFACE, Held
from serai_runner.relay import Relay

SETTINGS = bytes.fromhex("000000 04 00 00000000")
HEADERS = bytes.fromhex("000003 01 04 00000001") + b"abc"
PING = bytes.fromhex("000008 06 00 00000000") + b"question"
PONG = bytes.fromhex("000008 06 01 00000000") + b"question"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_given_pings_among_frames_when_they_come_in_any_parts_then_they_are_answered_and_the_rest_is_kept(size):
    held, sent, answers = Held(), PREFACE + SETTINGS + PING + HEADERS + PING + HEADERS, b""
    for at in range(0, len(sent), size):
        answers += held.feed(sent[at : at + size])
    assert answers == PONG * 2
    assert held.data == PREFACE + SETTINGS + HEADERS + HEADERS


def test_given_the_start_of_a_frame_when_the_rest_has_not_come_then_it_is_kept():
    held = Held()
    assert held.feed(PREFACE + PING[:-1]) == b""
    assert held.data == PREFACE + PING[:-1]


@pytest.mark.parametrize("sent", [PONG, PING[:2] + b"\x07" + PING[3:-1], b"GET / HTTP/1.1\r\n\r\n" + PING, PREFACE[:10]])
def test_given_anything_else_then_it_is_kept_as_it_is(sent):
    held = Held()
    begin = b"" if sent[:1].isalpha() else PREFACE
    assert held.feed(begin + sent) == b""
    assert held.data == begin + sent


def test_given_an_impatient_client_when_the_server_comes_back_then_its_first_request_is_answered_once(tmp_path):
    """The client of the runtime, which hangs up when its pings are not answered: here after 0.2 s instead of 40."""
    pytest.importorskip("modal_proto")
    told = []
    with RpcServer("app", "f") as rpc:
        relay = Relay(str(tmp_path / "s"), Addresses([rpc.url]), told.append)
        relay.start()
        rpc.stop()
        threading.Timer(1.5, rpc.restart).start()
        asyncio.run(_hello(str(tmp_path / "s")))
        relay.close()
        assert len(rpc.headers) == 1
    assert "answers again after" in told[-1]


async def _hello(path: str) -> None:
    from google.protobuf.empty_pb2 import Empty
    from grpclib.client import Channel
    from grpclib.config import Configuration
    from modal_proto import api_grpc

    impatient = Configuration(
        _keepalive_time=0.1,
        _keepalive_timeout=0.1,
        _keepalive_permit_without_calls=True,
        _http2_max_pings_without_data=0,
        _http2_min_sent_ping_interval_without_data=0.05,
    )
    async with Channel(path=path, config=impatient) as channel:
        await api_grpc.ModalClientStub(channel).ContainerHello(Empty())
