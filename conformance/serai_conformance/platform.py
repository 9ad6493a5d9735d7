# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Where the platform is, and its REST API. Only the environment says so."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

REQUIRED = {
    "MODAL_SERVER_URL": "gRPC address of the platform",
    "MODAL_TOKEN_ID": "token of a workspace",
    "MODAL_TOKEN_SECRET": "its secret",
    "SERAI_API_URL": "HTTP address of the platform",
    "SERAI_API_TOKEN": "bearer token for it",
    "SERAI_WEB_URL": "address of the listener for functions that are called by HTTP",
    "SERAI_NOMAD_ADDRESS": "HTTP address of the Nomad agent that the platform uses",
}


@dataclass(frozen=True)
class Platform:
    """A started platform, as a user and as the operator of its cluster meet it."""

    server_url: str
    token_id: str
    token_secret: str
    api_url: str
    api_token: str
    nomad_address: str
    nomad_token: str | None
    cli: Path | None
    full: bool
    node_ports: tuple[int, ...]  # of this machine's loopback, that containers have on theirs

    @staticmethod
    def missing(environment: Mapping[str, str] = os.environ) -> list[str]:
        return [f"  {name}: {what}" for name, what in REQUIRED.items() if not environment.get(name)]

    @staticmethod
    def of_environment() -> "Platform":
        cli = os.environ.get("SERAI_CLI")
        return Platform(
            server_url=os.environ["MODAL_SERVER_URL"],
            token_id=os.environ["MODAL_TOKEN_ID"],
            token_secret=os.environ["MODAL_TOKEN_SECRET"],
            api_url=os.environ["SERAI_API_URL"],
            api_token=os.environ["SERAI_API_TOKEN"],
            nomad_address=os.environ["SERAI_NOMAD_ADDRESS"],
            nomad_token=os.environ.get("SERAI_NOMAD_TOKEN"),
            cli=Path(cli).resolve() if cli else None,
            full=os.environ.get("SERAI_TEST_FULL") == "1",
            node_ports=tuple(int(port) for port in os.environ.get("SERAI_RUNNER_NODE_PORTS", "").split(",") if port),
        )

    def calls_of(self, app: str) -> list[dict]:
        """By REST, of the last 500 of all apps."""
        listed = api(self.api_token).get("/calls", params={"limit": 500}).raise_for_status().json()["items"]
        return [call for call in listed if call["app"] == app]


def api(bearer: str | None, address: str | None = None) -> httpx.Client:
    """
    A client of the REST API: its addresses begin after the version.

    :param bearer: None: without credentials
    :param address: None: of the platform that the environment names
    """
    return httpx.Client(
        base_url=f"{address or os.environ['SERAI_API_URL']}/api/v1",
        headers={} if bearer is None else {"Authorization": f"Bearer {bearer}"},
        trust_env=False,
        timeout=60,
    )
