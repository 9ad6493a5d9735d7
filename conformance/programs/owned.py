# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Something of everything that a workspace can have."""

import os

import modal

image = modal.Image.debian_slim().env({"APP_NAME": os.environ["APP_NAME"]})
app = modal.App(os.environ["APP_NAME"], image=image)


@app.function(secrets=[modal.Secret.from_name("owned")], scaledown_window=120, schedule=modal.Cron("0 3 1 1 *"))
def work(x: int = 0) -> int:
    print("what only the owner may read")
    return x


@app.function(scaledown_window=120)
def credentials() -> str:
    """The headers by which the server knows the container."""
    return os.environ["MODAL_OVERRIDE_HEADERS"]


@app.function()
def values(n: int):
    yield from range(n)
