# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A FastAPI app under one URL, and a single function that is an endpoint by itself.

Deploy it with ./serai modal deploy examples/web/fastapi_app.py
"""

import modal

app = modal.App("fastapi-app", image=modal.Image.debian_slim().uv_pip_install("fastapi"))


@app.function()
@modal.concurrent(max_inputs=50)
@modal.asgi_app()
def shop():
    from fastapi import FastAPI, HTTPException

    web = FastAPI(title="A shop")
    prices = {"tea": 3, "cake": 4}

    @web.get("/prices/{name}")
    def price(name: str) -> dict:
        if name not in prices:
            raise HTTPException(404, f"no {name} today")
        return {"name": name, "price": prices[name]}

    @web.post("/orders")
    def order(names: list[str]) -> dict:
        return {"total": sum(prices[name] for name in names)}

    return web


@app.function()
@modal.fastapi_endpoint(method="POST", docs=True)
def greet(name: str) -> dict:
    return {"greeting": f"Good morning, {name}"}
