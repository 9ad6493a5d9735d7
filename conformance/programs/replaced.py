# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A server whose start takes as long as the one who deploys it says."""

import os
import subprocess
import time

import modal

app = modal.App("replaced")


@app.server(port=8000, unauthenticated=True, env={"DELAY": os.environ.get("REPLACED_DELAY", "0")}, startup_timeout=600)
class Replaced:
    @modal.enter()
    def start(self):
        time.sleep(float(os.environ["DELAY"]))
        subprocess.Popen(["python", "-m", "http.server", "8000", "--directory", "/root"])
