# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A client of HTTP/1.1 for measurements: connections that are kept, each of which asks as soon as it was answered."""

from __future__ import annotations

import asyncio
import base64
import os
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from platforms import Broken

ANSWER_S = 60


@dataclass(frozen=True)
class Endpoint:
    """Where to connect to, and the name to ask for there: names below localhost are not known everywhere."""

    host: str
    port: int
    name: str

    @staticmethod
    def at(base: str, url: str) -> Endpoint:
        address = urlsplit(base)
        return Endpoint(address.hostname, address.port, urlsplit(url).netloc)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.host, self.port)

    def head(self, path: str, *fields: str) -> bytes:
        return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {self.name}", *fields, "", ""]).encode()


async def _answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise Broken(f"answered {head[:200]!r}")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    await reader.readexactly(int(lengths[0].split(b":")[1]))


def load(endpoint: Endpoint, connections: int, requests: int, path: str = "/") -> tuple[float, list[float]]:
    """Requests a second, and the seconds of each. *requests*: of all connections together."""

    async def one(count: int) -> list[float]:
        reader, writer = await endpoint.connect()
        seconds = []
        for _ in range(count):
            began = time.perf_counter()
            writer.write(endpoint.head(path))
            await asyncio.wait_for(_answer(reader), ANSWER_S)
            seconds.append(time.perf_counter() - began)
        writer.close()
        return seconds

    async def all_of_them() -> list[list[float]]:
        return await asyncio.gather(*(one(requests // connections) for _ in range(connections)))

    began = time.perf_counter()
    try:
        each = asyncio.run(all_of_them())
    except (asyncio.IncompleteReadError, TimeoutError) as e:
        raise Broken(f"{endpoint.name}: {type(e).__name__} {e}") from e
    seconds = [second for of_one in each for second in of_one]
    return len(seconds) / (time.perf_counter() - began), seconds


def flood(endpoint: Endpoint, rate: float, requests: int, path: str = "/") -> list[tuple[int, float]]:
    """So many a second, whether or not they are answered: for each its status and the seconds that it took. A connection is used
    again when it is free."""
    free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    seen: list[tuple[int, float]] = []

    async def one() -> None:
        began = time.perf_counter()
        reader, writer = free.pop() if free else await endpoint.connect()
        writer.write(endpoint.head(path))
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        seen.append((int(head[9:12]), time.perf_counter() - began))
        free.append((reader, writer))

    async def all_of_them() -> None:
        began, asked = time.perf_counter(), []
        for number in range(requests):
            asked.append(asyncio.create_task(asyncio.wait_for(one(), ANSWER_S)))
            await asyncio.sleep(max(0, began + (number + 1) / rate - time.perf_counter()))
        await asyncio.gather(*asked)
        for _, writer in free:
            writer.close()

    try:
        asyncio.run(all_of_them())
    except (asyncio.IncompleteReadError, OSError, TimeoutError) as e:
        raise Broken(f"{endpoint.name}: {e!r}") from e
    return seen


def first_byte(endpoint: Endpoint) -> float:
    """Seconds to the first byte of an answer, on a connection of its own."""

    async def ask() -> float:
        began = time.perf_counter()
        reader, writer = await endpoint.connect()
        writer.write(endpoint.head("/", "Connection: close"))
        first = await asyncio.wait_for(reader.readexactly(12), ANSWER_S)
        seconds = time.perf_counter() - began
        writer.close()
        if not first.endswith(b"200"):
            raise Broken(f"answered {first!r}")
        return seconds

    return asyncio.run(ask())


class WebSockets:
    """So many that are open and silent."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._loop = asyncio.new_event_loop()
        self._writers: list[asyncio.StreamWriter] = []

    def open(self, count: int) -> None:
        self._loop.run_until_complete(self._open(count))

    async def _open(self, count: int, abreast: int = 50) -> None:
        for begin in range(0, count, abreast):
            await asyncio.gather(*(self._one() for _ in range(min(abreast, count - begin))))

    async def _one(self) -> None:
        reader, writer = await self._endpoint.connect()
        key = base64.b64encode(os.urandom(16)).decode()
        fields = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]
        writer.write(self._endpoint.head("/", *fields))
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ANSWER_S)
        if not head.startswith(b"HTTP/1.1 101"):
            raise Broken(f"a WebSocket was answered by {head[:200]!r}")
        self._writers.append(writer)

    def close(self) -> None:
        for writer in self._writers:
            writer.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()
