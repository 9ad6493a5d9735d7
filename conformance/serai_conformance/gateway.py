# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Clients' connections end here and go on to the server, as at a load balancer: while it is away, they wait."""

import asyncio
import contextlib
import threading
from concurrent.futures import Future
from urllib.parse import urlsplit


class Gateway:
    """Accepts on a port of its own. A connection is passed on as soon as the server takes it, within a minute."""

    PATIENCE = 60
    PAUSE = 0.1

    def __init__(self, server_url: str):
        self.servers = [urlsplit(url) for url in server_url.split(",")]
        self.opened: set[asyncio.StreamWriter] = set()
        self.cut_until = 0.0
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self) -> str:
        self.thread.start()
        listening = asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.server = asyncio.run_coroutine_threadsafe(listening, self.loop).result(10)
        self.address = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self.address

    def __exit__(self, *_) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def cut(self, seconds: float) -> Future[None]:
        """Every connection is broken off, and no new one gets through for so long."""
        return asyncio.run_coroutine_threadsafe(self._cut(seconds), self.loop)

    async def _cut(self, seconds: float) -> None:
        self.cut_until = self.loop.time() + seconds
        for writer in list(self.opened):
            writer.transport.abort()
        await asyncio.sleep(seconds)

    async def _close(self) -> None:
        self.server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _accept(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.wait_for(self._connect(), self.PATIENCE)
        except TimeoutError:
            to_client.close()
            return
        pair = {to_client, to_server}
        self.opened |= pair
        try:
            await asyncio.gather(pass_on(from_client, to_server), pass_on(from_server, to_client))
        finally:
            self.opened -= pair

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To whichever server answers first."""
        while True:
            for server in self.servers:
                with contextlib.suppress(OSError):
                    if self.loop.time() >= self.cut_until:
                        return await asyncio.open_connection(server.hostname, server.port)
            await asyncio.sleep(self.PAUSE)


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side has gone; then the other is told."""
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()
