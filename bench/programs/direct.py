# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The web app of the row `web` as a server behind the gateway: under uvicorn, as the one that it is compared with."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import modal

HERE = Path(__file__).resolve().parent
PORT = 8000

image = modal.Image.debian_slim()
if modal.is_local():
    (packages,) = HERE.parent.glob("results/web/lib/python3*/site-packages")  # the same uvicorn
    image = image.add_local_dir(packages, "/uvicorn").add_local_file(HERE / "web.py", "/app/web.py")

app = modal.App("bench-direct", image=image)


@app.server(port=PORT, unauthenticated=True, max_containers=1, scaledown_window=900, startup_timeout=60)
class Direct:
    @modal.enter()
    def start(self):
        command = ["python", "-m", "uvicorn", "--app-dir", "/app", "--port", str(PORT), "--log-level", "warning", "web:hello"]
        subprocess.Popen(command, env={**os.environ, "PYTHONPATH": "/uvicorn"})


def where() -> dict[str, Any]:
    return {"web": Direct.get_url()}


DO = {"where": where}
