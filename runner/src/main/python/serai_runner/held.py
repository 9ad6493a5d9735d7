# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What a runtime sends while nobody is there to read it."""

from __future__ import annotations

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113, 3.4
HEADER_BYTES = 9  # RFC 9113, 4.1: length 3, type 1, flags 1, stream 4
PING, ACK, PING_BYTES = 6, 1, 8  # RFC 9113, 6.7
LIMIT_BYTES = 256 << 10  # before a server's first word a client may send 64 KiB of data, and headers


class Held:
    """The bytes of one connection, to be sent on later, without its keep-alive questions: those are answered here.

    A runtime asks after 30 s and hangs up 10 s later if nobody answers, which costs it one of its few attempts. Bytes
    that are not HTTP/2 are kept as they are.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._at: int | None = 0  # where the next frame begins; None: not HTTP/2

    @property
    def full(self) -> bool:
        return len(self._data) >= LIMIT_BYTES

    @property
    def data(self) -> bytes:
        return bytes(self._data)

    def feed(self, data: bytes) -> bytes:
        """@return the answer to what was asked"""
        self._data += data
        answers = b""
        while self._frame_is_there():
            end = self._at + HEADER_BYTES + self._length()
            if self._data[self._at + 3] == PING and self._length() == PING_BYTES and not self._data[self._at + 4] & ACK:
                answers += _ack(self._data[end - PING_BYTES : end])
                del self._data[self._at : end]
            else:
                self._at = end
        return answers

    def _frame_is_there(self) -> bool:
        if self._at == 0:
            begin = self._data[: len(PREFACE)]
            if len(begin) == len(PREFACE):
                self._at = len(PREFACE) if begin == PREFACE else None
        if not self._at:
            return False
        return len(self._data) >= self._at + HEADER_BYTES and len(self._data) >= self._at + HEADER_BYTES + self._length()

    def _length(self) -> int:
        return int.from_bytes(self._data[self._at : self._at + 3], "big")


def _ack(opaque: bytes) -> bytes:
    return PING_BYTES.to_bytes(3, "big") + bytes((PING, ACK, 0, 0, 0, 0)) + opaque
