# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Cases from RFC 6455, each by its section: frames to send to an echo, and what has to come back."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from serai_conformance.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close, frame


@dataclass(frozen=True)
class Case:
    section: str
    name: str
    sent: list[bytes]
    answers: list[tuple[int, bytes]] = field(default_factory=list)  # opcode and payload, in order, before the end
    code: int | None = 1000  # of the close frame that ends it; None: one without a code
    at_once: bool = True  # all frames in one piece of TCP

    @property
    def id(self) -> str:
        return f"{self.section} {self.name}"


GOOD_END = close(1000)
UTF8 = {
    "greek": "κόσμε",
    "two bytes": "\u0080\u07ff",
    "three bytes": "\u0800\uffff",
    "four bytes": "\U00010000\U0010ffff",
    "the replacement character": "\ufffd",
    "a zero": "a\0b",
    "a mark of byte order": "\ufeffa",
    "characters that are none": "\ufdd0\ufffe\U0001fffe",
    "an emoji of several": "👩‍👩‍👧",
}
BAD_UTF8 = {
    "a lonely continuation byte": b"\x80",
    "a continuation byte after a letter": b"a\xbf",
    "a lonely first byte of two": b"\xc3 ",
    "a first byte of two at the end": b"a\xc3",
    "a first byte of three at the end": b"\xe0\xa0",
    "a first byte of four at the end": b"\xf0\x90\x80",
    "an overlong slash of two bytes": b"\xc0\xaf",
    "an overlong slash of three": b"\xe0\x80\xaf",
    "an overlong slash of four": b"\xf0\x80\x80\xaf",
    "an overlong zero": b"\xc0\x80",
    "the first surrogate": b"\xed\xa0\x80",
    "the last surrogate": b"\xed\xbf\xbf",
    "a pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "a character beyond the last": b"\xf4\x90\x80\x80",
    "a first byte of five": b"\xf8\x88\x80\x80\x80",
    "a first byte of six": b"\xfc\x84\x80\x80\x80\x80",
    "the byte fe": b"\xfe",
    "the byte ff": b"\xff",
    "a good beginning": "κόσμε".encode() + b"\xed\xa0\x80edited",
}
SIZES = (0, 1, 2, 125, 126, 127, 128, 65_535, 65_536, 65_537, 300_000)


def cases(longest: int) -> Iterator[Case]:
    """:param longest: bytes of a message that the server takes"""
    yield from _data()
    yield from _utf8()
    yield from _fragments()
    yield from _control()
    yield from _closing()
    yield from _violations()
    yield from _lengths(longest)


def _data() -> Iterator[Case]:
    for size in SIZES:
        text, data = b"*" * size, bytes(i % 256 for i in range(size))
        yield Case("5.6", f"a text of {size} bytes", [frame(TEXT, text), GOOD_END], [(TEXT, text)])
        yield Case("5.6", f"a binary message of {size} bytes", [frame(BINARY, data), GOOD_END], [(BINARY, data)])
    for size in (0, 1, 100):
        for form in (2, 8):
            sent = frame(BINARY, b"x" * size, length_bytes=form)
            yield Case("5.2", f"{size} bytes told in {form} bytes", [sent], code=1002)
    yield Case("5.2", "1000 bytes told in 8 bytes", [frame(BINARY, b"x" * 1000, length_bytes=8)], code=1002)
    many = [f"message {i}".encode() for i in range(20)]
    yield Case("5.4", "twenty messages at once", [*(frame(TEXT, m) for m in many), GOOD_END], [(TEXT, m) for m in many])
    mixed = [(TEXT if i % 2 else BINARY, bytes([65 + i])) for i in range(10)]
    yield Case("5.6", "texts and binary messages in turn", [*(frame(o, m) for o, m in mixed), GOOD_END], mixed)
    yield Case(
        "5.3",
        "each byte of a frame by itself",
        [bytes([b]) for b in frame(TEXT, b"slow")] + [GOOD_END],
        [(TEXT, b"slow")],
        at_once=False,
    )


def _utf8() -> Iterator[Case]:
    for name, text in UTF8.items():
        data = text.encode()
        yield Case("8.1", name, [frame(TEXT, data), GOOD_END], [(TEXT, data)])
        pieces = [data[i : i + 1] for i in range(len(data))]
        sent = [frame(TEXT, pieces[0], fin=False), *(frame(CONTINUATION, p, fin=False) for p in pieces[1:])]
        yield Case("8.1", f"{name}, each byte in a frame", [*sent, frame(CONTINUATION), GOOD_END], [(TEXT, data)])
    for name, data in BAD_UTF8.items():
        yield Case("8.1", f"not UTF-8: {name}", [frame(TEXT, data)], code=1007)
        sent = [frame(TEXT, data[:1], fin=False), frame(CONTINUATION, data[1:])]
        yield Case("8.1", f"not UTF-8, in two frames: {name}", sent, code=1007)
        yield Case("5.6", f"binary may be anything: {name}", [frame(BINARY, data), GOOD_END], [(BINARY, data)])


def _fragments() -> Iterator[Case]:
    for opcode, kind in ((TEXT, "text"), (BINARY, "binary")):
        for count in (2, 3, 10, 100):
            pieces = [f"<{i}>".encode() for i in range(count)]
            sent = [frame(opcode if i == 0 else CONTINUATION, piece, fin=i == count - 1) for i, piece in enumerate(pieces)]
            yield Case("5.4", f"a {kind} message in {count} frames", [*sent, GOOD_END], [(opcode, b"".join(pieces))])
        yield Case(
            "5.4",
            f"a {kind} message in frames of which some are empty",
            [
                frame(opcode, fin=False),
                frame(CONTINUATION, b"a", fin=False),
                frame(CONTINUATION, fin=False),
                frame(CONTINUATION),
                GOOD_END,
            ],
            [(opcode, b"a")],
        )
        yield Case(
            "5.4",
            f"an empty {kind} message in three frames",
            [frame(opcode, fin=False), frame(CONTINUATION, fin=False), frame(CONTINUATION), GOOD_END],
            [(opcode, b"")],
        )
        yield Case(
            "5.4", f"a {kind} message before another has ended", [frame(opcode, b"a", fin=False), frame(opcode, b"b")], code=1002
        )
    yield Case("5.4", "a continuation of nothing", [frame(CONTINUATION, b"a")], code=1002)
    yield Case("5.4", "an unfinished continuation of nothing", [frame(CONTINUATION, b"a", fin=False)], code=1002)
    yield Case(
        "5.4",
        "a continuation after the end",
        [frame(TEXT, b"a", fin=False), frame(CONTINUATION, b"b"), frame(CONTINUATION, b"c")],
        [(TEXT, b"ab")],
        code=1002,
    )
    yield Case("5.4", "binary inside of a text", [frame(TEXT, b"a", fin=False), frame(BINARY, b"b", fin=False)], code=1002)


def _control() -> Iterator[Case]:
    for size in (0, 1, 2, 100, 124, 125):
        data = b"p" * size
        yield Case("5.5.2", f"a ping with {size} bytes", [frame(PING, data), GOOD_END], [(PONG, data)])
        yield Case("5.5.3", f"a pong that nobody asked for, with {size} bytes", [frame(PONG, data), GOOD_END])
    yield Case("5.5.2", "a ping that is not text", [frame(PING, b"\x00\xff\xfe"), GOOD_END], [(PONG, b"\x00\xff\xfe")])
    pings = [str(i).encode() for i in range(10)]
    yield Case("5.5.2", "ten pings at once", [*(frame(PING, p) for p in pings), GOOD_END], [(PONG, p) for p in pings])
    for opcode, kind in ((PING, "ping"), (PONG, "pong")):
        answers = [(PONG, b"now")] if opcode == PING else []
        yield Case(
            "5.4",
            f"a {kind} between the frames of a message",
            [frame(TEXT, b"a", fin=False), frame(opcode, b"now"), frame(CONTINUATION, b"b"), GOOD_END],
            [*answers, (TEXT, b"ab")],
        )
        for size in (126, 127, 65_536):
            yield Case("5.5", f"a {kind} with {size} bytes", [frame(opcode, b"x" * size)], code=1002)
        yield Case("5.5", f"a {kind} in pieces", [frame(opcode, b"a", fin=False)], code=1002)
        yield Case("5.5", f"a {kind} whose length is told in 2 bytes", [frame(opcode, b"x", length_bytes=2)], code=1002)
    yield Case(
        "5.4",
        "many pings between the bytes of a character",
        [frame(TEXT, b"\xce", fin=False), frame(PING), frame(PING, b"1"), frame(CONTINUATION, b"\xba"), GOOD_END],
        [(PONG, b""), (PONG, b"1"), (TEXT, b"\xce\xba")],
    )


def _closing() -> Iterator[Case]:
    yield Case("5.5.1", "a close without a code", [close()], code=None)
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
        yield Case("7.4.1", f"a close with code {code}", [close(code)], code=code)
        yield Case("7.1.6", f"a close with code {code} and a reason", [close(code, b"because")], code=code)
    for code in (0, 1, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535):
        yield Case("7.4.2", f"a close with code {code}, which nobody may send", [close(code)], code=1002)
    yield Case("5.5.1", "a close with one byte", [frame(CLOSE, b"\x03")], code=1002)
    yield Case("5.5.1", "a close with the longest reason", [close(1000, b"r" * 123)], code=1000)
    yield Case("5.5", "a close with a reason that is too long", [close(1000, b"r" * 124)], code=1002)
    yield Case("5.5", "a close in pieces", [frame(CLOSE, struct.pack("!H", 1000), fin=False)], code=1002)
    for name, data in BAD_UTF8.items():
        yield Case("7.1.6", f"a close whose reason is not UTF-8: {name}", [close(1000, data)], code=1007)
    yield Case("5.5.1", "a message after the close", [close(1000), frame(TEXT, b"late")])
    yield Case("5.5.1", "a ping after the close", [close(1000), frame(PING, b"late")])
    yield Case("5.5.1", "a second close", [close(1000), close(1001)])
    yield Case("5.5.1", "a close inside of a message", [frame(TEXT, b"a", fin=False), close(1000)])


def _violations() -> Iterator[Case]:
    for rsv in range(1, 8):
        for opcode, kind in ((TEXT, "text"), (BINARY, "binary"), (PING, "ping"), (CLOSE, "close")):
            yield Case("5.2", f"a {kind} with the reserved bits {rsv:03b}", [frame(opcode, b"", rsv=rsv)], code=1002)
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield Case("5.2", f"a frame of the reserved kind {opcode}", [frame(opcode, b"")], code=1002)
        yield Case("5.2", f"a frame of the reserved kind {opcode}, with bytes", [frame(opcode, b"x" * 20)], code=1002)
    for opcode, kind in ((TEXT, "text"), (BINARY, "binary"), (PING, "ping"), (CLOSE, "close"), (CONTINUATION, "continuation")):
        yield Case("5.1", f"a {kind} that is not masked", [frame(opcode, b"", masked=False)], code=1002)
    yield Case("5.1", "a text with bytes that are not masked", [frame(TEXT, b"plain", masked=False)], code=1002)
    yield Case(
        "5.2", "a good message before a bad one", [frame(TEXT, b"good"), frame(TEXT, b"", rsv=4)], [(TEXT, b"good")], code=1002
    )


def _lengths(longest: int) -> Iterator[Case]:
    yield Case("5.2", "a length with its first bit set", [frame(BINARY, b"", length_bytes=8, told=1 << 63)], code=1002)
    yield Case("10.4", "a frame that is too large", [frame(BINARY, b"", told=longest + 1)], code=1009)
    piece = b"x" * (longest // 4)
    sent = [frame(BINARY, piece, fin=False), *[frame(CONTINUATION, piece, fin=False)] * 3, frame(CONTINUATION, b"xx")]
    yield Case("10.4", "a message that is too large, in frames that are not", sent, code=1009)
