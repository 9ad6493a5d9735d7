# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""One function for each feature that this version does not have."""

import sys

import modal


pip_install = modal.App("pip-install", image=modal.Image.debian_slim().pip_install("rich"))


@pip_install.function()
def with_packages() -> None: ...


apt_install = modal.App("apt-install", image=modal.Image.debian_slim().apt_install("curl"))


@apt_install.function()
def with_system_packages() -> None: ...


run_commands = modal.App("run-commands", image=modal.Image.debian_slim().run_commands("echo built > /built"))


@run_commands.function()
def with_commands() -> None: ...


registry = modal.App("registry", image=modal.Image.from_registry("ubuntu:24.04", add_python="3.12"))


@registry.function()
def with_registry_image() -> None: ...


other_version = "3.13" if sys.version_info[:2] != (3, 13) else "3.12"
other_python = modal.App("other-python", image=modal.Image.debian_slim(python_version=other_version))


@other_python.function()
def with_other_python() -> None: ...


volume = modal.App("volume")


@volume.function(volumes={"/data": modal.Volume.from_name("some-volume", create_if_missing=True)})
def with_volume() -> None: ...




no_network = modal.App("no-network")


@no_network.function(block_network=True)
def without_network() -> None: ...


region = modal.App("region")


@region.function(region="us-east")
def with_region() -> None: ...
