# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""An image whose build has a GPU: its layer says which one the commands saw."""

import os
from pathlib import Path

import modal

app = modal.App("computing-builds")
mark = os.environ.get("BUILT_MARK", "")
gpu = os.environ.get("BUILT_GPU", "H100")
image = modal.Image.debian_slim().run_commands(
    f"echo {mark}; cat /dev/nvidia[0-9]* > /seen; echo $NVIDIA_VISIBLE_DEVICES > /given", gpu=gpu
)


@app.function(image=image)
def seen() -> dict:
    return {
        "seen": Path("/seen").read_text().split(),
        "given": Path("/given").read_text().split(),
        "now": list(Path("/dev").glob("nvidia*")),
    }


@app.local_entrypoint()
def show() -> None:
    print("seen:", seen.remote())
