# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""One function for each feature that this version does not have."""

import modal

registry = modal.App("registry", image=modal.Image.from_registry("ubuntu:24.04", add_python="3.12"))


@registry.function()
def with_registry_image() -> None: ...


volume = modal.App("volume")


@volume.function(volumes={"/data": modal.Volume.from_name("some-volume", create_if_missing=True)})
def with_volume() -> None: ...


region = modal.App("region")


@region.function(region="us-east")
def with_region() -> None: ...
