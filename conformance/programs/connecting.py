# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that look for whom they can reach."""

import socket
from concurrent.futures import ThreadPoolExecutor

import modal

app = modal.App("connecting")


def answers(address: str, port: int, by_device: bool, patience_s: float = 2) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as connection:
        connection.settimeout(patience_s)
        try:
            if by_device:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0\0")
            connection.connect((address, port))
            return True
        except OSError:
            return False


@app.function(max_containers=1)
def reached(places: list[tuple[str, int]], patience_s: float = 2) -> list[tuple[str, int]]:
    """Those that answer, by whichever way."""
    with ThreadPoolExecutor(2 * len(places)) as all_at_once:
        found = list(
            all_at_once.map(lambda way: answers(*way[0], way[1], patience_s), [(p, w) for p in places for w in (False, True)])
        )
    return [place for number, place in enumerate(places) if any(found[2 * number : 2 * number + 2])]


@app.function(max_containers=1)
def said(address: str, port: int) -> bytes:
    """What whoever listens there says first."""
    with socket.create_connection((address, port), 30) as connection:
        return connection.recv(100)


@app.function(block_network=True, max_containers=1)
def alone(large: bytes) -> tuple[list[str], bytes]:
    """Which interfaces there are; with a value that is too large to come with the call, there and back."""
    return [name for _, name in socket.if_nameindex()], large[::-1]


@app.function(max_containers=1)
def looked_up(name: str) -> list[str]:
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(name, 443)})
    except OSError:
        return []
