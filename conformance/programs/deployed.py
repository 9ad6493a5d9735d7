# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""An app to deploy. What it does, the environment of the deployment says, so that one file can be deployed twice."""

import os

import modal

NAME = os.environ.get("APP_NAME", "deployed")
VERSION = os.environ.get("APP_VERSION", "1")
image = modal.Image.debian_slim().env({"APP_NAME": NAME, "APP_VERSION": VERSION})
app = modal.App(NAME, image=image)


@app.function(max_containers=2, scaledown_window=5)
def version() -> str:
    return os.environ["APP_VERSION"]


if VERSION != "smaller":

    @app.function(max_containers=2, scaledown_window=5)
    def triple(x: int) -> int:
        return 3 * x


if VERSION == "broken":
    raise RuntimeError("this version cannot even be imported")

if VERSION == "refused":

    @app.function(region="eu-west")
    def needs_a_region() -> None: ...
