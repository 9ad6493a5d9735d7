# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Says whose requests they are, for a runtime that cannot: only from 1.5.3 on it adds the headers that it is told to."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .held import HEADER_BYTES, PREFACE

HEADERS, CONTINUATION, END_HEADERS = 1, 9, 4  # RFC 9113, 6.2 and 6.10
NEVER_INDEXED = 0x10  # RFC 7541, 6.2.3: no table of either side changes, and no proxy keeps it
LONGEST = 127  # RFC 7541, 5.1: from here on a length takes further bytes

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")
_ADDS_HEADERS = (1, 5, 3)


def can_vouch(version: str) -> bool:
    """Whether that runtime adds the headers of MODAL_OVERRIDE_HEADERS to its requests."""
    match = _VERSION.match(version)
    return match is None or tuple(int(number or 0) for number in match.groups()) >= _ADDS_HEADERS


class Vouching:
    """The bytes of one HTTP/2 connection, with header fields added to each request.

    They follow in a frame of their own, so what the runtime has packed stays as it is.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._block = b"".join(_field(name, value) for name, value in fields.items())
        self._pass = len(PREFACE)  # bytes that go on as they come
        self._part = b""  # of a frame's header
        self._then = b""  # what follows the present frame

    def feed(self, data: bytes) -> bytes:
        """@return what to send on now"""
        data, at, out = self._part + data, 0, bytearray()
        while True:
            passed = data[at : at + self._pass]
            out += passed
            at += len(passed)
            self._pass -= len(passed)
            if self._pass:
                break  # more of it comes
            out += self._then
            self._then = b""
            if len(data) - at < HEADER_BYTES:
                break
            out += self._header(data[at : at + HEADER_BYTES])
            at += HEADER_BYTES
        self._part = data[at:]
        return bytes(out)

    def _header(self, header: bytes) -> bytes:
        self._pass = int.from_bytes(header[:3], "big")
        kind, flags, stream = header[3], header[4], header[5:]
        if kind not in (HEADERS, CONTINUATION) or not flags & END_HEADERS:
            return header
        length = len(self._block).to_bytes(3, "big")
        self._then = length + bytes([CONTINUATION, END_HEADERS]) + stream + self._block
        return header[:4] + bytes([flags & ~END_HEADERS]) + stream


def _field(name: str, value: str) -> bytes:
    return bytes([NEVER_INDEXED]) + _text(name) + _text(value)


def _text(text: str) -> bytes:
    encoded = text.encode("ascii")
    return _length(len(encoded)) + encoded


def _length(length: int) -> bytes:
    if length < LONGEST:
        return bytes([length])
    out, rest = bytearray([LONGEST]), length - LONGEST
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*out, rest])
