# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Deployments over REST: what takes effect, what is refused, and that a client sees the same functions."""

from __future__ import annotations

import io
import json
import os
import secrets
import subprocess
import sys
import uuid
import zipfile

import pytest
from apps import SOURCE, call, changed, deploy, deployment
from conftest import Answer, Api
from serai_conformance.web import Web
from test_rest import assert_problem


@pytest.fixture
def app(api: Api) -> str:
    """A name that nobody has deployed under."""
    name = f"rest-{secrets.token_hex(4)}"
    yield name
    if api.get(f"/api/v1/apps/{name}").status == 200:
        assert api.send("DELETE", f"/api/v1/apps/{name}", None).status == 202


def version(value: str) -> dict:
    return deployment(
        tag=value,
        sources={"m.py": f"def f():\n    return {value!r}\n"},
        functions=[{"name": "f", "handler": "m.f"}],
    )


def test_given_versions_when_one_is_rolled_back_then_its_code_runs_again(api: Api, app: str) -> None:
    for number, value in enumerate(["one", "two"], start=1):
        answer = deploy(api, app, version(value))
        assert answer.status == 201, answer.body
        made = answer.json()
        assert (made["version"], made["tag"], made["current"], made["name"]) == (number, value, True, app)
        assert api.get(answer.headers["Location"]).json() == made
        assert call(api, app, "f").json()["result"] == value
    back = api.post(f"/api/v1/apps/{app}/deployments/1/rollback")
    assert back.status == 201
    assert (back.json()["version"], back.json()["tag"]) == (3, "one")
    assert call(api, app, "f").json()["result"] == "one"
    listed = api.get(f"/api/v1/apps/{app}/deployments?limit=2").json()
    assert [(v["version"], v["current"]) for v in listed["items"]] == [(3, True), (2, False)]
    rest = api.get(f"/api/v1/apps/{app}/deployments?limit=2&cursor={listed['next']}").json()
    assert [v["version"] for v in rest["items"]] == [1] and not rest["more"]
    assert listed["items"][0]["functions"] == rest["items"][0]["functions"], "the definitions of then"
    assert_problem(api.post(f"/api/v1/apps/{app}/deployments/9/rollback"), 404, "version-not-found")
    assert_problem(api.get(f"/api/v1/apps/{app}/deployments/0"), 400, "invalid-argument")


def test_given_a_stopped_app_then_it_takes_no_calls_and_can_be_deployed_again(api: Api, app: str) -> None:
    first = deploy(api, app, version("one")).json()
    stopped = api.send("DELETE", f"/api/v1/apps/{app}", None)
    assert stopped.status == 202
    assert stopped.json()["state"] in ("STOPPING", "STOPPED")
    assert_problem(call(api, app, "f"), 400, "app-stopped")
    assert_problem(api.post(f"/api/v1/apps/{app}/deployments/1/rollback"), 400, "app-stopped")
    again = deploy(api, app, version("again")).json()
    assert again["app"] != first["app"]
    assert call(api, app, "f").json()["result"] == "again"


def test_given_what_a_function_asks_for_then_it_is_what_it_gets(api: Api, app: str) -> None:
    answer = deploy(
        api,
        app,
        changed(
            {
                "resources": {"cpu": 0.25, "cpu_max": 0.5, "memory_mb": 200, "memory_max_mb": 300, "disk_mb": 100},
                "autoscaler": {"max_containers": 3, "buffer_containers": 1, "scaledown_window_s": 7},
                "retries": {"max_retries": 2, "initial_delay_s": 0, "backoff_coefficient": 1},
                "timeout_s": 40,
                "startup_timeout_s": 50,
                "concurrency": 4,
            }
        ),
    )
    assert answer.status == 201, answer.body
    runs = api.get(f"/api/v1/functions/{answer.json()['functions'][0]['id']}").json()["runs"]
    assert {k: runs[k] for k in ("milli_cpu", "memory_mb", "max_containers", "buffer_containers", "concurrency")} == {
        "milli_cpu": 250,
        "memory_mb": 200,
        "max_containers": 3,
        "buffer_containers": 1,
        "concurrency": 4,
    }
    assert (runs["scaledown_window"], runs["timeout"], runs["startup_timeout"], runs["retries"]) == (
        "PT7S",
        "PT40S",
        "PT50S",
        2,
    )


REACHING = """
import socket

def interfaces():
    return [name for _, name in socket.if_nameindex()]

def resolvers():
    with open("/etc/resolv.conf") as lines:
        return [line.split()[1] for line in lines if line.startswith("nameserver")]
"""


def test_given_networks_that_are_listed_then_its_containers_have_them_and_ask_their_node_for_names(api: Api, app: str) -> None:
    """What gets through is tried by the runner's own tests."""
    functions = [
        {"name": "none", "handler": "m:interfaces", "network": {"block": True}},
        {"name": "some", "handler": "m:resolvers", "network": {"outbound": ["203.0.113.0/24", "2001:db8::/32"]}},
    ]
    made = deploy(api, app, deployment(sources={"m.py": REACHING}, functions=functions))
    assert made.status == 201, made.body
    assert call(api, app, "none").json()["result"] == ["lo"]
    pastas = ("192.0.0.1", "fd73:6572:6169::1")  # whatever the node asks
    assert call(api, app, "some").json()["result"][0] in pastas


SITE = """
def site():
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["REQUEST_METHOD"].encode(), b" ", environ["PATH_INFO"].encode()]
    return application

def port():
    import subprocess, sys
    subprocess.Popen([sys.executable, "-m", "http.server", "8123", "--directory", "/root"])
"""


def test_given_web_functions_then_their_urls_answer(api: Api, app: str, web: Web) -> None:
    functions = [
        {"name": "site", "handler": "pages:site", "web": {"type": "wsgi_app"}},
        {"name": "port", "handler": "pages:port", "web": {"type": "web_server", "port": 8123, "startup_timeout_s": 30}},
        {"name": "closed", "handler": "pages:site", "web": {"type": "wsgi_app", "requires_proxy_auth": True}},
    ]
    answer = deploy(api, app, deployment(sources={"pages.py": SITE}, functions=functions))
    assert answer.status == 201, answer.body
    urls = {f["name"]: api.get(f"/api/v1/functions/{f['id']}").json()["urls"][""] for f in answer.json()["functions"]}
    with web.to(urls["site"]) as client:
        assert client.put("/a").text == "PUT /a"
    with web.to(urls["port"]) as client:
        assert client.get("/pages.py").text == SITE
    with web.to(urls["closed"]) as client:
        assert client.get("/").status_code == 401


def test_given_retries_then_a_failing_call_has_that_many(api: Api, app: str) -> None:
    function = {"name": "fail", "handler": "jobs.work:fail", "retries": {"max_retries": 2, "initial_delay_s": 0}}
    assert deploy(api, app, deployment(functions=[function])).status == 201
    failed = call(api, app, "fail", "again").json()
    assert (failed["state"], failed["attempts"], failed["retries"]) == ("FAILED", 3, 2)


def test_given_a_function_of_either_side_then_the_other_side_calls_it(api: Api, app: str, tmp_path) -> None:
    pytest.importorskip("modal")
    assert deploy(api, app, deployment()).status == 201
    theirs = f"{app}-client"
    program = tmp_path / "theirs.py"
    program.write_text(f"import modal\napp = modal.App({theirs!r})\n\n\n@app.function()\ndef add(a, b=1):\n    return [a, b]\n")
    run(tmp_path, "-m", "modal", "deploy", str(program))
    assert call(api, theirs, "add", 5).json()["result"] == [5, 1]
    asked = run(
        tmp_path,
        "-c",
        f"import modal; f = modal.Function.from_name({app!r}, 'double');"
        "print(f.remote(4)['value'], [r['value'] for r in f.map([1, 2])])",
    )
    assert asked.split("\n")[-2] == "8 [2, 4]"
    assert api.send("DELETE", f"/api/v1/apps/{theirs}", None).status == 202


def run(folder, *arguments: str) -> str:
    environment = {**os.environ, "MODAL_CONFIG_PATH": os.devnull}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_given_a_call_of_a_client_then_its_pickled_result_is_not_read(api: Api, app: str, tmp_path) -> None:
    pytest.importorskip("modal")
    assert deploy(api, app, deployment()).status == 201
    made = run(
        tmp_path,
        "-c",
        f"import modal; c = modal.Function.from_name({app!r}, 'later').spawn(3); c.get(timeout=60); print(c.object_id)",
    ).split("\n")[-2]
    seen = api.get(f"/api/v1/calls/{made}").json()
    assert (seen["state"], seen["result"], seen["result_reference"]["format"]) == ("SUCCEEDED", None, "pickle")


def test_given_a_key_then_a_deployment_is_made_once(api: Api, app: str) -> None:
    key = secrets.token_hex(8)
    first = deploy(api, app, version("one"), Idempotency_Key=key)
    again = deploy(api, app, version("one"), Idempotency_Key=key)
    assert (again.status, again.json()) == (first.status, first.json())
    assert_problem(deploy(api, app, version("two"), Idempotency_Key=key), 422, "idempotency-key-reused")
    assert api.get(f"/api/v1/apps/{app}").json()["version"] == 1
    assert_problem(deploy(api, app, version("one"), Idempotency_Key="x" * 256), 400, "invalid-argument")


def multipart(api: Api, app: str, *parts: tuple[str, str | None, bytes]) -> Answer:
    boundary = uuid.uuid4().hex
    body = b""
    for name, file, content in parts:
        file_name = f'; filename="{file}"' if file else ""
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file_name}\r\n\r\n'.encode()
        body += content + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return api.post(f"/api/v1/apps/{app}/deployments", body, Content_Type=f"multipart/form-data; boundary={boundary}")


def zipped(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return content.getvalue()


DESCRIPTION = json.dumps({"functions": [{"name": "double", "handler": "jobs.work:double"}]}).encode()


def test_given_sources_as_a_zip_or_as_files_then_they_run(api: Api, app: str) -> None:
    archive = zipped(**{"jobs/work.py": SOURCE, "jobs/": ""})
    made = multipart(api, app, ("deployment", None, DESCRIPTION), ("archive", "sources.zip", archive))
    assert made.status == 201, made.body
    assert call(api, app, "double", 1).json()["result"]["value"] == 2
    made = multipart(api, app, ("file", "jobs/work.py", SOURCE.encode()), ("deployment", None, DESCRIPTION))
    assert made.status == 201, made.body
    assert call(api, app, "double", "a").json()["result"]["value"] == "aa"


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([("archive", "s.zip", zipped(**{"jobs/work.py": SOURCE}))], 'part "deployment": missing'),
        ([("deployment", None, DESCRIPTION), ("archive", "s.zip", b"PK no zip")], 'part "archive"'),
        ([("deployment", None, DESCRIPTION), ("other", None, b"x")], 'part "other": unknown'),
        ([("deployment", None, DESCRIPTION), ("archive", "s.zip", zipped(**{"../x.py": ""}))], '"../x.py"'),
        ([("deployment", None, DESCRIPTION), ("archive", "s.zip", zipped(**{"/etc/x.py": ""}))], '"/etc/x.py"'),
        ([("deployment", None, b"{broken"), ("file", "a.py", b"")], "line 1"),
        ([("deployment", None, b'{"sources":{},"functions":[]}'), ("file", "a.py", b"")], "sources: unknown"),
    ],
)
def test_given_parts_that_are_wrong_then_they_are_refused_by_name(api: Api, app: str, parts: list, says: str) -> None:
    problem = assert_problem(multipart(api, app, *parts), 400, "invalid-argument")
    assert says in problem["detail"]
    assert_problem(api.get(f"/api/v1/apps/{app}"), 404, "app-not-found")


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=x", "multipart/form-data"])
def test_given_a_body_that_is_no_multipart_then_it_is_refused(api: Api, app: str, content_type: str) -> None:
    answer = api.post(f"/api/v1/apps/{app}/deployments", b"garbage", Content_Type=content_type)
    assert "multipart" in assert_problem(answer, 400)["detail"]


def test_given_sources_over_the_limit_then_they_are_refused(api: Api, app: str) -> None:
    bomb = zipped(**{"jobs/work.py": "#" * (40 << 20)})
    assert len(bomb) < 1 << 20
    answer = multipart(api, app, ("deployment", None, DESCRIPTION), ("archive", "s.zip", bomb))
    assert "33554432" in assert_problem(answer, 413, "sources-too-large")["detail"]
    many = deployment(sources={f"f{n}.py": "" for n in range(2_001)})
    assert "2000" in assert_problem(deploy(api, app, many), 400, "invalid-argument")["detail"]
    answer = deploy(api, app, deployment(sources={"a.py": "x" * (9 << 20)}))
    assert "8388608" in assert_problem(answer, 400, "invalid-argument")["detail"]
    assert_problem(api.get(f"/api/v1/apps/{app}"), 404, "app-not-found")


@pytest.mark.parametrize(
    "path", ["../a.py", "/a.py", "a/../b.py", "a//b.py", "./a.py", "", "a\\b.py", "C:/a.py", "a\n.py", "x" * 513]
)
def test_given_a_path_that_leaves_its_folder_then_it_is_refused(api: Api, app: str, path: str) -> None:
    problem = assert_problem(deploy(api, app, deployment(sources={path: ""})), 400, "invalid-argument")
    assert problem["detail"].startswith('sources["')


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        ({"functions": []}, "invalid-argument", "functions: missing"),
        (deployment(colour=1), "invalid-argument", "colour: unknown"),
        (deployment(tag=1), "invalid-argument", "tag: 1: a string is needed"),
        (deployment(tag="x" * 129), "invalid-argument", "at most 128"),
        (deployment(client_version="new"), "invalid-argument", "client_version"),
        (deployment(python_version="2.7"), "invalid-argument", "python_version"),
        (deployment(python_version="3.3"), "image-unsupported", "Python 3.3"),
        (deployment(sources=[]), "invalid-argument", "sources"),
        (deployment(sources={"a.py": 1}), "invalid-argument", 'sources["a.py"]'),
        (deployment(sources={"a.py": {"base64": "?"}}), "invalid-argument", "no base64"),
        (deployment(functions={}), "invalid-argument", "functions"),
        (deployment(functions=[1]), "invalid-argument", "functions[0]"),
        (changed({"name": None}), "invalid-argument", "functions[0].name: missing"),
        (changed({"name": "a/b"}), "invalid-argument", 'functions[0].name: "a/b"'),
        (changed({"name": "a\\b"}), "invalid-argument", "functions[0].name"),
        (changed({"handler": None}), "invalid-argument", "functions[0].handler: missing"),
        (changed({"handler": "double"}), "invalid-argument", "functions[0].handler"),
        (changed({"handler": "../jobs:double"}), "invalid-argument", "functions[0].handler"),
        (changed({"handler": "jobs.other:double"}), "handler-not-found", "jobs/other.py"),
        (changed({"handler": "jobs.work:triple"}), "handler-not-found", '"triple"'),
        (changed({"handler": "jobs.work:x"}), "handler-not-found", '"x"'),
        (changed({"timeout_s": "30"}), "invalid-argument", 'functions[0].timeout_s: "30": an integer'),
        (changed({"timeout_s": 0}), "invalid-argument", "from 1 to 86400"),
        (changed({"timeout_s": 1.5}), "invalid-argument", "an integer"),
        (changed({"timeout": 5}), "invalid-argument", "functions[0].timeout: unknown"),
        (changed({"concurrency": 1001}), "invalid-argument", "from 1 to 1000"),
        (changed({"retries": 11}), "invalid-argument", "from 0 to 10"),
        (changed({"retries": "no"}), "invalid-argument", "functions[0].retries"),
        (changed({"resources": {"cpu": 0}}), "invalid-argument", "functions[0].resources.cpu"),
        (changed({"resources": {"gpu": 1}}), "invalid-argument", "functions[0].resources.gpu: unknown"),
        (changed({"resources": {"cpu": 2, "cpu_max": 1}}), "invalid-argument", "1.0 is less than cpu"),
        (changed({"resources": {"memory_mb": 2, "memory_max_mb": 1}}), "invalid-argument", "1 is less than memory_mb, 2"),
        (
            changed({"autoscaler": {"min_containers": 3, "max_containers": 2}}),
            "invalid-autoscaler",
            "functions[0].autoscaler.min_containers: 3 is more than max_containers, 2",
        ),
        (changed({"network": {}}), "invalid-argument", "functions[0].network.outbound: either block"),
        (changed({"network": {"block": True, "outbound": []}}), "invalid-argument", "either block"),
        (changed({"network": {"outbound": [10]}}), "invalid-argument", "functions[0].network.outbound"),
        (changed({"network": {"outbound": ["10.0.0.0/8"] * 101}}), "invalid-argument", "at most 100"),
        (changed({"network": {"outbound": ["10.0/8"]}}), "invalid-argument", '"10.0" is not an address'),
        (changed({"network": {"outbound": ["example.org"]}}), "invalid-argument", '"example.org" is not an address'),
        (changed({"network": {"outbound": ["10.0.0.0/33"]}}), "invalid-argument", '"10.0.0.0/33"'),
        (changed({"autoscaler": {"min_containers": -1}}), "invalid-argument", "min_containers: -1"),
        (changed({"autoscaler": {"max_containers": 0}}), "invalid-argument", "max_containers: 0"),
        (changed({"autoscaler": {"min_containers": 9_999}}), "invalid-autoscaler", "9999"),
        (changed({"autoscaler": {"scaledown_window_s": 1}}), "invalid-argument", "from 2 to 3600"),
        (changed({"gpu": 1}), "invalid-argument", "functions[0].gpu"),
        (changed({"gpu": "A100:0"}), "invalid-argument", "functions[0].gpu"),
        (changed({"gpu": []}), "invalid-argument", "functions[0].gpu"),
        (changed({"gpu": "H1000"}), "invalid-argument", "gpu 'H1000' is not known here. Known are: A10,"),
        (changed({"gpu": ["A100", "H1000:2"]}), "invalid-argument", "gpu 'H1000' is not known here"),
        (changed({"schedule": {"cron": "61 * * * *"}}), "invalid-schedule", 'minute "61" at position 1'),
        (changed({"schedule": {"cron": "* * *"}}), "invalid-schedule", "3 fields"),
        (changed({"schedule": {"cron": "0 9 * * *", "timezone": "Mars/Base"}}), "invalid-schedule", 'timezone "Mars/Base"'),
        (changed({"schedule": {}}), "invalid-argument", "either cron or period"),
        (changed({"schedule": {"period": {"hours": 0}}}), "invalid-argument", "more than 0"),
        (changed({"web": {}}), "invalid-argument", "functions[0].web.type: missing"),
        (changed({"web": {"type": "cgi"}}), "invalid-argument", 'functions[0].web.type: "cgi"; there are: asgi_app,'),
        (changed({"web": {"type": "web_server"}}), "invalid-argument", "functions[0].web.port: missing"),
        (changed({"web": {"type": "asgi_app", "port": 80}}), "invalid-argument", "functions[0].web.port: unknown"),
        (changed({"web": {"type": "asgi_app", "requires_proxy_auth": 1}}), "invalid-argument", "1: true or false is needed"),
        (changed({"web": {"type": "fastapi_endpoint", "method": "get"}}), "invalid-argument", 'functions[0].web.method: "get"'),
        (changed({"web": {"type": "asgi_app", "label": "a_b"}}), "invalid-argument", 'label "a_b"'),
        (changed({"web": {"type": "asgi_app", "domains": ["a b"]}}), "invalid-argument", 'custom domain "a b"'),
        (changed({"environment": {"A-B": "1"}}), "invalid-argument", "A-B"),
        (changed({"environment": {"A": 1}}), "invalid-argument", 'functions[0].environment["A"]'),
        (changed({"environment": {"A": "\0"}}), "invalid-argument", "U+0000"),
    ],
)
def test_given_a_description_that_is_wrong_then_it_is_refused_by_its_field_and_nothing_is_made(
    api: Api, app: str, body: dict, kind: str, says: str
) -> None:
    problem = assert_problem(deploy(api, app, body), 400, kind)
    assert says in problem["detail"], problem["detail"]
    assert_problem(api.get(f"/api/v1/apps/{app}"), 404, "app-not-found")


@pytest.mark.parametrize("body", [b"{broken", b"", b"[]", b"\xff", b'{"functions": [], "functions": []}'], ids=repr)
def test_given_a_body_that_is_no_description_then_it_is_refused_and_nothing_is_made(api: Api, app: str, body: bytes) -> None:
    assert_problem(api.post(f"/api/v1/apps/{app}/deployments", body), 400, "invalid-argument")
    assert_problem(api.get(f"/api/v1/apps/{app}"), 404, "app-not-found")


def test_given_a_name_twice_then_it_is_refused(api: Api, app: str) -> None:
    twice = deployment(functions=deployment()["functions"][:1] * 2)
    assert "there twice" in assert_problem(deploy(api, app, twice), 400, "invalid-argument")["detail"]


def test_given_a_class_then_it_is_refused_by_name(api: Api, app: str) -> None:
    body = deployment(sources={"m.py": "class K:\n    pass\n"}, functions=[{"name": "k", "handler": "m:K"}])
    assert "is a class" in assert_problem(deploy(api, app, body), 400, "feature-unsupported")["detail"]


@pytest.mark.parametrize("name", ["a%2Fb", "a%20b", "%2E%2E", "-a", "x" * 65, "ap-" + "0" * 22])
def test_given_a_name_that_is_none_then_it_is_refused(api: Api, name: str) -> None:
    assert 'app "' in assert_problem(deploy(api, name, deployment()), 400, "invalid-argument")["detail"]


@pytest.mark.parametrize("name", ["a%5Cb", "%00"])
def test_given_a_path_that_is_none_then_the_listener_refuses_it(api: Api, name: str) -> None:
    assert deploy(api, name, deployment()).status == 400


def test_given_another_environment_then_it_has_to_be_there(api: Api, app: str) -> None:
    answer = api.post(f"/api/v1/apps/{app}/deployments?environment=nowhere", json.dumps(deployment()).encode())
    assert_problem(answer, 404, "environment-not-found")


def test_given_an_app_then_other_workspaces_do_not_see_it(api: Api, app: str, other: Api) -> None:
    made = deploy(api, app, version("one")).json()
    for ref in (app, made["app"]):
        assert_problem(other.get(f"/api/v1/apps/{ref}/deployments"), 404, "app-not-found")
        assert_problem(other.post(f"/api/v1/apps/{ref}/deployments/1/rollback"), 404, "app-not-found")
        assert_problem(other.send("DELETE", f"/api/v1/apps/{ref}", None), 404, "app-not-found")
    assert api.get(f"/api/v1/apps/{app}").json()["state"] == "DEPLOYED"
