# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""An app that is called by the clock. What the clock says, the environment of the deployment says."""

import os

import modal

NAME = os.environ.get("APP_NAME", "ticking")
CRON = os.environ.get("CRON", "")
ZONE = os.environ.get("ZONE", "UTC")
SECONDS = float(os.environ.get("SECONDS", "0"))
VERSION = os.environ.get("APP_VERSION", "1")
image = modal.Image.debian_slim().env({"APP_NAME": NAME, "APP_VERSION": VERSION})
app = modal.App(NAME, image=image)
schedule = modal.Cron(CRON, timezone=ZONE) if CRON else modal.Period(seconds=SECONDS)


@app.function(schedule=None if VERSION == "quiet" else schedule, max_containers=1, scaledown_window=30)
def tick() -> str:
    print(f"tick of version {VERSION}", flush=True)
    return f"ticked {os.environ['APP_VERSION']}"


@app.function(schedule=modal.Period(days=1), max_containers=1, retries=modal.Retries(max_retries=1, initial_delay=0.0))
def fail() -> None:
    raise ValueError("as every day")


@app.local_entrypoint()
def main() -> None:
    print(tick.remote())
