# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A web function that is served while its file is edited."""

import os

import modal

TEXT = b"first"
app = modal.App(os.environ.get("APP_NAME", "served"))


@app.function(max_containers=1, scaledown_window=10)
@modal.asgi_app()
def page():
    async def asgi(scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": TEXT})

    return asgi
