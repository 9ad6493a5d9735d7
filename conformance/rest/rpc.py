# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What only the client protocol can make, with the public client's own stubs."""

from __future__ import annotations

import asyncio
import os
from typing import Any
from urllib.parse import urlsplit

import pytest


def call(token: str, method: str, request: Any) -> Any:
    """One call as the holder of a REST token, which is the client's token too."""
    client = pytest.importorskip("grpclib.client")
    stubs = pytest.importorskip("modal_proto.api_grpc")
    address = urlsplit(os.environ.get("MODAL_SERVER_URL", ""))
    if not address.hostname:
        pytest.skip("MODAL_SERVER_URL is not set")
    token_id, _, secret = token.partition(".")
    metadata = {
        "x-modal-token-id": token_id,
        "x-modal-token-secret": secret,
        "x-modal-client-type": "1",
        "x-modal-client-version": pytest.importorskip("modal_version").__version__,
        "x-modal-python-version": "3.11.0",
    }

    async def once() -> Any:
        channel = client.Channel(address.hostname, address.port)
        try:
            return await getattr(stubs.ModalClientStub(channel), method)(request, metadata=metadata, timeout=30)
        finally:
            channel.close()

    return asyncio.run(once())
