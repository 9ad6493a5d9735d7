# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""One function for each feature that this version does not have."""

import modal

registry = modal.App("registry", image=modal.Image.from_registry("ubuntu:24.04", add_python="3.12"))


@registry.function()
def with_registry_image() -> None: ...


secret = modal.Secret.from_dict({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"})
ecr = modal.App("ecr", image=modal.Image.from_aws_ecr("0.dkr.ecr.us-east-1.amazonaws.com/ours:1", secret=secret))


@ecr.function()
def with_image_of_aws() -> None: ...


account = modal.Secret.from_dict({"SERVICE_ACCOUNT_JSON": "{}"})
gcp = modal.App("gcp", image=modal.Image.from_gcp_artifact_registry("us-docker.pkg.dev/p/ours:1", secret=account))


@gcp.function()
def with_image_of_google() -> None: ...


scratch = modal.App("scratch", image=modal.Image.from_scratch())


@scratch.function()
def with_nothing() -> None: ...


volume = modal.App("volume")


@volume.function(volumes={"/data": modal.Volume.from_name("some-volume", create_if_missing=True)})
def with_volume() -> None: ...


region = modal.App("region")


@region.function(region="us-east")
def with_region() -> None: ...
