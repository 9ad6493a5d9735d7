# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Classes and their variants, which a client deploys, as REST shows and calls them."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from apps import until
from conftest import Api

PROGRAMS = Path(__file__).parent.parent / "programs"


@pytest.fixture(scope="module")
def deployed(api: Api):
    """An app with a class, whose variant for `greeting="ahoy"` was called once."""
    pytest.importorskip("modal")
    if "MODAL_SERVER_URL" not in os.environ:
        pytest.skip("MODAL_SERVER_URL is not set: no client can deploy")
    name = f"rest-variants-{secrets.token_hex(4)}"

    def modal(*words: str) -> None:
        subprocess.run([sys.executable, *words], cwd=PROGRAMS, check=True, capture_output=True, timeout=180)

    modal("-m", "modal", "deploy", "--name", name, "classy.py")
    modal("-c", f'import modal\nmodal.Cls.from_name("{name}", "Greeter")(greeting="ahoy", times=2).greet.remote("x")')
    app = next(a for a in api.get("/api/v1/apps").json()["items"] if a["name"] == name)
    functions = api.get(f"/api/v1/apps/{app['id']}/functions").json()["items"]
    yield {function["name"]: function for function in functions}
    modal("-m", "modal", "app", "stop", "--yes", name)


def test_a_class_is_one_function_without_a_pool(api: Api, deployed: dict) -> None:
    seen = api.get(f"/api/v1/functions/{deployed['Greeter.*']['id']}").json()
    assert (seen["base"], seen["parameters"], seen["pool"]) == (None, None, None)


def test_a_variant_has_its_parameters_and_a_pool_of_its_own(api: Api, deployed: dict) -> None:
    base = deployed["Greeter.*"]["id"]
    page = api.get(f"/api/v1/functions/{base}/variants?limit=10").json()
    (variant,) = page["items"]
    assert variant["parameters"] == {"greeting": "ahoy", "times": 2, "loud": False, "sign": "1 bytes"}
    assert (variant["base"], variant["options"], page["more"]) == (base, False, False)
    seen = api.get(f"/api/v1/functions/{variant['id']}").json()
    assert (seen["base"], seen["parameters"]) == (base, variant["parameters"])
    assert seen["pool"]["id"].startswith("po-")


def test_a_method_is_called_by_its_name(api: Api, deployed: dict) -> None:
    body = json.dumps({"method": "add", "args": [3]}).encode()
    answer = api.post(f"/api/v1/functions/{deployed['Counter.*']['id']}/calls", body)
    assert answer.status == 202
    call = answer.json()["id"]

    def over() -> dict | None:
        seen = api.get(f"/api/v1/calls/{call}").json()
        return seen if seen["state"] not in ("PENDING", "RUNNING") else None

    assert until(over)["result"] == 3


@pytest.mark.parametrize(
    ("function", "body", "words"),
    [
        ("Counter.*", {}, "has add, add_later"),
        ("Counter.*", {"method": "nothing"}, "has add, add_later"),
        ("pid", {"method": "add"}, "is a function"),
    ],
    ids=["none", "unknown", "of a function"],
)
def test_a_method_that_is_not_there_is_refused(api: Api, deployed: dict, function: str, body: dict, words: str) -> None:
    answer = api.post(f"/api/v1/functions/{deployed[function]['id']}/calls", json.dumps(body).encode())
    assert answer.status == 400
    assert words in answer.json()["detail"]
