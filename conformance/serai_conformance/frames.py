# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A WebSocket client that sends any frame, good or bad, and says what came back. It keeps no rule of RFC 6455 but framing."""

import base64
import os
import socket
import struct
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


@dataclass(frozen=True)
class Frame:
    opcode: int
    payload: bytes
    fin: bool = True
    rsv: int = 0

    @property
    def code(self) -> int | None:
        """Of a close frame."""
        return struct.unpack("!H", self.payload[:2])[0] if len(self.payload) >= 2 else None


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    length_bytes: int | None = None,
    told: int | None = None,
) -> bytes:
    """
    The bytes of a frame.

    :param length_bytes: 0, 2 or 8 for one of the three forms, whether or not it is the shortest
    :param told: another length than the payload's
    """
    size = len(payload) if told is None else told
    if length_bytes is None:
        length_bytes = 0 if size < 126 else 2 if size < 1 << 16 else 8
    mark = {0: size, 2: 126, 8: 127}[length_bytes]
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode, (0x80 if masked else 0) | mark])
    head += b"" if length_bytes == 0 else struct.pack("!H" if length_bytes == 2 else "!Q", size)
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + mask(payload, key)


def mask(payload: bytes, key: bytes) -> bytes:
    size = len(payload)
    if not size:
        return b""
    stream = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")


def close(code: int | None = None, reason: bytes = b"") -> bytes:
    return frame(CLOSE, (b"" if code is None else struct.pack("!H", code)) + reason)


class Closed(Exception):
    """The connection has ended."""


class Peer:
    """One connection, from the handshake on."""

    def __init__(self, address: tuple[str, int], host: str, path: str = "/", timeout: float = 60, **fields: str):
        self.socket = socket.create_connection(address, timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.key = base64.b64encode(os.urandom(16)).decode()
        asked = {
            "Host": host,
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": self.key,
        } | {name.replace("_", "-"): value for name, value in fields.items()}
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in asked.items() if value is not None)]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = self._until(b"\r\n\r\n")
        self.status = int(head.split(b" ")[1])
        self.headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
        }

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def send(self, *frames: bytes) -> None:
        try:
            self.socket.sendall(b"".join(frames))
        except OSError as e:
            raise Closed from e

    def receive(self) -> Frame:
        first, second = self._exactly(2)
        size = second & 0x7F
        if size == 126:
            size = struct.unpack("!H", self._exactly(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self._exactly(8))[0]
        assert not second & 0x80, "a server masks nothing"
        return Frame(first & 0x0F, self._exactly(size), bool(first & 0x80), first >> 4 & 7)

    def is_closed(self) -> bool:
        """Whether nothing comes any more."""
        try:
            self._exactly(1)
        except Closed:
            return True
        return False

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(mark)
        return head

    def _exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self._more()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def _more(self) -> None:
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            raise Closed
        self.buffer += data
