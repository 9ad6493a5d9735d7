# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions for payloads that do not fit into a message."""

import hashlib

import modal

app = modal.App("payloads")


@app.function(max_containers=1, memory=512)
def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@app.function(max_containers=1, memory=512)
def make(size: int, seed: int = 0) -> bytes:
    return block(size, seed)


@app.function(max_containers=1, memory=512)
def echo(data: bytes) -> bytes:
    return data


def block(size: int, seed: int) -> bytes:
    """Bytes that differ everywhere, so that nothing can be swapped unnoticed."""
    return hashlib.shake_128(str(seed).encode()).digest(size)


@app.function(max_containers=1, memory=512)
def fail_with(size: int, seed: int) -> None:
    raise ValueError(block(size, seed))
