# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A name of FROM that the platform knows, by each way to say it with what its registry would ask for."""

import os

import modal

NAME = os.environ.get("MAPPED_NAME", "none")  # only the client knows it

app = modal.App("mapped", include_source=True)
keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}
of_aws = modal.Image.from_aws_ecr(NAME, secret=modal.Secret.from_dict(keys))
of_google = modal.Image.from_gcp_artifact_registry(NAME, secret=modal.Secret.from_dict({"SERVICE_ACCOUNT_JSON": "{}"}))
login = modal.Secret.from_dict({"REGISTRY_USERNAME": "a", "REGISTRY_PASSWORD": "b"})
of_any = modal.Image.from_registry(NAME, secret=login)


def look() -> list[str]:
    import sys

    return [name for name in (*keys, "SERVICE_ACCOUNT_JSON", "REGISTRY_PASSWORD") if name in os.environ] or [sys.prefix]


@app.function(image=of_aws, max_containers=1)
def aws() -> list[str]:
    return look()


@app.function(image=of_google, max_containers=1)
def google() -> list[str]:
    return look()


@app.function(image=of_any, max_containers=1)
def any_other() -> list[str]:
    return look()
