# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The filter of what leaves a container's network, asked as the kernel runs it."""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import socket
import struct
from collections.abc import Callable, Iterator

import pytest
from serai_runner import outlet

SO_ATTACH_FILTER = 26
DROPPED, PASSED = 2, 0  # TC_ACT_SHOT, TC_ACT_OK

CLOSED = (
    "127.0.0.1 127.0.0.53 127.255.255.255 0.0.0.0 0.1.2.3 169.254.169.254 169.254.170.2 169.254.0.1 100.100.100.200 "
    "168.63.129.16 192.0.0.192 224.0.0.251 255.255.255.255 ::1 :: ::7f00:1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 "
    "fe80::1 fe80::a9fe:a9fe febf:ffff::1 ff02::fb fd00:ec2::254 fd20:ce::254 fd00:42::42"
).split()
OPEN = (
    "1.0.0.0 8.8.8.8 10.0.0.1 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0 172.17.0.1 192.168.1.1 192.0.0.193 "
    "100.100.100.199 100.100.100.201 168.63.129.17 223.255.255.255 2001:4860:4860::8888 ::1:0:0:1 fec0::1 fe00::1 fd00::1 "
    "fd00:ec3::254 fd20:ce::253 fd00:42::43 ::fffe:127.0.0.1"
).split()


@pytest.fixture(scope="module")
def verdict():
    with judged_by(outlet.program()) as ask:
        yield ask


@contextlib.contextmanager
def judged_by(words: bytes) -> Iterator[Callable[[bytes], int]]:
    """By a socket that has it: what it answers is how much of a frame arrives there, nothing included."""
    sent, received = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    received.setblocking(False)
    memory = ctypes.create_string_buffer(words, len(words))
    received.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(words) // 8, ctypes.addressof(memory)))

    def ask(frame: bytes) -> int:
        sent.send(frame)
        try:
            return len(received.recv(2000))
        except BlockingIOError:
            return 0

    with sent, received:
        yield ask


def frame(to: str, protocol: int = socket.IPPROTO_TCP) -> bytes:
    address = ipaddress.ip_address(to)
    if address.version == 4:
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, protocol, 0, bytes((192, 0, 0, 2)), address.packed)
        return bytes(12) + struct.pack("!H", 0x0800) + header + bytes(20)
    header = struct.pack("!IHBB16s16s", 6 << 28, 20, protocol, 64, bytes(16), address.packed)
    return bytes(12) + struct.pack("!H", 0x86DD) + header + bytes(20)


def message(kind: int, to: str) -> bytes:
    """Of ICMPv6."""
    whole = bytearray(frame(to, socket.IPPROTO_ICMPV6))
    whole[54] = kind
    return bytes(whole)


@pytest.mark.parametrize("to", CLOSED)
def test_given_a_frame_to_the_node_itself_or_to_metadata_when_it_leaves_then_it_is_dropped(verdict, to):
    assert verdict(frame(to)) == DROPPED
    assert outlet.is_closed(to)


@pytest.mark.parametrize("to", OPEN)
def test_given_a_frame_to_anybody_else_when_it_leaves_then_it_passes(verdict, to):
    assert verdict(frame(to)) == PASSED
    assert not outlet.is_closed(to)


def test_given_neighbours_when_they_are_asked_for_then_it_passes(verdict):
    assert verdict(bytes(12) + struct.pack("!H", 0x0806) + bytes(28)) == PASSED
    for kind in (135, 136):  # neighbour solicitation and advertisement
        assert verdict(message(kind, "ff02::1:ff00:1")) == verdict(message(kind, "fe80::1")) == PASSED
    assert verdict(message(128, "fe80::1")) == DROPPED and verdict(message(128, "2001:db8::1")) == PASSED  # an echo request


def test_given_networks_that_are_listed_when_a_frame_leaves_then_it_passes_to_those_alone():
    listed = ["10.1.0.0/16", "203.0.113.7/32", "2001:db8::/33", "127.0.0.0/8", "::1/128"]
    with judged_by(outlet.program(opened=map(ipaddress.ip_network, listed))) as verdict:
        for to in ("10.1.0.0", "10.1.255.255", "203.0.113.7", "2001:db8::1", "2001:db8:7fff::"):
            assert verdict(frame(to)) == verdict(frame(to, socket.IPPROTO_UDP)) == PASSED, to
        for to in ("10.0.255.255", "10.2.0.0", "203.0.113.6", "8.8.8.8", "2001:db8:8000::", "fd00::1", *CLOSED):
            assert verdict(frame(to)) == DROPPED, to
        assert verdict(message(135, "ff02::1:ff00:1")) == PASSED
        assert verdict(message(128, "2001:db9::1")) == DROPPED
    with judged_by(outlet.program(opened=[])) as verdict:
        assert verdict(frame("8.8.8.8")) == verdict(frame("2001:db8::1")) == DROPPED


def test_given_as_many_networks_as_can_be_listed_when_the_filter_is_made_then_the_kernel_takes_it():
    listed = [ipaddress.ip_network(f"2001:db8:{i:x}::1/128") for i in range(100)]
    with judged_by(outlet.program(opened=listed)) as verdict:
        assert verdict(frame("2001:db8:63::1")) == PASSED and verdict(frame("2001:db8:64::1")) == DROPPED


def test_given_a_frame_of_another_kind_when_it_leaves_then_it_is_dropped(verdict):
    for kind in (0x8100, 0x88CC, 0x0806 + 1, 0):
        assert verdict(bytes(12) + struct.pack("!H", kind) + bytes(40)) == DROPPED
