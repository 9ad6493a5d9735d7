# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Presents the allocation to the server and learns which container it is to be."""

from __future__ import annotations

import binascii
import io
import json
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from . import messages
from .patience import AWAY_S, Patience
from .problems import Failed, Refused, Unavailable
from .server import Server
from .settings import Settings

if TYPE_CHECKING:
    from . import outlet

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,4096}")  # it becomes a header, in a list with commas
_SHA256 = re.compile(r"[0-9a-f]{64}")


class File(NamedTuple):
    """One file of the task, by content."""

    path: str  # absolute, as the container sees it
    sha256: str
    size: int
    mode: int


class Limits(NamedTuple):
    """What the container may use; None is no limit."""

    memory_mb: int | None = None
    milli_cpu: int | None = None
    milli_cpu_request: int | None = None  # what others do not take from it; None: LEAST_CPU of limits
    pids: int | None = None
    disk_mb: int | None = None  # of what it writes; None: half of what is free


class ImageRoot(NamedTuple):
    """A root of the image's own."""

    base: Mapping[str, Any]  # see bases.Base
    layers: tuple[str, ...]  # digests, the lowest first
    registry: Mapping[str, Any] | None = None  # that all nodes share; see registry.Address


class Serve(NamedTuple):
    """An HTTP server that the task's own code starts in the container."""

    port: int  # of the container's loopback
    startup_timeout_s: float  # until it listens
    exit_grace_s: float  # for open connections, once the container is to end


class Task(NamedTuple):
    """What is prepared: the same for every container of a pool."""

    package: str
    version: str
    python_version: str  # '3.11', or empty: whatever the node has
    environment: Mapping[str, str]
    workdir: str
    files: tuple[File, ...]
    limits: Limits
    root: ImageRoot | None = None  # None: the node's own system will do
    entrypoint: tuple[str, ...] = ()
    block_network: bool = False  # nothing but its loopback
    outbound: tuple[outlet.Network, ...] | None = None  # what it reaches; None: everything
    serve: Serve | None = None  # None: it asks for its inputs
    keeps: bool = False  # what it writes to a root of its own may become a layer


class Identity(NamedTuple):
    """What is started: one container."""

    container: str
    token: str
    http: tuple[str, ...]  # the servers, the one that answered first
    rpc: tuple[str, ...]  # the same, for the container's calls
    arguments: bytes
    heartbeat_interval_s: float | None


def register(settings: Settings, meanwhile: Callable[[], None]) -> tuple[Task, Identity]:
    """@param meanwhile: called while the server thinks. @raise Failed: it refused, or was away for too long"""
    return parse(present(settings, "/internal/v1/containers", meanwhile))


def present(settings: Settings, path: str, meanwhile: Callable[[], None]) -> bytes:
    """Asks until the server answers, at most AWAY_S.

    @raise Failed: it refused, or was away for too long
    """
    servers = settings.servers
    server = Server(servers, settings.secret)
    body = {"pool": settings.pool, "allocation": settings.allocation, "index": settings.index, "node": settings.node}
    patience, pause = Patience(AWAY_S), 0.1
    while True:
        try:
            return server.post(path, body, meanwhile)
        except Refused as e:
            raise Failed(f"the server at {servers.present} refused this allocation: {e}") from e
        except Unavailable as e:
            if patience.left < pause:
                raise Failed(f"the server at {servers} was away for {AWAY_S} s: {e}") from e
            if pause > 1:
                messages.say(f"the server at {servers} does not answer ({e}); trying again in {pause:.0f} s")
            time.sleep(pause)
            pause = min(pause * 2, 10)
        finally:
            server.close()


def servers(server: Server, container: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """@return the servers that there are now, over HTTP and for the container's calls

    @raise Refused, Unavailable, Failed
    """
    answer = io.BytesIO()
    server.get(f"/internal/v1/containers/{container}/servers", answer)
    try:
        return _servers(json.loads(answer.getvalue()))
    except (KeyError, TypeError, ValueError) as e:
        raise Failed(f"the server's answer is not understood ({type(e).__name__}: {e})") from e


def _servers(it: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(s["http_url"] for s in it["servers"]), tuple(s["rpc_url"] for s in it["servers"])


def parse(answer: bytes) -> tuple[Task, Identity]:
    """@raise Failed: the answer is not what the two agreed on"""
    try:
        return _parse(json.loads(answer))
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise Failed(f"the server's answer is not understood ({type(e).__name__}: {e}); are both of one version?") from e


def _networks(texts: Iterable[str]) -> tuple[outlet.Network, ...]:
    from ipaddress import ip_network  # few have such a list

    return tuple(ip_network(text, strict=False) for text in texts)


def _parse(it: Mapping[str, Any]) -> tuple[Task, Identity]:
    limits = it.get("limits") or {}
    task = Task(
        package=_match(_NAME, it["runtime"]["package"]),
        version=_match(_NAME, it["runtime"]["version"]),
        python_version=it.get("python_version") or "",
        environment={str(k): str(v) for k, v in (it.get("environment") or {}).items()},
        workdir=it.get("workdir") or "/root",
        files=parse_files(it["files"]),
        limits=Limits(*(int(limits[k]) if limits.get(k) else None for k in Limits._fields)),
        root=parse_root(it["root"]) if it.get("root") else None,
        entrypoint=tuple(it.get("entrypoint") or ()),
        block_network=bool(it.get("block_network")),
        outbound=None if it.get("outbound") is None else _networks(it["outbound"]),
        serve=parse_serve(it["serve"]) if it.get("serve") else None,
        keeps=bool(it.get("keeps")),
    )
    http, rpc = _servers(it)
    identity = Identity(
        container=_match(_NAME, it["container"]),
        token=_match(_TOKEN, it["token"]),
        http=http,
        rpc=rpc,
        arguments=binascii.a2b_base64(it["arguments"]),
        heartbeat_interval_s=it.get("heartbeat_interval_s"),
    )
    return task, identity


def parse_root(it: Mapping[str, Any]) -> ImageRoot:
    return ImageRoot(it["base"], tuple(_match(_SHA256, digest) for digest in it["layers"]), it.get("registry"))


def parse_serve(it: Mapping[str, Any]) -> Serve:
    serve = Serve(int(it["port"]), float(it["startup_timeout_s"]), float(it["exit_grace_s"]))
    if not 0 < serve.port < 65_536 or not all(0 <= seconds < math.inf for seconds in serve[1:]):
        raise ValueError(f"{serve} is not allowed here")
    return serve


def parse_files(files: list[Mapping[str, Any]]) -> tuple[File, ...]:
    return tuple(File(f["path"], _match(_SHA256, f["sha256"]), int(f["size"]), int(f.get("mode") or 0o644)) for f in files)


def _match(pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(f"{value[:80]!r} is not allowed here")
    return value
