# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Containers of a container engine: a platform of its own, whose images are in a registry and are run by podman."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from serai_conformance.havoc import Installation, free_ports
from serai_conformance.platform import api
from serai_conformance.poll import eventually
from serai_conformance.terminal import modal, python

PATIENCE = 900  # a base system is made, packed and published
REGISTRY = """version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {directory}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""
CALL = "import modal; print(modal.Function.from_name('engine', '{function}').remote({arguments}))"
LAST = "import modal; print(modal.Function.from_name('lasting', 'version').remote())"

pytestmark = pytest.mark.timeout(2 * PATIENCE)

if os.geteuid() != 0 or not all(map(shutil.which, ("podman", "skopeo", "docker-registry", "mmdebstrap"))):
    pytest.skip("needs root, podman, skopeo, docker-registry and mmdebstrap on the node", allow_module_level=True)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("registry")
    (port,) = free_ports(1)
    (folder / "registry.yml").write_text(REGISTRY.format(directory=folder / "data", port=port))
    with subprocess.Popen(["docker-registry", "serve", folder / "registry.yml"], stderr=subprocess.DEVNULL) as process:
        try:
            eventually(lambda: answers(port), 60, "the registry answers")
            yield f"127.0.0.1:{port}/serai"
        finally:
            process.terminate()


def core_mhz() -> str:
    """As the agent of this machine counts."""
    base = Path("/sys/devices/system/cpu/cpu0/cpufreq/base_frequency")
    if base.exists():
        return str(int(base.read_text()) // 1000)
    found = re.search(r"^cpu MHz\s*:\s*(\d+)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else "1000"


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/v2/").is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, cli: Path, registry: str):
    settings = {
        "SERAI_IMAGE_DRIVER": "podman",
        "SERAI_IMAGE_DRIVER_NETWORK": "host",  # the server is on this machine's loopback, as all of a test is
        "SERAI_IMAGE_REGISTRY": registry,
        "SERAI_IMAGE_REGISTRY_TLS": "false",
        "SERAI_NOMAD_CORE_MHZ": core_mhz(),
    }
    if "SERAI_HOME" in os.environ:  # the base system is made once for all tests
        settings["SERAI_RUNNER_CACHE"] = str(Path(os.environ["SERAI_HOME"], "cache"))
    with Installation(cli, tmp_path_factory.mktemp("engine") / "home", tuned=settings) as installation:
        yield installation
    remove_images(registry)


@pytest.fixture(scope="module")
def login(installation: Installation) -> dict[str, str]:
    login = installation.login()
    modal("deploy", "engine.py", timeout=PATIENCE, **login).ok()
    return login


def call(login: dict[str, str], function: str, arguments: str = "", timeout: float = 240):
    return python("-c", CALL.format(function=function, arguments=arguments), timeout=timeout, **login)


def tags(registry: str, kind: str) -> set[str]:
    host, _, path = registry.partition("/")
    return {tag for tag in httpx.get(f"http://{host}/v2/{path}/tags/list").json()["tags"] or () if tag.startswith(kind)}


def collect(installation: Installation) -> dict:
    return json.loads(installation.run("images", "collect", "--json", "--unused-for", "0"))


def images(registry: str) -> list[str]:
    return podman("images", "--format", "{{.Repository}}@{{.Digest}}", "--filter", f"reference={registry}").split()


def containers(registry: str) -> list[str]:
    """Images of those that run."""
    return [image for image in podman("ps", "--format", "{{.Image}}").split() if image.startswith(registry)]


def remove_images(registry: str) -> None:
    for image in images(registry):
        podman("rmi", "--force", image)


def podman(*words: str) -> str:
    return subprocess.run(["podman", *words], capture_output=True, text=True, timeout=120, check=True).stdout


def test_given_images_with_different_packages_when_called_then_each_function_is_in_its_own_image(login, registry):
    seen = call(login, "look").ok().stdout
    assert "'six': '1.16.0'" in seen and "'built': 'built\\n'" in seen
    assert "'environment': ['hello', 'a secret']" in seen
    assert call(login, "version").ok().stdout.strip() == "1.17.0"
    running = containers(registry)
    assert len(set(running)) == 2, running
    assert all("@sha256:" in image for image in running), "run by digest"
    assert "it looks around" in modal("app", "logs", "engine", timeout=60, **login).output


def test_given_a_container_of_an_engine_then_it_has_no_rights_and_none_of_the_runners_secrets(login):
    seen = call(login, "look").ok().stdout
    assert "'CapEff': '0000000000000000'" in seen and "'NoNewPrivs': '1'" in seen and "'Seccomp': '2'" in seen
    assert '"server\'s": []' in seen and "'secrets': []" in seen


def test_given_exceptions_generators_and_web_when_called_then_they_are_as_with_any_other_container(login):
    refused = call(login, "divide", "1, 0")
    assert refused.code != 0 and "ZeroDivisionError" in refused.output
    counted = "import modal; print(list(modal.Function.from_name('engine', 'count').remote_gen(3)))"
    assert python("-c", counted, timeout=240, **login).ok().stdout.strip() == "[0, 1, 2]"
    url = "import modal; print(modal.Function.from_name('engine', 'site').get_web_url())"
    named = httpx.URL(python("-c", url, **login).ok().stdout.strip())
    answer = httpx.get(named.copy_with(host="127.0.0.1"), headers={"host": named.netloc.decode()}, timeout=240)
    assert answer.text == "from an image"


def test_given_a_memory_limit_when_it_is_used_up_then_the_reason_is_told(login):
    ended = call(login, "hoard", timeout=600)
    assert ended.code != 0
    assert "out of memory" in ended.output


def test_given_a_function_without_network_when_deployed_for_an_engine_then_it_is_refused_and_what_to_do_is_said(login):
    refused = modal("deploy", "engine_cut_off.py", timeout=PATIENCE, **login)
    assert refused.code != 0
    assert "'hermit' asks for block_network" in refused.output and "serai.image.driver=podman" in refused.output


def test_given_a_cpu_limit_when_a_container_of_an_engine_burns_then_it_is_throttled(login):
    assert float(call(login, "burns").ok().stdout) == pytest.approx(0.25, rel=0.1)
    assert "cores" not in modal("app", "logs", "engine", timeout=60, **login).output


def test_given_a_limit_of_disk_when_a_container_of_an_engine_writes_more_then_it_is_ended_and_the_reason_is_told(login):
    assert call(login, "writes", "20").ok().stdout.strip() == str(20 << 20)
    assert call(login, "writes", "300", timeout=600).code != 0
    with api(login["SERAI_API_TOKEN"], login["SERAI_API_URL"]) as client:
        listed = client.get("/containers", params={"limit": 100}).raise_for_status().json()["items"]
    assert "out of disk: it wrote more than 100 MiB. Ask for more, as by ephemeral_disk=…" in [one["reason"] for one in listed]


def test_given_an_app_that_is_stopped_then_the_engine_has_no_container_of_it(login, registry):
    call(login, "divide", "14, 7").ok()
    assert containers(registry)
    modal("app", "stop", "--yes", "engine", **login).ok()
    eventually(lambda: not containers(registry), 120, "no container is left")


def test_given_images_that_no_function_uses_when_collected_then_the_registry_has_nothing_of_them_and_the_others_run(
    login, installation, registry
):
    modal("deploy", "lasting.py", timeout=PATIENCE, **login).ok()
    modal("app", "stop", "--yes", "engine", **login)  # a test before has stopped it, if it ran
    assert len(tags(registry, "im-")) > 2 and len(tags(registry, "layer-")) > 2
    troubles = set()

    def has_only_what_is_needed() -> bool:
        troubles.add(collect(installation)["registry"])
        return len(tags(registry, "im-")) == 2  # debian_slim(), which the other stands on, keeps its own with its layer

    eventually(has_only_what_is_needed, 120, "the pools of the app that was stopped are gone")
    assert troubles == {""}
    assert len(tags(registry, "layer-")) == 2, "that of debian_slim() and that of the package"
    remove_images(registry)
    assert python("-c", LAST, timeout=240, **login).ok().stdout.strip() == "1.17.0", "fetched anew"


def test_given_a_registry_that_loses_what_is_needed_when_collected_then_it_has_it_again(login, installation, registry):
    modal("deploy", "lasting.py", timeout=PATIENCE, **login).ok()
    collect(installation)
    there = {kind: tags(registry, kind) for kind in ("layer-", "base-", "im-")}
    assert all(there.values())
    for tag in set().union(*there.values()):
        address = f"docker://{registry}:{tag}"
        subprocess.run(["skopeo", "delete", "--tls-verify=false", address], check=True, capture_output=True)
    collected = collect(installation)
    assert collected["mended"] == len(there["layer-"] | there["base-"])
    assert collected["unpublished"] == len(there["im-"])
    modal("deploy", "lasting.py", timeout=PATIENCE, **login).ok()
    assert {kind: tags(registry, kind) for kind in there} == there
    remove_images(registry)
    assert python("-c", LAST, timeout=240, **login).ok().stdout.strip() == "1.17.0", "of what is published anew"
