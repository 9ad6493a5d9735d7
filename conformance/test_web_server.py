# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A function that is a server of its own behind a port."""

import pytest
import web_port
from serai_conformance.web import Web


@pytest.fixture(scope="module")
def files():
    with web_port.app.run(), Web.of_environment().to(web_port.files.get_web_url()) as client:
        yield client


def test_given_a_server_behind_a_port_when_asked_then_it_answers_through_the_gateway(files):
    answer = files.get("/web_port.py")
    assert answer.status_code == 200
    assert "PORT = 8080" in answer.text
    assert answer.headers["server"].startswith("SimpleHTTP")


def test_given_a_file_that_is_not_there_when_asked_then_the_servers_own_404_arrives(files):
    answer = files.get("/nothing here%2F?x=1")
    assert answer.status_code == 404
    assert "File not found" in answer.text


def test_given_a_head_request_when_asked_then_the_length_is_told(files):
    answer = files.head("/web_port.py")
    assert int(answer.headers["content-length"]) > 100
    assert answer.content == b""
