# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A web app that says hello and holds WebSockets: one app, behind the gateway and under uvicorn."""

from __future__ import annotations

import asyncio
from typing import Any


async def hello(scope, receive, send) -> None:
    """ASGI, without a framework."""
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": message["text"]})
    else:
        if scope["path"] == "/slow":
            await asyncio.sleep(0.01)
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"6")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"hello\n"})


try:
    import modal
except ImportError:  # under uvicorn, in an environment that has nothing else
    pass
else:
    app = modal.App("bench-web")

    @app.function(max_containers=1, scaledown_window=900, timeout=3600)
    @modal.concurrent(max_inputs=1000)
    @modal.asgi_app()
    def web():
        return hello

    @app.function(max_containers=1, scaledown_window=2)
    @modal.asgi_app()
    def cold():
        return hello

    @app.function(max_containers=1, scaledown_window=900)
    @modal.concurrent(max_inputs=4)
    @modal.asgi_app()
    def bounded():
        return hello

    def where() -> dict[str, Any]:
        urls = {"web": web.get_web_url(), "cold": cold.get_web_url(), "bounded": bounded.get_web_url()}
        return {**urls, "function": cold.object_id, "bounded_function": bounded.object_id}

    DO = {"where": where}
