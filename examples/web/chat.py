# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A chat over WebSockets, with its page. All who chat are in one container: it holds the room.

Deploy it with ./serai modal deploy examples/web/chat.py and open the address in two windows.
"""

import modal

app = modal.App("chat", image=modal.Image.debian_slim().uv_pip_install("fastapi"))

PAGE = """<!doctype html>
<title>Chat</title>
<ul id="said"></ul>
<input id="text" autofocus placeholder="say something">
<script>
const socket = new WebSocket(location.href.replace(/^http/, "ws") + "room");
const text = document.getElementById("text");
socket.onopen = () => document.title = "Chat: open";
socket.onmessage = event => {
    const line = document.createElement("li");
    line.textContent = event.data;
    document.getElementById("said").append(line);
};
text.onchange = () => { socket.send(text.value); text.value = ""; };
</script>
"""


@app.function(max_containers=1, timeout=3600)
@modal.concurrent(max_inputs=1000)
@modal.asgi_app()
def chat():
    from fastapi import FastAPI, WebSocket, WebSocketDisconnect
    from fastapi.responses import HTMLResponse

    web = FastAPI()
    there: set[WebSocket] = set()

    @web.get("/")
    def page() -> HTMLResponse:
        return HTMLResponse(PAGE)

    @web.websocket("/room")
    async def room(socket: WebSocket) -> None:
        await socket.accept()
        there.add(socket)
        try:
            while True:
                said = await socket.receive_text()
                for other in list(there):
                    await other.send_text(said)
        except WebSocketDisconnect:
            pass
        finally:
            there.discard(socket)

    return web
