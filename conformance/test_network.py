# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What user code reaches of the machine it runs on, by the network, and what it is to reach."""

import contextlib
import os
import socket
import threading
from urllib.parse import urlsplit

import connecting
import modal
import pytest
from serai_conformance.platform import Platform

LARGE = bytes(range(256)) * (16 << 10)  # too large to come with a call


@pytest.fixture(scope="module", autouse=True)
def app():
    with connecting.app.run():
        yield


def outer_address() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked, contextlib.suppress(OSError):
        asked.connect(("8.8.8.8", 9))  # nothing is sent
        return str(asked.getsockname()[0])
    return None


def place(url: str) -> tuple[str, int]:
    parts = urlsplit(url if "://" in url else f"//{url}")
    return parts.hostname or "", parts.port or 80


def listening() -> set[int]:
    """Ports on this machine's loopback, whoever has them: the database, the server's administration, other programs."""
    ports = set()
    for table in ("tcp", "tcp6"):  # a JVM listens on IPv4 addresses by IPv6
        with open(f"/proc/net/{table}", encoding="ascii") as lines:
            for words in (line.split() for line in lines):
                address, _, port = words[1].partition(":")
                if words[3] == "0A" and (set(address) == {"0"} or address.endswith("0100007F")):
                    ports.add(int(port, 16))
    return ports


def test_given_the_platforms_own_ports_when_a_container_tries_then_none_answers(platform: Platform):
    parts = [place(url) for url in (platform.nomad_address, platform.api_url, platform.server_url, os.environ["SERAI_WEB_URL"])]
    tried = [("127.0.0.1", port) for _, port in parts]
    tried = [where for where in tried if connecting.answers(*where, False)]  # those that are there for us
    assert tried, parts
    assert connecting.reached.remote(tried) == []


def test_given_everything_that_listens_on_the_loopback_when_a_container_tries_then_none_answers():
    ports = [port for port in sorted(listening()) if connecting.answers("127.0.0.1", port, False)]
    assert len(ports) >= 4  # the database, the server and its administration, the agent
    assert connecting.reached.remote([("127.0.0.1", port) for port in ports[:40]]) == []


def test_given_a_port_of_the_node_that_the_operator_names_when_a_container_tries_then_it_has_that_and_not_the_one_beside(
    platform: Platform,
):
    if not platform.node_ports:
        pytest.skip("SERAI_RUNNER_NODE_PORTS is not set: containers have no port of this machine")
    where = ("127.0.0.1", platform.node_ports[0])
    with socket.create_server(where) as helper, socket.create_server(("127.0.0.1", 0)) as beside:
        answering = threading.Thread(target=answer, args=(helper,))
        answering.start()
        assert connecting.said.remote(*where) == b"a helper of the node"
        answering.join(60)
        assert connecting.reached.remote([beside.getsockname()[:2]]) == []


def test_given_a_web_server_on_a_port_that_is_the_nodes_when_it_is_deployed_then_it_is_refused_by_its_number(platform: Platform):
    if not platform.node_ports:
        pytest.skip("SERAI_RUNNER_NODE_PORTS is not set: containers have no port of this machine")
    taken = modal.App("taken")

    @taken.function(serialized=True)
    @modal.web_server(platform.node_ports[0])
    def files():
        raise AssertionError("it is never deployed")

    with pytest.raises(modal.exception.InvalidError, match=f"port {platform.node_ports[0]}, which leads to a helper"), taken.run():
        raise AssertionError("it was deployed")


def answer(listener: socket.socket) -> None:
    listener.settimeout(60)
    client, _ = listener.accept()
    with client:
        client.sendall(b"a helper of the node")


def test_given_metadata_addresses_when_a_container_tries_then_none_answers():
    assert connecting.reached.remote([("169.254.169.254", 80), ("169.254.170.2", 80), ("fd00:ec2::254", 80)]) == []


@pytest.mark.skipif(outer_address() is None, reason="this machine has no way out")
def test_given_somebody_outside_when_a_container_connects_then_it_gets_there():
    with socket.create_server((outer_address(), 0)) as listener:
        where = (outer_address(), listener.getsockname()[1])
        assert connecting.reached.remote([where], 30) == [where]


def test_given_a_name_when_a_container_looks_it_up_then_it_finds_what_this_machine_finds():
    name = "example.com"
    assert connecting.looked_up.remote("localhost") == ["127.0.0.1"] or "127.0.0.1" in connecting.looked_up.remote("localhost")
    if connecting.looked_up.local(name):
        assert connecting.looked_up.remote(name)


def test_given_a_function_without_a_network_when_it_is_called_then_large_values_come_and_go_all_the_same():
    assert connecting.alone.remote(LARGE) == (["lo"], LARGE[::-1])
