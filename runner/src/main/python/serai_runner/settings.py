# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What the job tells the runner."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from .addresses import Addresses
from .problems import Failed

DEFAULT_CACHE = "/var/lib/serai/cache"


class Settings(NamedTuple):
    """The job's environment. The secret is a file, never an environment variable: those are shown by the cluster's API."""

    servers: Addresses  # over HTTP
    pool: str
    secret: str
    secrets: str  # directory that has it
    allocation: str
    index: int
    node: str
    cache: str  # shared by all containers of this node
    scratch: str  # of this allocation: gone with it
    gpus: int  # that the job asks for
    visible: str  # those that the cluster gave
    device_root: str  # below which their nodes lie
    shares_network: bool  # containers have the node's: an operator's explicit wish
    node_ports: tuple[int, ...]  # of the node's loopback, that are on a container's as well
    by_engine: bool  # a container engine has made the container already, and we are in it

    @staticmethod
    def of(environment: Mapping[str, str]) -> Settings:
        """@raise Failed: naming what is missing"""
        secrets = _need(environment, "NOMAD_SECRETS_DIR")
        cache = environment.get("SERAI_CACHE", DEFAULT_CACHE)
        return Settings(
            servers=Addresses.parse(_need(environment, "SERAI_URL"), _turn(_need(environment, "NOMAD_ALLOC_ID"))),
            pool=_need(environment, "SERAI_POOL"),
            secret=_read_secret(os.path.join(secrets, "pool-secret")),
            secrets=secrets,
            allocation=_need(environment, "NOMAD_ALLOC_ID"),
            index=int(environment.get("NOMAD_ALLOC_INDEX") or 0),
            node=os.uname().nodename,
            cache=cache,
            scratch=os.path.join(environment.get("NOMAD_TASK_DIR") or cache, "containers"),
            gpus=int(environment.get("SERAI_GPUS") or 0),
            visible=environment.get("NVIDIA_VISIBLE_DEVICES", ""),
            device_root=environment.get("NVIDIA_DEV_ROOT") or "/",
            shares_network=environment.get("SERAI_NETWORK") == "node",
            node_ports=_ports(environment.get("SERAI_NODE_PORTS", "")),
            by_engine=bool(environment.get("SERAI_ENGINE")),
        )


def _turn(allocation: str) -> int:
    import zlib

    return zlib.crc32(allocation.encode())


def _ports(text: str) -> tuple[int, ...]:
    try:
        return tuple(map(int, text.split(","))) if text else ()
    except ValueError as e:
        raise Failed(f"SERAI_NODE_PORTS={text} is no list of ports") from e


def _need(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise Failed(f"{name} is not set: this program is meant to be started by a job of Serai (see --help)")
    return value


def _read_secret(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            secret = file.read().strip()
    except OSError as e:
        raise Failed(f"the pool's secret cannot be read: {e}") from e
    if not secret:
        raise Failed(f"the pool's secret in {path} is empty: has the job its Nomad variable?")
    return secret
