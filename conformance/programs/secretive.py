# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that are told secrets."""

import hashlib
import os

import modal

# What the image carries into the container, so that the same objects are made there: which secrets, never their values.
SHAPE = {name: os.environ.get(name, "") for name in ("APP_NAME", "NAMED", "REQUIRED", "DOTENV", "GIVEN", "LOCAL")}

app = modal.App(SHAPE["APP_NAME"] or "secretive")
told_secrets = [modal.Secret.from_name(name) for name in SHAPE["NAMED"].split()]
if SHAPE["GIVEN"]:
    told_secrets.insert(0, modal.Secret.from_dict({"TOKEN": os.environ.get("TOKEN", ""), "LATER": "first"}))
if SHAPE["LOCAL"]:
    told_secrets.append(modal.Secret.from_local_environ(["LOCAL_TOKEN"]))
if SHAPE["DOTENV"]:
    told_secrets.append(modal.Secret.from_dotenv(filename=SHAPE["DOTENV"]))
if SHAPE["REQUIRED"]:
    told_secrets.append(modal.Secret.from_name(SHAPE["REQUIRED"], required_keys=["TOKEN", "NOT_THERE"]))

image = modal.Image.debian_slim().env({"FROM_IMAGE": "image", **SHAPE})


@app.function(secrets=told_secrets, image=image)
def told(name: str) -> str | None:
    """What nobody may read elsewhere leaves a container as a digest."""
    value = os.environ.get(name)
    return value and hashlib.sha256(value.encode()).hexdigest()


@app.local_entrypoint()
def main(names: str):
    for name in names.split(","):
        print(name, told.remote(name))
