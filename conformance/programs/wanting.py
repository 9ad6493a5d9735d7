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


web = modal.App("web")


@web.function()
@modal.asgi_app()
def with_web_endpoint():
    raise AssertionError("not served")


classes = modal.App("classes")


@classes.cls()
class WithMethods:
    @modal.method()
    def method(self) -> None: ...


batched = modal.App("batched")


@batched.function()
@modal.batched(max_batch_size=4, wait_ms=100)
def with_batches(xs: list[int]) -> list[int]:
    return xs


no_network = modal.App("no-network")


@no_network.function(block_network=True)
def without_network() -> None: ...


single_use = modal.App("single-use")


@single_use.function(single_use_containers=True)
def once() -> None: ...


region = modal.App("region")


@region.function(region="us-east")
def with_region() -> None: ...
