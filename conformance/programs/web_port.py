# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A server of any kind behind a port: Python's own, on the files of the container."""

import subprocess

import modal

PORT = 8080  # the server's own on this machine: a container has a network of its own

app = modal.App("web-port")


@app.function()
@modal.web_server(PORT, startup_timeout=60)
def files():
    subprocess.Popen(["python", "-m", "http.server", str(PORT), "--directory", "/root"])
