# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""WebSockets: an echo, and what else a function may do with one."""

import asyncio
import json

import modal

app = modal.App("web-socket")


@app.function(timeout=600)
@modal.concurrent(max_inputs=50)
@modal.asgi_app()
def sockets():
    codes: list[int] = []

    async def asgi(scope, receive, send):
        if scope["type"] == "lifespan":
            return
        if scope["type"] == "http":
            await receive()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": json.dumps(codes).encode()})
            return
        assert (await receive())["type"] == "websocket.connect"
        path = scope["path"]
        if path == "/refuse":
            await send({"type": "websocket.close"})
            return
        if path == "/choose":
            await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][-1]})
        else:
            await send({"type": "websocket.accept", "headers": [(b"x-mine", b"1")]})
        if path == "/close":
            await send({"type": "websocket.close", "code": 4001, "reason": "that was it"})
            return
        if path == "/fail":
            raise RuntimeError("on purpose")
        if path == "/count":
            for i in range(5):
                await send({"type": "websocket.send", "text": str(i)})
                await asyncio.sleep(0.05)
            return
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                codes.append(message["code"])
                return
            if message.get("text") is not None:
                await send({"type": "websocket.send", "text": message["text"]})
            else:
                await send({"type": "websocket.send", "bytes": message["bytes"]})

    return asgi
