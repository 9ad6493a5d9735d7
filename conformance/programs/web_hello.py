# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that are called by HTTP: plain ASGI and WSGI, so that nothing has to be installed."""

import asyncio
import json

import modal

app = modal.App("web-hello")


async def read(receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def answer(send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


def told(scope) -> bytes:
    """The scope as JSON."""
    plain = {k: v for k, v in scope.items() if k not in ("state", "extensions")}
    plain["headers"] = [[a.decode("latin-1"), b.decode("latin-1")] for a, b in scope["headers"]]
    for name in ("raw_path", "query_string"):
        plain[name] = plain[name].decode("latin-1")
    plain["state"] = sorted(scope.get("state", {}))
    return json.dumps(plain).encode()


@app.function()
@modal.asgi_app()
def hello():
    async def asgi(scope, receive, send):
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path == "/scope":
            await answer(send, 200, told(scope), (b"content-type", b"application/json"))
        elif path == "/echo":
            body = await read(receive)
            await answer(send, 200, body, (b"content-type", b"application/octet-stream"))
        elif path == "/stream":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
            for i in range(5):
                await send({"type": "http.response.body", "body": f"piece {i}\n".encode(), "more_body": True})
                await asyncio.sleep(0.2)
            await send({"type": "http.response.body"})
        elif path == "/fail":
            raise RuntimeError("on purpose")
        else:
            await answer(send, 200, b"hello\n", (b"content-type", b"text/plain"), (b"content-length", b"6"))

    return asgi


@app.function()
@modal.wsgi_app()
def plain():
    def wsgi(environ, start_response):
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} ".encode(), body]

    return wsgi
