# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Images that functions make. BUILT_MARK makes what no image has had before, BUILT_OTHER changes what does not count."""

import os
import sys
import uuid
from pathlib import Path

import modal

MARK = os.environ.get("BUILT_MARK", "none")
OTHER = os.environ.get("BUILT_OTHER", "")

slim = modal.Image.debian_slim()


def notes(*words: str, **more: str) -> None:
    Path("/data").mkdir()
    Path("/data/words").write_text(" ".join(words))
    Path("/data/more").write_text(repr(more))
    Path("/data/secrets").write_text(f"{os.environ.get('PASSWORD')} {os.environ.get('GREETING')}")
    Path("/data/draw").write_text(uuid.uuid4().hex)
    Path("/root/beside").write_text("beside the code")
    print("noted", *words)


noted = slim.run_function(
    notes,
    args=[MARK, "two"],
    kwargs={"three": "3"},
    secrets=[modal.Secret.from_dict({"PASSWORD": "open"})],
    env={"GREETING": "hello"},
)

app = modal.App("built-by-function")


@app.function(image=noted)
def read() -> dict[str, str]:
    found = {path.name: path.read_text() for path in Path("/data").iterdir()}
    return found | {"beside": Path("/root/beside").read_text(), "root": " ".join(sorted(os.listdir("/"))), "password": os.environ.get("PASSWORD", "")}


@app.local_entrypoint()
def show() -> None:
    print("read:", read.remote())
