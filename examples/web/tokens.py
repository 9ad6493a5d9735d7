# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Tokens as they are made, as server-sent events: what a language model's answer looks like.

Deploy it with ./serai modal deploy examples/web/tokens.py, then curl -N '<address>?prompt=hello+world'
"""

import modal

app = modal.App("tokens", image=modal.Image.debian_slim().uv_pip_install("fastapi"))


@app.function()
@modal.concurrent(max_inputs=20)
@modal.fastapi_endpoint()
def stream(prompt: str):
    import asyncio
    import json

    from fastapi.responses import StreamingResponse

    async def events():
        for token in ["You", " said:", *(f" {word}" for word in prompt.split())]:
            yield f"data: {json.dumps({'token': token})}\n\n"
            await asyncio.sleep(0.1)  # the model thinks
        yield "data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")
