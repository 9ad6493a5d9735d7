# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The examples of web functions, asked by clients that others wrote: httpx, websockets, curl, a browser."""

import importlib
import io
import json
import os
import secrets
import shutil
import subprocess
import sys
import wave
from pathlib import Path
from urllib.parse import quote, urlsplit

import modal
import psycopg
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import sync_playwright
from serai_conformance import terminal
from serai_conformance.platform import Platform
from serai_conformance.poll import eventually
from serai_conformance.postgres import Postgres
from serai_conformance.web import WAIT, Web
from websockets.sync.client import connect

EXAMPLES = Path(__file__).parent.parent / "examples" / "web"
BUILD = 1800  # s: images are built by the first who ask, on a busy machine with a slow line
pytestmark = pytest.mark.timeout(BUILD)

if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
    pytest.skip("builds need root and mmdebstrap on the node", allow_module_level=True)


@pytest.fixture(scope="module", autouse=True)
def found():
    sys.path.insert(0, str(EXAMPLES))
    yield
    sys.path.remove(str(EXAMPLES))


@pytest.fixture(scope="module")
def example(found):
    """An example that runs, by its name."""
    running = {}

    def run(name: str):
        if name not in running:
            module = importlib.import_module(name)
            context = module.app.run()
            context.__enter__()
            running[name] = module, context
        return running[name][0]

    yield run
    for _, context in running.values():
        context.__exit__(None, None, None)


def test_given_a_fastapi_app_when_asked_then_its_routes_answer(web, example):
    with web.to(example("fastapi_app").shop.get_web_url()) as client:
        assert client.get("/prices/tea").json() == {"name": "tea", "price": 3}
        assert client.get("/prices/coffee").status_code == 404
        assert client.post("/orders", json=["tea", "cake"]).json() == {"total": 7}
        assert client.post("/orders", json="tea").status_code == 422
        assert client.get("/openapi.json").json()["info"]["title"] == "A shop"


def test_given_a_fastapi_endpoint_when_asked_then_it_takes_its_method_only_and_has_its_docs(web, example):
    with web.to(example("fastapi_app").greet.get_web_url()) as client:
        assert client.post("/", params={"name": "Ada"}).json() == {"greeting": "Good morning, Ada"}
        assert client.get("/").status_code == 405
        assert "swagger" in client.get("/docs").text


def test_given_a_flask_app_when_a_file_is_uploaded_then_its_view_has_it(web, example):
    with web.to(example("flask_app").pages.get_web_url()) as client:
        assert 'action="/words"' in client.get("/").text
        assert client.post("/words", files={"text": b"one two three " * 50_000}).json() == {"words": 150_000}


def test_given_django_when_its_async_views_are_asked_then_they_answer_and_stream(web, example):
    with web.to(example("django_app").site.get_web_url()) as client:
        assert client.get("/slow").json() == {"path": "/slow", "secure": False}
        with client.stream("GET", "/count/5") as answer:
            assert list(answer.iter_lines()) == ["0", "1", "2", "3", "4"]
        assert client.get("/nothing").status_code == 404


def test_given_a_stream_of_tokens_when_curl_reads_it_then_each_is_an_event(web, example):
    if not shutil.which("curl"):
        pytest.skip("no curl here")
    url = example("tokens").stream.get_web_url()
    command = ["curl", "-sSN", "--noproxy", "*", "-H", f"host: {urlsplit(url).netloc}", f"{web.base}/?prompt=hello+world"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT)
    events = [line.removeprefix("data: ") for line in done.stdout.splitlines() if line]
    assert events[-1] == "[DONE]", done.stdout + done.stderr
    assert "".join(json.loads(event)["token"] for event in events[:-1]) == "You said: hello world"


def test_given_a_music_service_when_a_song_is_ordered_then_it_is_composed_meanwhile_and_so_is_the_scheduled_one(web, example):
    music = example("music")
    with web.to(music.api.get_web_url()) as client:
        ordered = client.post("/songs", params={"prompt": "hello world"})
        assert ordered.status_code == 202
        song = f"/songs/{ordered.json()['song']}"
        found = eventually(lambda: (answer := client.get(song)).status_code == 200 and answer, WAIT, "the song")
        with wave.open(io.BytesIO(found.content)) as file:
            assert (file.getframerate(), file.getnframes()) == (music.RATE, 11 * (music.RATE // 8))
        assert client.post("/songs", params={"prompt": ""}).status_code == 422
        assert client.get("/songs/fc-0000000000000000000000").status_code == 404
    assert music.song_of_the_day.remote() > 10_000


def test_given_a_server_of_its_own_when_asked_twice_then_one_process_has_seen_both(web, example):
    with web.to(example("own_server").Counter.get_url()) as client:
        answers = [client.get("/").json() for _ in range(2)]
    assert [answer["seen"] for answer in answers] == [1, 2]
    assert len({answer["container"] for answer in answers}) == 1


@pytest.fixture
def database() -> str:
    """A schema of its own in the platform's PostgreSQL, which no container reaches."""
    given = {name: os.environ.get(f"SERAI_DB_{name}") for name in ("URL", "USER", "PASSWORD")}
    if not all(given.values()):
        pytest.skip("SERAI_DB_URL, SERAI_DB_USER, SERAI_DB_PASSWORD are not set: there is no database to try it with")
    address = urlsplit(given["URL"].removeprefix("jdbc:"))
    schema = f"example_{secrets.token_hex(4)}"
    login = f"{quote(given['USER'])}:{quote(given['PASSWORD'])}@{address.hostname}:{address.port}"
    url = f"postgresql://{login}{address.path}?options=-csearch_path%3D{schema}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create schema {schema}")
        yield url
        connection.execute(f"drop schema {schema} cascade")


def test_given_a_guest_book_when_it_is_beside_its_database_then_guests_sign_it(database, found, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database)
    site = importlib.import_module("guestbook").guestbook.local()
    with TestClient(site) as client:
        assert client.post("/guests", params={"name": "Ada", "said": "'; drop table guest; --"}).json() == {"number": 1}
        assert client.post("/guests", params={"name": "Grace"}).json() == {"number": 2}
        assert client.get("/guests").json() == [
            {"name": "Grace", "said": ""},
            {"name": "Ada", "said": "'; drop table guest; --"},
        ]
        assert client.post("/guests").status_code == 422


def test_given_a_guest_book_whose_database_is_away_when_asked_then_it_says_so_and_gives_its_address_to_nobody(web, example):
    address = "postgresql://ada:a-password@127.0.0.1:9/guests"
    terminal.modal("secret", "create", "--force", "guestbook-database", f"DATABASE_URL={address}").ok()
    try:
        with web.to(example("guestbook").guestbook.get_web_url()) as client:
            answer = client.get("/guests")
    finally:
        terminal.modal("secret", "delete", "--yes", "guestbook-database").ok()
    assert answer.status_code == 503 and answer.headers["retry-after"] == "10"
    assert answer.json() == {"detail": "the database does not answer"}


@pytest.fixture
def provider(platform: Platform):
    """Another's PostgreSQL at the port of this machine that containers have, as a connection pooler there would show it."""
    if not platform.node_ports:
        pytest.skip("SERAI_RUNNER_NODE_PORTS is not set: containers have no port of this machine")
    installed = sorted(Path(os.environ.get("SERAI_HOME", "."), "postgres").glob("*/bin/initdb"))
    if not installed:
        pytest.skip("below SERAI_HOME there is no PostgreSQL: the platform has another database")
    postgres = Postgres(installed[-1].parent, platform.node_ports[0])
    yield postgres
    postgres.close()


def test_given_a_guest_book_with_its_database_in_a_secret_when_it_is_deployed_then_guests_sign_it_by_its_url(web, found, provider):
    terminal.modal("secret", "create", "--force", "guestbook-database", f"DATABASE_URL={provider.url}").ok()
    try:
        terminal.modal("deploy", str(EXAMPLES / "guestbook.py"), timeout=BUILD).ok()
        with web.to(modal.Function.from_name("guestbook", "guestbook").get_web_url()) as client:
            assert client.get("/guests").json() == []
            assert client.post("/guests", params={"name": "Ada", "said": "'; drop table guest; --"}).json() == {"number": 1}
            assert client.post("/guests", params={"name": "Grace"}).json() == {"number": 2}
            assert [guest["name"] for guest in client.get("/guests").json()] == ["Grace", "Ada"]
    finally:
        terminal.modal("app", "stop", "--yes", "guestbook")
        terminal.modal("secret", "delete", "--yes", "guestbook-database").ok()
    with psycopg.connect(provider.url) as connection:
        rows = connection.execute("select name, said from guest order by id").fetchall()
    assert rows == [("Ada", "'; drop table guest; --"), ("Grace", "")]


def talk(web: Web, url: str):
    """By the gateway's address, under the endpoint's name: names below localhost are not known everywhere."""
    return connect(f"ws://{urlsplit(url).netloc}/room", sock=web.connect(), open_timeout=WAIT, proxy=None)


def test_given_a_chat_when_two_are_in_it_then_each_hears_the_other(web, example):
    url = example("chat").chat.get_web_url()
    with talk(web, url) as ada, talk(web, url) as bob:
        for speaker, said in ((ada, "hello"), (bob, "grüß dich")):
            speaker.send(said)
            assert ada.recv(timeout=WAIT) == said
            assert bob.recv(timeout=WAIT) == said


def test_given_a_chat_when_a_browser_opens_its_page_then_it_takes_part(web, example):
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium here (Debian: apt install chromium)")
    url = example("chat").chat.get_web_url()
    with talk(web, url) as ada, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--no-proxy-server"])
        page = browser.new_page()
        page.set_default_timeout(WAIT * 1000)
        page.goto(url)
        page.wait_for_function("document.title === 'Chat: open'")
        page.fill("#text", "from the browser")
        page.press("#text", "Enter")
        assert ada.recv(timeout=WAIT) == "from the browser"
        ada.send("to the browser")
        page.wait_for_selector("text=to the browser")
        browser.close()


def test_given_a_server_in_another_language_when_asked_then_it_answers(web, example, platform: Platform):
    if not platform.full:
        pytest.skip("only under --full: it installs Node in an image")
    with web.to(example("node_server").server.get_web_url()) as client:
        assert client.post("/a%2Fb?c=%20", content=bytes(100_000)).json() == {
            "method": "POST",
            "url": "/a%2Fb?c=%20",
            "length": 100_000,
        }
