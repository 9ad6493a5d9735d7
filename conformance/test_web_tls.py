# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""TLS in the gateway: certificates from files, HTTP/2 by ALPN."""

import os
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme
import web_hello
from serai_conformance.poll import eventually
from serai_conformance.web import WAIT, Http2, Web


@pytest.fixture(scope="module")
def port() -> int:
    port = os.environ.get("SERAI_GATEWAY_TLS_PORT")
    if not port or not os.environ.get("SERAI_GATEWAY_TLS_DIRECTORY"):
        pytest.skip("SERAI_GATEWAY_TLS_PORT, SERAI_GATEWAY_TLS_DIRECTORY are not set: this platform has no TLS")
    return int(port)


@pytest.fixture(scope="module")
def folder(port: int) -> Path:
    folder = Path(os.environ["SERAI_GATEWAY_TLS_DIRECTORY"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def put(folder: Path, name: str, authority: trustme.CA, *domains: str) -> None:
    """As whatever renews certificates does it: each file at once, and the key first."""
    made = authority.issue_cert(*domains)
    for ending, content in (("key", made.private_key_pem.bytes()), ("crt", b"".join(p.bytes() for p in made.cert_chain_pems))):
        new = folder / f"{name}.{ending}.new"
        new.write_bytes(content)
        new.rename(folder / f"{name}.{ending}")


@pytest.fixture(scope="module")
def host():
    with web_hello.app.run():
        yield urlsplit(web_hello.hello.get_web_url()).hostname


@pytest.fixture(scope="module")
def authority(folder: Path, host: str) -> trustme.CA:
    """Clients take no wildcard directly below `localhost`, so that the endpoint has a name of its own in the certificate."""
    authority = trustme.CA()
    put(folder, "all", authority, host, "*.web.example")
    return authority


def trusting(authority: trustme.CA, *protocols: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


def connect(port: int, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=WAIT), server_hostname=name)


def connected(port: int, context: ssl.SSLContext, name: str):
    try:
        return connect(port, context, name)
    except (ssl.SSLError, ConnectionError):
        return None


def test_given_a_certificate_when_a_client_offers_http2_then_they_speak_it_and_the_function_sees_https(port, authority, host):
    connection = eventually(lambda: connected(port, trusting(authority, "h2", "http/1.1"), host), WAIT, "the certificate is found")
    assert connection.selected_alpn_protocol() == "h2"
    with Http2(connection, f"{host}:{port}") as client:
        status, body, _ = client.get("/scope")
    assert status == "200"
    assert b'"scheme": "https"' in body
    assert b'"http_version": "2"' in body


def test_given_a_client_without_alpn_when_it_asks_then_it_speaks_http1(port, authority, host):
    with eventually(lambda: connected(port, trusting(authority), host), WAIT, "the certificate is found") as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while data := connection.recv(1 << 16):
            answer += data
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"hello\n")


def test_given_a_name_without_a_certificate_when_a_client_asks_for_it_then_there_is_no_handshake(port, authority):
    eventually(lambda: connected(port, trusting(authority), "a.web.example"), WAIT, "the certificate is found").close()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(port, trusting(authority), "example.org")


def test_given_a_custom_domain_when_its_certificate_is_put_there_then_it_is_shown_without_a_restart(port, folder, authority):
    another = trustme.CA()
    put(folder, "custom", another, "custom.example")
    eventually(lambda: connected(port, trusting(another), "custom.example"), WAIT, "the certificate is found").close()
    (folder / "custom.crt").write_bytes(b"broken")
    eventually(lambda: connected(port, trusting(another), "custom.example") is None, WAIT, "the certificate is gone")
    connect(port, trusting(authority), "a.web.example").close()


def test_given_plain_http_when_sent_to_the_port_of_tls_then_the_connection_ends(port):
    web = Web(f"http://127.0.0.1:{port}")
    assert not web.raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP")
