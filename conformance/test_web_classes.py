# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Methods of classes that are called by HTTP."""

import pytest
import web_classes

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module", autouse=True)
def app():
    with web_classes.app.run():
        yield


@pytest.fixture
def shop(web):
    with web.to(web_classes.Shop(town="nowhere").site.get_web_url()) as client:
        yield client


def test_given_a_class_when_its_method_is_asked_then_it_has_what_enter_made(web):
    with web.to(web_classes.Plain().site.get_web_url()) as client:
        answer = client.get("/a").json()
    assert (answer["greeting"], answer["path"]) == ("hello", "/a")


def test_given_parameters_when_a_request_says_them_then_each_has_containers_of_its_own(shop):
    bern, chur = (shop.get("/", params={"town": town, "floors": 3, "open": "false"}).json() for town in ("bern", "chur"))
    assert [(one["town"], one["floors"], one["open"]) for one in (bern, chur)] == [("bern", 3, False), ("chur", 3, False)]
    assert bern["task"] != chur["task"]


def test_given_a_parameter_with_a_default_when_it_is_not_said_then_the_variant_is_the_clients(shop):
    answer = shop.get("/", params={"town": "zürich & more"}).json()
    assert (answer["town"], answer["floors"], answer["open"]) == ("zürich & more", 2, True)
    assert web_classes.Shop(town="zürich & more").task.remote() == answer["task"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "the class needs a value for town, as in ?town="),
        ("town=bern&floors=many", "floors=many: a whole number is needed"),
        ("town=bern&floors=99999999999999999999", "a whole number is needed"),
        ("town=bern&open=perhaps", "open=perhaps: true or false is needed"),
        ("town=%zz", "the query: "),
    ],
    ids=lambda value: value[:30],
)
def test_given_no_such_variant_when_asked_then_the_request_is_refused_with_the_parameter(shop, query: str, says: str):
    answer = shop.get(f"/?{query}")
    assert answer.status_code == 400, answer.text
    assert says in answer.text
