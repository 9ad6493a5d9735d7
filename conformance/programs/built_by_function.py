# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Images that functions make. BUILT_MARK makes what no image has had before."""

import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import modal

MARK = os.environ.get("BUILT_MARK", "none")

slim = modal.Image.debian_slim()


def notes(*words: str, **more: str) -> None:
    Path("/data").mkdir()
    Path("/data/words").write_text(" ".join(words))
    Path("/data/more").write_text(repr(more))
    Path("/data/secrets").write_text(f"{os.environ.get('PASSWORD')} {os.environ.get('GREETING')}")
    Path("/root/beside").write_text("beside the code")
    print("noted", *words)


def goes_on() -> None:
    import six

    Path("/middle").write_text(Path("/lower").read_text().strip() + " " + six.__version__)


def devours(mark: str) -> None:
    eat = "x = bytearray(1 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1"
    Path("/devoured").write_text(str(subprocess.run([sys.executable, "-c", eat]).returncode))


def lasts(mark: str) -> None:
    print("begun", mark, flush=True)
    time.sleep(600)


def draws(mark: str) -> None:
    Path("/drawn").write_text(uuid.uuid4().hex)


noted = slim.run_function(
    notes,
    args=[MARK, "two"],
    kwargs={"three": "3"},
    secrets=[modal.Secret.from_dict({"PASSWORD": "open"})],
    env={"GREETING": "hello"},
)
chained = (
    slim.pip_install("six==1.16.0")
    .run_commands(f"echo {MARK} > /lower")
    .run_function(goes_on)
    .run_commands("cat /middle > /upper; echo ' upper' >> /upper")
)

app = modal.App("built-by-function")


@app.function(image=noted)
def read() -> dict[str, str]:
    found = {path.name: path.read_text() for path in Path("/data").iterdir()}
    return found | {"beside": Path("/root/beside").read_text(), "password": os.environ.get("PASSWORD", "none")}


@app.function(image=chained)
def read_upper() -> list[str]:
    return Path("/upper").read_text().split()


@app.function(image=slim.run_function(devours, args=[MARK], memory=(64, 192)))
def read_devoured() -> str:
    return Path("/devoured").read_text()


anew = modal.App("built-anew", image=slim.run_function(draws, args=[MARK], force_build=True))


@anew.function()
def read_drawn() -> str:
    return Path("/drawn").read_text()


@anew.local_entrypoint()
def show_drawn() -> None:
    print("drawn:", read_drawn.remote())


lasting = modal.App("built-for-long", image=slim.run_function(lasts, args=[MARK]))
late = modal.App(
    "built-too-late",
    image=slim.run_function(
        lasts,
        args=[
            MARK,
        ],
        timeout=3,
    ),
)


@lasting.function()
def of_an_image_that_lasts() -> None: ...


@late.function()
def of_an_image_that_is_late() -> None: ...
