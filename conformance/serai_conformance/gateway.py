# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Clients' connections end here and go on to the server, as at a load balancer: while it is away, they wait."""

import asyncio
import contextlib
import threading
from urllib.parse import urlsplit


class Gateway:
    """Accepts on a port of its own. A connection is passed on as soon as the server takes it, within a minute."""

    PATIENCE = 60
    PAUSE = 0.1

    def __init__(self, server_url: str):
        address = urlsplit(server_url)
        self.host, self.port = address.hostname, address.port
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self) -> str:
        self.thread.start()
        listening = asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.server = asyncio.run_coroutine_threadsafe(listening, self.loop).result(10)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    def __exit__(self, *_) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

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
        await asyncio.gather(pass_on(from_client, to_server), pass_on(from_server, to_client))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while True:
            try:
                return await asyncio.open_connection(self.host, self.port)
            except OSError:
                await asyncio.sleep(self.PAUSE)


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side has gone; then the other is told."""
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()
