# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""From the container's pipes to the server: order, bounds, and honesty about what is missing."""

from __future__ import annotations

import json
import re
import signal
import threading
import time

import pytest
from fakes import TOKEN, until
from launch import inside
from serai_runner.addresses import Addresses
from serai_runner.logs import BUFFER_BYTES, Allowance, Buffer, Chunk, Lines, Logs
from serai_runner.patience import Patience
from serai_runner.server import Server


@pytest.fixture
def logs(http):
    logs = Logs(lambda: Server(Addresses([http.url]), TOKEN), http.container)
    logs.start()
    yield logs
    logs.close(Patience(1))


def test_given_a_character_in_two_reads_when_it_is_decoded_then_it_is_whole():
    lines = Lines(1)
    data = "käse\n".encode()
    assert lines.feed(data[:2], 1.0) is None
    chunk = lines.feed(data[2:], 2.0)
    assert (chunk.data, chunk.at, chunk.size) == ("käse\n", 1.0, len(data))


def test_given_broken_text_when_it_is_decoded_then_it_is_replaced_and_the_rest_is_kept():
    assert Lines(1).feed(b"a\xffb\0c\n", 0.0).data == "a\ufffdb\ufffdc\n"


def test_given_a_line_that_has_not_ended_when_more_comes_then_only_complete_lines_go():
    lines = Lines(1)
    assert lines.feed(b"one\ntw", 1.0).data == "one\n"
    assert lines.feed(b"o\n", 2.0).data == "two\n"
    assert lines.feed(b"three", 3.0) is None
    assert lines.flush().data == "three"
    assert lines.flush() is None


def test_given_half_a_character_at_the_end_when_it_is_flushed_then_it_is_replaced():
    lines = Lines(1)
    lines.feed("ä".encode()[:1], 0.0)
    assert lines.flush() is None
    assert lines.flush(final=True).data == "\ufffd"


def test_given_a_long_line_when_it_does_not_end_then_it_is_not_kept_for_ever():
    assert Lines(1).feed(b"x" * (64 << 10), 0.0).size == 64 << 10


def test_given_a_full_buffer_when_more_comes_then_the_oldest_goes_and_is_counted():
    buffer = Buffer(limit=100)
    for n in range(12):
        buffer.add(Chunk(float(n), 1, f"{n:010d}", 10))
    assert buffer.dropped == 20
    assert next(chunk.data for chunk in buffer.take()) == "0000000002"
    assert buffer.size == 0


def test_given_chunks_close_together_when_they_are_of_one_stream_then_they_are_one():
    buffer = Buffer()
    buffer.add(Chunk(1.0, 1, "a\n", 2))
    buffer.add(Chunk(1.0005, 1, "b\n", 2))
    buffer.add(Chunk(1.0006, 2, "c\n", 2))
    buffer.add(Chunk(2.0, 2, "d\n", 2))
    assert [(chunk.at, chunk.fd, chunk.data) for chunk in buffer.take()] == [
        (1.0, 1, "a\nb\n"),
        (1.0006, 2, "c\n"),
        (2.0, 2, "d\n"),
    ]


def test_given_an_allowance_when_it_is_used_up_then_time_brings_it_back():
    allowance = Allowance(rate=100, burst=300, now=0.0)
    assert allowance.take(300, 0.0)
    assert not allowance.take(100, 0.5)
    assert allowance.take(100, 1.0)
    assert not allowance.take(301, 1000.0)


def test_given_output_when_it_is_shipped_then_it_arrives_soon_with_its_time(logs, http):
    at = time.time()
    began = time.monotonic()
    logs.output(1, b"hello\n", at)
    until(lambda: http.chunks, 5)
    assert time.monotonic() - began < 0.5  # some 25 ms
    assert http.chunks == [{"at": at, "fd": 1, "data": "hello\n"}]


def test_given_the_start_of_a_line_when_its_end_comes_soon_then_they_are_one_chunk(logs, http):
    logs.output(1, b"x", time.time())
    logs.output(1, b"\n", time.time())
    until(lambda: http.chunks, 5)
    assert http.text(1) == "x\n" and len(http.chunks) == 1


def test_given_a_prompt_without_an_end_of_line_then_it_arrives_all_the_same(logs, http):
    logs.output(1, b"name? ", time.time())
    until(lambda: http.text(1) == "name? ", 5)


@pytest.mark.parametrize("said", [b"", b"a line\n", b"the start of one", "ä".encode()[:1]])
def test_given_output_when_it_has_settled_then_the_server_has_it(logs, http, said):
    logs.output(1, said, time.time())
    patience = Patience(30)
    logs.settle(patience)
    assert http.text(1) == said.decode(errors="ignore")
    assert patience.left > 0


def test_given_a_server_that_takes_no_logs_when_they_settle_then_nobody_waits(logs, http):
    http.logs_status = 403
    logs.output(1, b"a line\n", time.time())
    patience = Patience(30)
    logs.settle(patience)
    assert patience.left > 0


@pytest.mark.parametrize("status", [503, 429])
def test_given_a_busy_server_when_it_recovers_then_nothing_is_missing_or_out_of_order(logs, http, status):
    http.logs_status = status
    for n in range(50):
        logs.output(1, b"%d\n" % n, time.time() + n)
    time.sleep(0.2)  # some refused attempts; none of them may lose anything
    http.logs_status = 204
    until(lambda: "49\n" in http.text(1), 10)
    assert http.text(1) == "".join(f"{n}\n" for n in range(50))


def test_given_a_server_that_is_away_for_long_when_it_is_back_then_it_learns_how_much_is_missing(http):
    logs = Logs(lambda: Server(Addresses([http.url]), TOKEN), http.container)
    logs._allowance = Allowance(1 << 40, 1 << 40, 0.0)
    http.logs_status = 503
    logs.start()
    line = b"x" * 65535 + b"\n"
    for n in range(100):
        logs.output(1, line, float(n))
    http.logs_status = 204
    logs.close(Patience(10))
    shipped = len(http.text(1))
    missing = sum(int(n) for n in re.findall(r"^(\d+) bytes of output are missing here: the server", http.text(3), re.M))
    assert missing > 0
    assert shipped + missing == 100 * 65536
    assert shipped <= BUFFER_BYTES + (1 << 20)


def test_given_a_flood_when_it_is_over_the_rate_then_what_is_dropped_is_said(node, http):
    node.runtime("""
import sys
line = "x" * 1023 + "\\n"
for n in range(16 * 1024):
    sys.stdout.write(line)
""")
    run = node.run()
    missing = sum(int(n) for n in re.findall(r"^(\d+) bytes of output are missing here", http.text(3), re.M))
    assert "more than 1 MiB a second" in http.text(3)
    assert len(run.out) == 16 << 20  # what the cluster keeps is whole
    assert missing > 1 << 20
    assert len(http.text(1)) + missing == 16 << 20


def test_given_a_server_that_takes_no_logs_when_the_container_ends_then_the_exit_is_reported(node, http):
    http.logs_status = 404
    node.runtime("print('lost'); raise SystemExit(4)")
    run = node.run(patience_s=20)
    assert run.code == 4
    assert http.exits[0]["exit_code"] == 4
    assert run.out == "lost\n"


def test_given_output_and_an_exit_then_the_exit_comes_after_all_output(node, http):
    seen = []
    original = http.exits.append

    class Exits(list):
        def append(self, item):
            seen.append(http.text(1))
            original(item)
            super().append(item)

    http.exits = Exits()
    node.runtime("import sys; sys.stdout.write('a' * 100000 + 'end')")
    node.run()
    assert seen[0].endswith("aend")


def test_given_two_streams_when_they_take_turns_then_they_stay_in_order(node, http):
    node.runtime("""
import sys, time
for n in range(5):
    print("out", n)
    time.sleep(0.02)
    print("err", n, file=sys.stderr)
    time.sleep(0.02)
""")
    node.run()
    assert [chunk["data"] for chunk in http.chunks] == [f"{s} {n}\n" for n in range(5) for s in ("out", "err")]
    times = [chunk["at"] for chunk in http.chunks]
    assert times == sorted(times)


def test_given_a_server_without_connections_left_when_the_container_ends_then_the_runner_gives_up_in_time(node, http):
    node.runtime("import time; print('up'); time.sleep(60)")
    process = node.start()
    node.text_shown(1, "up\n")
    http.stop()
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.wait(40)
    assert time.monotonic() - began < 29


def test_given_a_server_that_is_away_when_the_container_ends_then_its_last_words_wait_for_it(node, http):
    node.runtime("import time; print('up', flush=True); time.sleep(2); print('last words'); raise SystemExit(3)")
    process = node.start()
    node.text_shown(1, "up\n")
    http.stop()
    until(lambda: not inside(http.container), what="the container has ended")
    assert http.exits == []
    http.restart()
    assert process.wait(20) == 3
    assert http.text(1) == "up\nlast words\n"
    assert http.exits == [{"exit_code": 3, "signal": None, "reason": "exited with code 3"}]


def test_given_last_words_that_wait_for_the_server_when_the_cluster_wants_the_end_then_they_wait_no_longer(http):
    http.stop()
    logs = Logs(lambda: Server(Addresses([http.url]), TOKEN), http.container)
    logs.start()
    logs.output(1, b"lost\n", time.time())
    patience = Patience(600)
    closing = threading.Thread(target=logs.close, args=(patience,), daemon=True)
    closing.start()
    patience.shorten(0.2)
    closing.join(20)
    assert not closing.is_alive()


def test_given_json_when_it_is_sent_then_text_is_not_escaped_twice(logs, http):
    logs.output(2, 'käse "quoted" \\ \u2028\n'.encode(), time.time())
    until(lambda: http.chunks, 5)
    assert json.dumps(http.chunks[0]["data"]) == json.dumps('käse "quoted" \\ \u2028\n')
