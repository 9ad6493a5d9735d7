# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Who may come in."""

import pytest
from serai_conformance.platform import Platform, api
from serai_conformance.terminal import modal, python

NOBODY = {"MODAL_TOKEN_ID": "ak-nobody", "MODAL_TOKEN_SECRET": "as-nothing"}


def test_given_a_token_that_nobody_has_when_run_then_it_is_refused_with_its_id():
    ended = modal("run", "calling.py", "--dividend", "1", **NOBODY)
    assert ended.code == 1
    assert "ak-nobody" in ended.output and "Traceback" not in ended.output


def test_given_a_wrong_secret_when_run_then_it_is_refused_and_the_secret_is_not_shown(platform: Platform):
    wrong = platform.token_secret[:-1] + ("a" if platform.token_secret[-1] != "a" else "b")
    ended = modal("run", "calling.py", "--dividend", "1", MODAL_TOKEN_SECRET=wrong)
    assert ended.code == 1
    assert platform.token_id in ended.output
    assert wrong not in ended.output


def test_given_a_wrong_token_when_the_sdk_is_used_then_it_is_an_auth_error():
    code = (
        "import modal\n"
        "try:\n    modal.Function.from_name('a', 'f').hydrate()\n"
        "except modal.exception.AuthError as e:\n    print('AuthError', e)\n"
    )
    shown = python("-c", code, **NOBODY).ok().stdout
    assert shown.startswith("AuthError") and "ak-nobody" in shown


@pytest.mark.parametrize("credentials", [None, "ak-nobody.as-nothing", "nonsense"])
def test_given_no_token_when_the_rest_api_is_read_then_it_is_refused(credentials: str | None):
    client = api(credentials)
    for path in ("apps", "functions", "calls", "containers"):
        assert client.get(path).status_code == 401, path


def test_given_a_containers_secret_when_it_is_wrong_then_no_input_is_handed_out(platform: Platform):
    ended = modal(
        "app",
        "stop",
        "--yes",
        "whatever",
        MODAL_OVERRIDE_HEADERS="x-serai-container: ta-guessed,x-serai-secret: ta-guessed.cs-guessed",
    )
    assert ended.code == 1
    assert "credentials" in ended.output
