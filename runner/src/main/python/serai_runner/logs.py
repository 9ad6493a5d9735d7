# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What a container prints: taken from its pipes as it comes, kept in bounds, brought to the server in batches.

Everything is also written to the runner's own output, which is what the cluster keeps: what is dropped here is there.
"""

from __future__ import annotations

import codecs
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable

from . import messages
from .patience import AWAY_S, Patience
from .problems import Refused, Unavailable
from .server import Server

LINGER_S = 0.02  # from the first byte to its batch
TAIL_S = 0.05  # how long the start of a line waits for its end
READ_BYTES = 64 << 10
BATCH_BYTES = 512 << 10
BUFFER_BYTES = 4 << 20  # while the server is away
RATE_BYTES = 1 << 20  # a second, for long
BURST_BYTES = 3 << 20  # at once; less than the buffer, so that a burst alone never fills it
NOTICE_S = 1.0  # between two remarks on what the rate limit dropped
MERGE_S = 0.001  # chunks of one stream this close are one
PLATFORM = 3  # the file descriptor number of our own messages


class Chunk:
    """Text of one stream and when its first byte came, in seconds since 1970."""

    __slots__ = ("at", "fd", "data", "size")

    def __init__(self, at: float, fd: int, data: str, size: int) -> None:
        self.at, self.fd, self.data, self.size = at, fd, data, size


class Lines:
    """Bytes of one stream to text that ends with a line where it can. Broken UTF-8 becomes U+FFFD; so does NUL, which
    databases refuse in text."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._tail, self._size, self.since = "", 0, 0.0

    @property
    def waiting(self) -> bool:
        return bool(self._tail)

    def feed(self, data: bytes, at: float) -> Chunk | None:
        """@return the complete lines, stamped with the arrival of their first byte"""
        if not self._size:
            self.since = at
        self._size += len(data)
        text = self._tail + self._decoder.decode(data).replace("\0", "\ufffd")
        end = len(text) if len(text) >= READ_BYTES else text.rfind("\n") + 1
        self._tail = text[end:]
        if not end:
            return None
        rest = len(self._tail.encode())
        chunk = Chunk(self.since, self._fd, text[:end], self._size - rest)
        self.since, self._size = at, rest
        return chunk

    def flush(self, final: bool = False) -> Chunk | None:
        """@return what is there of a line that has not ended; *final*: also of a character"""
        text = self._tail + (self._decoder.decode(b"", True) if final else "")
        if not text:
            return None
        chunk = Chunk(self.since, self._fd, text, self._size)
        self._tail, self._size = "", 0
        return chunk


class Allowance:
    """A token bucket over bytes."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst, self._left, self._at = rate, burst, burst, now

    def take(self, size: int, now: float) -> bool:
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if size > self._left:
            return False
        self._left -= size
        return True


class Buffer:
    """Chunks that wait to be sent, at most *limit* bytes of them: the oldest go first, and how much is remembered."""

    def __init__(self, limit: int = BUFFER_BYTES) -> None:
        self._chunks: deque[Chunk] = deque()
        self._limit, self.size, self.dropped = limit, 0, 0

    def add(self, chunk: Chunk) -> None:
        last = self._chunks[-1] if self._chunks else None
        if last and last.fd == chunk.fd and chunk.at - last.at < MERGE_S and last.size < READ_BYTES:
            last.data += chunk.data
            last.size += chunk.size
        else:
            self._chunks.append(chunk)
        self.size += chunk.size
        while self.size > self._limit:
            oldest = self._chunks.popleft()
            self.size -= oldest.size
            self.dropped += oldest.size

    def take(self, size: int = BATCH_BYTES) -> list[Chunk]:
        """@return the oldest chunks, at least one if there is one, up to about *size* bytes"""
        batch: list[Chunk] = []
        while self._chunks and size > 0:
            chunk = self._chunks.popleft()
            self.size -= chunk.size
            size -= chunk.size
            batch.append(chunk)
        return batch


class Logs:
    """Takes output from any thread and ships it from one of its own."""

    def __init__(self, connect: Callable[[], Server], name: str, kind: str = "containers") -> None:
        self._connect, self._path = connect, f"/internal/v1/{kind}/{name}/logs"
        self._changed = threading.Condition()
        self._buffer = Buffer()
        self._lines = {1: Lines(1), 2: Lines(2)}
        self._allowance = Allowance(RATE_BYTES, BURST_BYTES, time.monotonic())
        self._limited, self._noticed = 0, 0.0
        self._first = 0.0  # monotonic; when what is waiting began to wait; 0: nothing waits
        self._closing = False
        self._patience = Patience(AWAY_S)  # of no meaning before the end
        self._refused = False
        self._sending = False
        self._thread = threading.Thread(target=self._ship, name="logs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def tell(self, text: str) -> None:
        """A line of the platform's own, for whoever reads the container's log."""
        messages.say(text)
        line = text + "\n"
        with self._changed:
            self._buffer.add(Chunk(time.time(), PLATFORM, line, len(line)))
            self._wake()

    def output(self, fd: int, data: bytes, at: float) -> None:
        """Bytes that the container printed. Beyond the rate they are counted instead of kept."""
        with self._changed:
            if not self._allowance.take(len(data), time.monotonic()):
                self._limited += len(data)
            else:
                chunk = self._lines[fd].feed(data, at)
                if chunk:
                    self._buffer.add(chunk)
            self._wake()

    def settle(self, patience: Patience) -> None:
        """Ships what is there so far, for at most that long: what the server is told next is about it."""
        with self._changed:
            for lines in self._lines.values():
                rest = lines.flush()
                if rest:
                    self._buffer.add(rest)
            self._wake()
            self._changed.wait_for(lambda: self._refused or not (self._first or self._sending), max(0.0, patience.left))

    def close(self, patience: Patience) -> None:
        """Ships what is left, for at most that long."""
        with self._changed:
            for lines in self._lines.values():
                rest = lines.flush(final=True)
                if rest:
                    self._buffer.add(rest)
            self._closing = True
            self._patience = patience
            self._changed.notify()
        while self._thread.is_alive() and patience.left > -1:
            self._thread.join(1)  # meanwhile it may be shortened

    def _wake(self) -> None:
        if not self._first:
            self._first = time.monotonic()
            self._changed.notify()

    def _ship(self) -> None:
        server = self._connect()
        while True:
            batch = self._next()
            if not batch:
                server.close()
                return
            self._send(server, batch)
            with self._changed:
                self._sending = False
                self._changed.notify_all()

    def _next(self) -> list[Chunk]:
        """Waits for the next batch. Empty: closed, and nothing is left."""
        with self._changed:
            while True:
                if self._closing or (self._first and time.monotonic() >= self._first + LINGER_S):
                    batch = self._collect()
                    self._sending = bool(batch)
                    if batch or self._closing:
                        return batch
                    self._changed.notify_all()  # there is nothing to wait for
                self._changed.wait(self._pause())

    def _pause(self) -> float | None:
        return max(0.001, self._first + LINGER_S - time.monotonic()) if self._first else None

    def _collect(self) -> list[Chunk]:
        """Under the lock: what may go now. A young start of a line stays."""
        now = time.time()
        for lines in self._lines.values():
            if lines.waiting and now - lines.since >= TAIL_S:
                self._buffer.add(lines.flush())
        batch = self._notices(now) + self._buffer.take()
        waiting = self._buffer.size or self._limited or any(lines.waiting for lines in self._lines.values())
        self._first = time.monotonic() if waiting else 0.0
        return batch

    def _notices(self, now: float) -> list[Chunk]:
        texts = []
        if self._buffer.dropped:
            texts.append(f"{self._buffer.dropped} bytes of output are missing here: the server did not take them in time\n")
            self._buffer.dropped = 0
        if self._limited and (self._closing or time.monotonic() - self._noticed >= NOTICE_S):
            texts.append(f"{self._limited} bytes of output are missing here: more than {RATE_BYTES >> 20} MiB a second\n")
            self._limited, self._noticed = 0, time.monotonic()
        return [Chunk(now, PLATFORM, text, len(text)) for text in texts]

    def _send(self, server: Server, batch: list[Chunk]) -> None:
        """Until the server took it, refused it, or the end's patience is over."""
        chunks = [{"at": chunk.at, "fd": chunk.fd, "data": chunk.data} for chunk in batch]
        pause = 0.05
        while not self._refused:
            try:
                server.post(self._path, {"sent_at": time.time(), "chunks": chunks})
                return
            except Refused as e:
                self._refused = True
                messages.say(f"the server takes no logs of this container any more: {e}")
            except Unavailable as e:
                if not self._wait(pause):
                    self._refused = True
                    messages.say(f"{sum(chunk.size for chunk in batch) + self._buffer.size} bytes of output were not shipped: {e}")
                pause = min(pause * 2, 5)

    def _wait(self, pause: float) -> bool:
        """@return whether there is time for another attempt; the container's end shortens the pause, not the patience"""
        with self._changed:
            self._changed.wait_for(lambda: self._closing, pause)
            if self._closing:
                pause = min(pause, 0.5)
        if self._closing:
            time.sleep(pause)
        return not self._closing or self._patience.left > 0


class Collector:
    """Reads the container's two pipes until both end, on one thread, so that the streams keep their order."""

    def __init__(self, pipes: dict[int, int], logs: Logs) -> None:
        self._streams = {pipe: fd for fd, pipe in pipes.items()}
        self._logs = logs
        self._thread = threading.Thread(target=self._collect, name="output", daemon=True)
        self.last_error = b""  # what came last on stderr: the sandbox's own complaint if it could not be set up

    def start(self) -> None:
        self._thread.start()

    def join(self, patience_s: float) -> None:
        self._thread.join(patience_s)

    def _collect(self) -> None:
        poll = select.poll()
        for pipe in self._streams:
            poll.register(pipe, select.POLLIN)
        open_pipes = set(self._streams)
        while open_pipes:
            for pipe, _ in poll.poll():
                data = os.read(pipe, READ_BYTES)
                if not data:
                    poll.unregister(pipe)
                    open_pipes.discard(pipe)
                    continue
                self._take(self._streams[pipe], data, time.time())

    def _take(self, fd: int, data: bytes, at: float) -> None:
        if fd == 2:
            self.last_error = data[-500:]
        self._logs.output(fd, data, at)
        _write_through(fd, data)


def _write_through(fd: int, data: bytes) -> None:
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view) :]
    except OSError:
        return  # nobody reads our own output any more; the server still does
