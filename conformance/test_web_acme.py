# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Proofs of an ACME client that the gateway shows: HTTP-01, as `certbot --webroot` leaves them."""

import os
import secrets
from pathlib import Path

import pytest
import web_hello
from serai_conformance.web import Web, reason

PATH = "/.well-known/acme-challenge/"


@pytest.fixture(scope="module")
def folder() -> Path:
    given = os.environ.get("SERAI_GATEWAY_ACME_DIRECTORY")
    if not given:
        pytest.skip("SERAI_GATEWAY_ACME_DIRECTORY is not set: this gateway shows no proofs")
    folder = Path(given) / PATH.strip("/")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def proof(folder: Path) -> tuple[str, str]:
    token, text = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    (folder / token).write_text(text)
    yield token, text
    (folder / token).unlink()


@pytest.mark.parametrize("host", ["shop.example.org", "nobody.localhost:8000", "192.0.2.7"])
def test_given_a_proof_when_asked_for_under_any_name_then_it_is_shown(proof, host):
    token, text = proof
    with Web.of_environment().to(f"http://{host}") as client:
        answer = client.get(PATH + token)
    assert answer.status_code == 200 and answer.text == text
    assert answer.headers["content-type"] == "application/octet-stream"


def test_given_a_token_that_nobody_left_when_asked_for_then_it_is_a_path_as_any_other(folder):
    with web_hello.app.run(), Web.of_environment().to(web_hello.hello.get_web_url()) as client:
        seen = client.get(PATH + "of-the-function")
        assert seen.status_code == 200, "a function may have proofs of its own"
    with Web.of_environment().to("http://shop.example.org") as client:
        assert reason(client.get(PATH + "nobodys")) == "endpoint-not-found"


@pytest.mark.parametrize("token", ["..%2Fsecret", "%2e%2e/secret", "a/../../secret", "../secret", ""])
def test_given_a_path_that_leads_out_of_the_folder_when_asked_then_nothing_is_shown(folder, token):
    (folder.parent / "secret").write_text("not for you")
    host = "shop.example.org"
    answer = Web.of_environment().raw(f"GET {PATH}{token} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404") and b"not for you" not in answer


def test_given_a_link_when_asked_for_then_it_is_not_followed(folder):
    (folder / "link").unlink(missing_ok=True)
    (folder / "link").symlink_to("/etc/hostname")
    with Web.of_environment().to("http://shop.example.org") as client:
        assert client.get(PATH + "link").status_code == 404
