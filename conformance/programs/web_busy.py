# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that are called by HTTP and take their time, one of them one request after the other."""

import asyncio
import json

import modal

app = modal.App("web-busy")
PIECES = 4096  # the runtime itself has room for 1024


async def answer(send, body: bytes, status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


def asgi(ended: list[str]):
    async def serve(scope, receive, send):
        path = scope["path"]
        if path.startswith("/wait/"):
            await asyncio.sleep(float(path.removeprefix("/wait/")))
            await answer(send, b"waited")
        elif path == "/hold":
            ended.append("begun")
            try:
                await asyncio.sleep(250)
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise
        elif path == "/ended":
            await answer(send, json.dumps(ended).encode())
        elif path == "/trailers":
            headers = [(b"content-type", b"text/plain"), (b"trailer", b"x-sum")]
            await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": True})
            await send({"type": "http.response.body", "body": b"body", "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"4")]})
        elif path == "/large":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            try:
                for _ in range(PIECES):
                    await send({"type": "http.response.body", "body": bytes(1 << 16), "more_body": True})
                await send({"type": "http.response.body"})
            except BaseException:
                ended.append("not taken")
                raise
        elif path == "/length":
            length = 0
            while True:
                message = await receive()
                length += len(message.get("body", b""))
                if not message.get("more_body"):
                    break
            await answer(send, str(length).encode())
        else:
            await answer(send, f"{scope['method']} {scope['path']}".encode())

    return serve


@app.function(max_containers=1, timeout=300)
@modal.concurrent(max_inputs=20)
@modal.asgi_app()
def busy():
    return asgi([])


@app.function(max_containers=1, timeout=300)
@modal.asgi_app()
def single():
    return asgi([])


@app.function(max_containers=1)
def twice(number: int) -> int:
    return 2 * number
