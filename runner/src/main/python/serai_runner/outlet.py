# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What may leave a container's network, as the kernel's filter of its only interface: classic BPF over Ethernet frames.

Routes would not do. A socket that is bound to an interface goes round them, and what then comes to the node's side of the
interface is connected to from there: its loopback, or who gives away credentials to whoever is on the node.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Iterator

# Loopback and "this network" (which is loopback for connect), link-local with almost everybody's metadata (RFC 3927), other
# clouds' metadata (Alibaba, Azure, Oracle Classic), multicast and what comes after it.
_CLOSED_4 = (
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "224.0.0.0/3",
)  # fmt: skip
# The same: unspecified, loopback, IPv4 in another dress; link-local; multicast; metadata (Amazon, Google, Scaleway).
_CLOSED_6 = (
    "::/96", "::ffff:0:0/96", "fe80::/10", "ff00::/8", "fd00:ec2::/32", "fd20:ce::254/128", "fd00:42::42/128",
)  # fmt: skip
CLOSED = tuple(map(ipaddress.ip_network, (*_CLOSED_4, *_CLOSED_6)))

_LOAD, _LOAD_HALF, _LOAD_BYTE, _AND, _EQUAL, _JUMP, _RETURN = 0x20, 0x28, 0x30, 0x54, 0x15, 0x05, 0x06
_DROP, _PASS = (_RETURN, 0, 0, 2), (_RETURN, 0, 0, 0)  # TC_ACT_SHOT, TC_ACT_OK
_KIND, _TO_4, _NEXT_HEADER, _TO_6, _ICMPV6_TYPE = 12, 30, 20, 38, 54  # places in a frame
_ARP, _IPV4, _IPV6, _ICMPV6 = 0x0806, 0x0800, 0x86DD, 58

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Word = tuple[int, int, int, int]


def is_closed(address: str) -> bool:
    """Whether nothing gets there from a container."""
    try:
        it = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True
    return any(it in network for network in CLOSED if network.version == it.version)


def program(closed: Iterable[Network] = CLOSED, opened: Iterable[Network] | None = None) -> bytes:
    """
    @param opened: all else is closed, too; None: all that is not closed is open
    @return struct sock_filter after struct sock_filter
    """
    rules = [(network, _DROP) for network in closed]
    if opened is not None:
        rules += [(network, _PASS) for network in opened]
    rest = _PASS if opened is None else _DROP
    four, six = ([word for network, act in rules if network.version == v for word in _rule(network, act)] + [rest] for v in (4, 6))
    # neighbours are asked for at multicast and link-local addresses; nothing listens to these messages
    asks = [(_LOAD_BYTE, 0, 0, _ICMPV6_TYPE), (_EQUAL, 1, 0, 135), (_EQUAL, 0, 1, 136), _PASS]
    six = [(_LOAD_BYTE, 0, 0, _NEXT_HEADER), (_EQUAL, 0, len(asks), _ICMPV6), *asks, *six]
    words = [
        (_LOAD_HALF, 0, 0, _KIND),
        *((_EQUAL, 0, 1, _ARP), _PASS),
        *((_EQUAL, 0, 1, _IPV4), (_JUMP, 0, 0, 3)),
        *((_EQUAL, 0, 1, _IPV6), (_JUMP, 0, 0, 1 + len(four))),
        _DROP,
        *four,
        *six,
    ]
    return b"".join(struct.pack("=HBBI", *word) for word in words)


def _rule(network: Network, act: _Word) -> Iterator[_Word]:
    """Word by word; the first that differs leads behind it all."""
    at = _TO_4 if network.version == 4 else _TO_6
    address, mask = network.network_address.packed, network.netmask.packed
    words = [
        (at + i, int.from_bytes(mask[i : i + 4], "big"), int.from_bytes(address[i : i + 4], "big"))
        for i in range(0, len(mask), 4)
        if any(mask[i : i + 4])
    ]
    lengths = [3 if m != 0xFFFFFFFF else 2 for _, m, _ in words]
    for number, (place, m, value) in enumerate(words):
        yield (_LOAD, 0, 0, place)
        if m != 0xFFFFFFFF:
            yield (_AND, 0, 0, m)
        yield (_EQUAL, 0, sum(lengths[number + 1 :]) + 1, value)
    yield act
