# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Endpoints that ask for a proxy token, which the client's command line makes."""

import json
from urllib.parse import urlsplit

import pytest
import web_guarded
from serai_conformance.poll import eventually
from serai_conformance.terminal import modal
from serai_conformance.web import WAIT, Web


@pytest.fixture(scope="module")
def client():
    with web_guarded.app.run():
        url = web_guarded.guarded.get_web_url()
        assert urlsplit(url).hostname == "main--guarded-by-a-token-dev.localhost"
        with Web.of_environment().to(url) as asking:
            yield asking


@pytest.fixture
def token() -> dict[str, str]:
    made = json.loads(modal("workspace", "proxy-tokens", "create", "--name", "a test", "--json").ok().stdout)
    yield made
    modal("workspace", "proxy-tokens", "delete", "--yes", made["Modal-Key"])


def test_given_no_token_when_asked_then_401(client):
    answer = client.get("/")
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:serai:problem:proxy-token-needed"


def test_given_a_token_when_asked_then_the_function_answers_and_does_not_see_it(client, token):
    for headers in (
        {"modal-key": token["Modal-Key"], "modal-secret": token["Modal-Secret"]},
        {"authorization": token["Authorization"]},
    ):
        answer = client.get("/", headers=headers)
        assert answer.status_code == 200, answer.text
        seen = answer.text.split()
        assert not {"modal-key", "modal-secret", "authorization"} & set(seen)


@pytest.mark.parametrize("part", ["Modal-Key", "Modal-Secret"])
def test_given_half_of_a_token_when_asked_then_401(client, token, part):
    assert client.get("/", headers={part: token[part]}).status_code == 401


def test_given_a_wrong_secret_when_asked_then_401(client, token):
    headers = {"modal-key": token["Modal-Key"], "modal-secret": "ws-wrong"}
    assert client.get("/", headers=headers).status_code == 401


def test_given_a_token_of_the_api_when_asked_then_401(client, platform):
    headers = {"modal-key": platform.token_id, "modal-secret": platform.token_secret}
    assert client.get("/", headers=headers).status_code == 401


def test_given_tokens_when_listed_then_the_name_is_there_and_no_secret(token):
    listed = modal("workspace", "proxy-tokens", "list", "--json").ok().stdout
    assert token["Modal-Key"] in listed
    assert "a test" in listed
    assert token["Modal-Secret"] not in listed


def test_given_a_token_when_deleted_then_it_opens_nothing_any_more(client, token):
    headers = {"modal-key": token["Modal-Key"], "modal-secret": token["Modal-Secret"]}
    assert client.get("/", headers=headers).status_code == 200
    modal("workspace", "proxy-tokens", "delete", "--yes", token["Modal-Key"]).ok()
    eventually(lambda: client.get("/", headers=headers).status_code == 401, WAIT, "the token is refused")
