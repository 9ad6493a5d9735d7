# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A Flask app: WSGI, with a form and an upload.

Deploy it with ./serai modal deploy examples/web/flask_app.py
"""

import modal

app = modal.App("flask-app", image=modal.Image.debian_slim().uv_pip_install("flask"))


@app.function()
@modal.concurrent(max_inputs=10)
@modal.wsgi_app()
def pages():
    from flask import Flask, request, url_for

    web = Flask(__name__)

    @web.get("/")
    def form():
        return (
            f'<form method="post" enctype="multipart/form-data" action="{url_for("count")}"><input type="file" name="text"></form>'
        )

    @web.post("/words")
    def count():
        return {"words": len(request.files["text"].read().split())}

    return web
