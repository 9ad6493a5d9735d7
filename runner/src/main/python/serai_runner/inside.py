# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A port of a container's loopback, as it is seen and reached from outside."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from . import network

if TYPE_CHECKING:
    from .network import Network

CONNECT_S = 10  # a program that is busy may let connections wait


class Port:
    """For use by several threads."""

    def __init__(self, network: Network | None, number: int) -> None:
        """@param network: the container's, to be kept by *ready*; None: the node's"""
        self._network, self.number = network, number

    def is_listened_on(self) -> bool:
        """Nobody notices that it is looked at."""
        found = self._network.listening() if self._network else network.listening("self")
        return any(port == self.number and address in _REACHED for address, port in found)

    def connect(self) -> socket.socket:
        """@raise OSError: nobody listens"""
        try:
            return self._connect(socket.AF_INET, "127.0.0.1")
        except ConnectionRefusedError:
            return self._connect(socket.AF_INET6, "::1")

    def _connect(self, family: int, address: str) -> socket.socket:
        made = self._network.new_socket(family) if self._network else socket.socket(family, socket.SOCK_STREAM)
        try:
            made.settimeout(CONNECT_S)
            made.connect((address, self.number))
            made.settimeout(None)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            made.close()
            raise
        return made


def _shown(address: str) -> str:
    """As /proc/net/tcp has it: words of the machine's own order."""
    packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    return "".join(f"{word:08X}" for word in struct.unpack(f"={len(packed) // 4}I", packed))


_REACHED = frozenset(map(_shown, ("127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0")))
