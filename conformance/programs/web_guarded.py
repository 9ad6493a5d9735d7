# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""An endpoint that asks for a proxy token, under a label of its own."""

import modal

app = modal.App("web-guarded")


@app.function()
@modal.asgi_app(label="guarded-by-a-token", requires_proxy_auth=True)
def guarded():
    async def asgi(scope, receive, send):
        names = sorted(name.decode() for name, _ in scope["headers"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": " ".join(names).encode()})

    return asgi
