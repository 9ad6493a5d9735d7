# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A program that speaks HTTP itself: requests go straight to its port, in well below a millisecond.

For servers that are fast, or keep connections open in ways of their own, as those of language models. Deploy it with
./serai modal deploy examples/web/own_server.py; without unauthenticated=True a proxy token is needed to ask it.
"""

import subprocess

import modal

image = modal.Image.debian_slim().uv_pip_install("fastapi", "uvicorn")
app = modal.App("own-server", image=image)
PORT = 8000


@app.server(port=PORT, unauthenticated=True, target_concurrency=50, max_containers=4)
class Counter:
    @modal.enter()
    def start(self) -> None:
        command = ["python", "-m", "uvicorn", "own_server:web", "--factory", "--host", "0.0.0.0", "--port", str(PORT)]
        self.process = subprocess.Popen(command, cwd="/root")

    @modal.exit()
    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def web():
    """The app, made in uvicorn's process."""
    import os

    from fastapi import FastAPI

    app, seen = FastAPI(title="A counter"), 0

    @app.get("/")
    async def count() -> dict:
        nonlocal seen
        seen += 1
        return {"seen": seen, "container": os.environ["MODAL_TASK_ID"]}

    return app
