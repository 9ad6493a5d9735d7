# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Layers that functions make, on the base system that other images share."""

import asyncio
import importlib
import secrets
from pathlib import Path

import modal as client
import pytest
from serai_conformance.builds import PATIENCE, skip_where_there_are_none
from serai_conformance.nomad import Nomad
from serai_conformance.platform import Platform, api
from serai_conformance.poll import eventually
from serai_conformance.terminal import modal, start

pytestmark = pytest.mark.timeout(2 * PATIENCE)

skip_where_there_are_none()

PROGRAM = "built_by_function.py"
MAKERS = {"notes", "goes_on", "devours", "lasts", "draws", "scribbles"}

EDITED = """
from pathlib import Path
import uuid
import modal

FACTOR = {factor}

def helper():
    return "{helper}"

def scribbles():
    Path("/drawn").write_text(uuid.uuid4().hex)
    Path("/said").write_text("{mark} " + helper() + str(FACTOR))
    print("writes {words}")
    {fault}

app = modal.App("edited", image=modal.Image.debian_slim().run_function(scribbles))

@app.function()
def read():
    return Path("/drawn").read_text() + " " + Path("/said").read_text()

@app.local_entrypoint()
def show():
    print("read:", read.remote())
"""


@pytest.fixture(scope="module")
def mark() -> str:
    """What no image has had before."""
    return secrets.token_hex(4)


@pytest.fixture(scope="module")
def built(mark: str):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUILT_MARK", mark)
        module = importlib.import_module("built_by_function")
        with module.app.run():
            yield module


def test_given_arguments_secrets_and_variables_when_a_function_has_made_an_image_then_others_find_what_it_wrote(built, mark: str):
    assert built.read.remote() == {
        "words": f"{mark} two",
        "more": "{'three': '3'}",
        "secrets": "open hello",
        "beside": "beside the code",
        "password": "none",
    }


def test_given_commands_below_and_above_when_a_function_makes_a_layer_then_each_finds_the_ones_below(built, mark: str):
    assert built.read_upper.remote() == [mark, "1.16.0", "upper"]


def test_given_a_limit_of_memory_when_the_function_is_over_it_then_it_holds(built):
    assert built.read_devoured.remote() == "-9"


def test_given_functions_that_make_images_when_apps_and_functions_are_listed_then_they_are_not_among_them(
    built, platform: Platform
):
    with api(platform.api_token) as http:
        functions = http.get("/functions", params={"limit": 500}).raise_for_status().json()["items"]
        apps = http.get("/apps", params={"limit": 100}).raise_for_status().json()["items"]
    assert functions and built.app.app_id in {it["id"] for it in apps}
    assert not MAKERS & {it["name"] for it in functions}
    assert not [it for it in apps if it["description"].startswith("image build")]
    assert "image build" not in modal("app", "list").ok().output


def test_given_an_image_when_it_is_made_then_nothing_runs_any_more_that_made_it(built, nomad: Nomad):
    eventually(lambda: not of_builds(nomad), 120, "the jobs of builds to be gone")


def of_builds(nomad: Nomad) -> list[dict]:
    """Jobs of the functions of these tests that make images."""
    listed = [job for job in nomad.get("/v1/jobs", meta="true").json() if not job["Stop"]]
    return [job for job in listed if (job.get("Meta") or {}).get("function") in MAKERS]


def edited(folder: Path, **words: str) -> str:
    """@return what the program shows of its image"""
    (folder / "edited.py").write_text(EDITED.format(**{"factor": "1", "helper": "a", "words": "", "fault": "pass"} | words))
    ended = modal("run", str(folder / "edited.py"), timeout=PATIENCE)
    return ended.stdout.split("read: ")[1].splitlines()[0] if not ended.code else f"failed: {ended.output}"


def test_given_a_change_when_an_image_is_asked_for_again_then_it_is_made_anew_only_if_the_function_or_its_globals_changed(
    mark: str, tmp_path: Path
):
    first = edited(tmp_path, mark=mark)
    assert first.endswith(f" {mark} a1"), first
    assert edited(tmp_path, mark=mark) == first
    assert edited(tmp_path, mark=mark, helper="b") == first, "another function's change does not count"
    other = edited(tmp_path, mark=mark, helper="b", words="otherwise")
    assert other.endswith(f" {mark} b1") and other.split()[0] != first.split()[0]
    assert edited(tmp_path, mark=mark, helper="b", words="otherwise", factor="2").endswith(f" {mark} b2")


def test_given_a_function_that_raises_when_it_is_mended_then_the_first_shows_its_traceback_and_the_second_works(
    mark: str, tmp_path: Path
):
    failed = edited(tmp_path, mark=mark + "raises", words=mark, fault="raise ValueError('no luck today')")
    assert f"writes {mark}" in failed, "what it said"
    assert "Image build for" in failed and "ValueError: no luck today" in failed and "in scribbles" in failed
    assert edited(tmp_path, mark=mark + "raises", words=mark).endswith(f" {mark}raises a1")


def test_given_a_function_that_takes_too_long_when_its_time_is_over_then_the_client_says_so(mark: str):
    ended = modal("run", f"{PROGRAM}::late.of_an_image_that_is_late", timeout=PATIENCE, BUILT_MARK=mark)
    assert ended.code == 1 and "timed out" in ended.output, ended.output


def test_given_a_build_by_a_function_when_the_client_is_interrupted_then_it_ends(mark: str, nomad: Nomad):
    program = start("run", f"{PROGRAM}::lasting.of_an_image_that_lasts", BUILT_MARK=mark)
    program.shows(f"begun {mark}", within=PATIENCE)
    assert of_builds(nomad)
    program.interrupt()
    program.end()
    eventually(lambda: not of_builds(nomad), 120, "the build's job to be gone")


def test_given_an_image_that_is_forced_when_it_is_asked_for_again_then_it_is_made_anew(mark: str):
    def drawn() -> str:
        ended = modal("run", f"{PROGRAM}::show_drawn", timeout=PATIENCE, BUILT_MARK=mark)
        return ended.ok().stdout.split("drawn: ")[1].splitlines()[0]

    assert drawn() != drawn()


def test_given_twenty_who_ask_for_one_image_at_once_when_it_is_made_then_its_function_has_run_once(
    built, mark: str, platform: Platform
):
    def containers() -> set[str]:
        with api(platform.api_token) as http:
            newest = http.get("/containers", params={"limit": 100}).raise_for_status().json()["items"]
        return {it["id"] for it in newest}

    async def ask() -> None:
        image = client.Image.debian_slim().run_function(built.draws, args=[mark + "many"])
        app = client.App("of-many", include_source=False)
        app.function(image=image, serialized=True, name="nothing")(lambda: None)
        async with app.run.aio():
            pass

    async def all_ask() -> None:
        await asyncio.gather(*(ask() for _ in range(20)))

    before = containers()
    asyncio.run(all_ask())
    assert len(containers() - before) == 1
