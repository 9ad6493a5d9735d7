# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A server in another language behind a port.

Deploy it with ./serai modal deploy examples/web/node_server.py
"""

import subprocess

import modal

PORT = 3000
SERVER = """
require("http").createServer((request, response) => {
    let length = 0;
    request.on("data", piece => length += piece.length);
    request.on("end", () => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({method: request.method, url: request.url, length}));
    });
}).listen(%d, "0.0.0.0");
"""

app = modal.App("node-server", image=modal.Image.debian_slim().apt_install("nodejs"))


@app.function()
@modal.concurrent(max_inputs=50)
@modal.web_server(PORT, startup_timeout=60)
def server():
    subprocess.Popen(["node", "-e", SERVER % PORT])
