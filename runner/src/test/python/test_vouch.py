# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Headers that are added on the way are what a server reads, and nothing else changes."""

from __future__ import annotations

import pytest
from serai_runner.vouch import Vouching, can_vouch

h2_connection = pytest.importorskip("h2.connection")
h2_config = pytest.importorskip("h2.config")
h2_events = pytest.importorskip("h2.events")

REQUEST = [(":method", "POST"), (":scheme", "http"), (":path", "/s/M"), (":authority", "x"), ("te", "trailers")]
FIELDS = {"x-serai-container": "ta-1", "x-serai-secret": "ta-1." + "s" * 300}


def client():
    return h2_connection.H2Connection(h2_config.H2Configuration(client_side=True, header_encoding="utf-8"))


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_given_requests_in_pieces_when_vouched_for_then_each_has_the_fields_and_its_own_headers_and_data(size: int):
    sender = client()
    receiver = h2_connection.H2Connection(h2_config.H2Configuration(client_side=False, header_encoding="utf-8"))
    sender.initiate_connection()
    for stream in (1, 3, 5):
        sender.send_headers(stream, [*REQUEST, ("x-number", str(stream)), ("x-long", "y" * 9_000)])
        sender.send_data(stream, b"d" * 5_000, end_stream=True)
    sender.ping(b"12345678")
    content = sender.data_to_send()
    vouching, events = Vouching(FIELDS), []
    for at in range(0, len(content), size):
        events += receiver.receive_data(vouching.feed(content[at : at + size]))
    requests = [e for e in events if isinstance(e, h2_events.RequestReceived)]
    assert [e.stream_id for e in requests] == [1, 3, 5]
    for request in requests:
        headers = dict(request.headers)
        assert {name: headers[name] for name in FIELDS} == FIELDS
        assert headers["x-number"] == str(request.stream_id) and headers[":path"] == "/s/M"
    assert sum(len(e.data) for e in events if isinstance(e, h2_events.DataReceived)) == 15_000
    assert any(isinstance(e, h2_events.PingReceived) for e in events)


@pytest.mark.parametrize(("version", "can"), [("1.0.0", False), ("1.5.2", False), ("1.5.3", True), ("1.10.0", True), ("2.0", True)])
def test_given_a_runtimes_version_when_asked_then_it_is_known_whether_it_adds_headers_itself(version: str, can: bool):
    assert can_vouch(version) is can
