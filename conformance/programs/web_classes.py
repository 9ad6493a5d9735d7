# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Classes whose methods are called by HTTP; one of them has parameters, which the request says."""

import json
import os

import modal

app = modal.App("web-classes")


def saying(what):
    async def serve(scope, receive, send):
        body = json.dumps({**what, "path": scope["path"], "task": os.environ["MODAL_TASK_ID"]}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    return serve


@app.cls(scaledown_window=30)
class Plain:
    @modal.enter()
    def begin(self):
        self.greeting = "hello"

    @modal.asgi_app()
    def site(self):
        return saying({"greeting": self.greeting})


@app.cls(scaledown_window=30)
class Shop:
    town: str = modal.parameter()
    floors: int = modal.parameter(default=2)
    open: bool = modal.parameter(default=True)

    @modal.asgi_app()
    def site(self):
        return saying({"town": self.town, "floors": self.floors, "open": self.open})

    @modal.method()
    def task(self) -> str:
        return os.environ["MODAL_TASK_ID"]
