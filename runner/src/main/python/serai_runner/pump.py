# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""One direction of a connection that is passed on: a blocking read wakes up where it has to write."""

from __future__ import annotations

import socket
from collections.abc import Callable

BUFFER_BYTES = 256 << 10


def pump(source: socket.socket, sink: socket.socket, first: bytes = b"", change: Callable[[bytes], bytes] | None = None) -> None:
    """Until one side ends. A clean end is passed on as such; after an error nothing more can be right, so both ends close.

    @param first: of the source, and read already
    """
    buffer = memoryview(bytearray(BUFFER_BYTES))
    try:
        sink.sendall(change(first) if change else first)
        while count := source.recv_into(buffer):
            sink.sendall(change(bytes(buffer[:count])) if change else buffer[:count])
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, sink):
            hang_up(end)


def hang_up(connection: socket.socket) -> None:
    """Both directions, at once; who reads or writes is woken up."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended already
