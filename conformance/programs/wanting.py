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


cloud = modal.App("cloud")


@cloud.function(cloud="gcp")
def with_cloud() -> None: ...


routing = modal.App("routing")


@routing.function(routing_region="us-west")
def with_routing_region() -> None: ...


kept = modal.App("kept")


@kept.cls(nonpreemptible=True)
class Kept:
    @modal.method()
    def work(self) -> None: ...


among_themselves = modal.App("among_themselves")


@among_themselves.function(i6pn=True)
def with_i6pn() -> None: ...


experimental = modal.App("experimental")


@experimental.function(experimental_options={"vm_runtime": True})
def with_an_experiment() -> None: ...


def make() -> None: ...


build = modal.App("build", image=modal.Image.debian_slim().run_function(make, cloud="aws"))


@build.function()
def with_a_build_elsewhere() -> None: ...


server = modal.App("server")


@server.server(h2_enabled=True, routing_region="eu-west")
class Server:
    @modal.enter()
    def start(self) -> None: ...


snapshot = modal.App("snapshot")


@snapshot.cls(enable_memory_snapshot=True)
class Remembered:
    @modal.enter(snap=True)
    def load(self) -> None:
        self.loaded = ["before the snapshot"]

    @modal.enter(snap=False)
    def go_on(self) -> None:
        self.loaded.append("after it")

    @modal.method()
    def said(self) -> list[str]:
        return self.loaded
