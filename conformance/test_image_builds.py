# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Images that have to be built. They share one base system, which the first of them makes: that takes a while."""

import importlib
import json
import os
import secrets
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import ANY

import modal as modal_client
import pytest
from serai_conformance.builds import PATIENCE, skip_where_there_are_none
from serai_conformance.nomad import Nomad
from serai_conformance.platform import Platform, api
from serai_conformance.poll import eventually
from serai_conformance.terminal import modal, start

pytestmark = pytest.mark.timeout(2 * PATIENCE)

skip_where_there_are_none()

# A function of ours by value runs in no other one.
OF_THIS_PYTHON = f"python:{sys.version_info.major}.{sys.version_info.minor}-slim-bookworm"
PYPROJECT = """[project]
name = "tooled"
version = "1"
requires-python = ">=3.10"
dependencies = ["six==1.16.0", "iniconfig==2.0.0"]
optional-dependencies = {more = ["iniconfig==2.0.0"]}
"""
POETRY = """[tool.poetry]
name = "tooled"
version = "1"
description = ""
authors = []

[tool.poetry.dependencies]
python = "^3.10"
six = "1.16.0"

# pip's interface of the index, which each mirror has; poetry would use one of PyPI's own
[[tool.poetry.source]]
name = "simple"
url = "https://pypi.org/simple/"
"""
DOCKERFILE = """# a comment
ARG PYTHON=3.11
FROM python:$PYTHON-slim-bookworm AS base
ARG WHO=nobody
ENV FROM_FILE="from the file"
RUN echo hello $WHO \\
    # a comment between
    > /greeting

FROM base AS made
WORKDIR /work
RUN --mount=type=cache,target=/root/.cache \\
    pip install --prefix=/made six==1.16.0
RUN <<END
set -e
touch /work/of-the-stage
END

FROM base AS above
RUN touch /above

FROM above
COPY --from=made /made /usr/local
COPY --chmod=600 kept.txt /kept
COPY <<END /etc/lab.conf

said $FROM_FILE
END
"""


@pytest.fixture(scope="module")
def mark() -> str:
    """What no image has had before."""
    return secrets.token_hex(4)


def lay_out_private(files: Path) -> None:
    package = files / "private"
    package.mkdir()
    (package / "private_of_ours.py").write_text("WHAT = 'ours'\n")
    (package / "setup.py").write_text(
        "from setuptools import setup\nsetup(name='private-of-ours', py_modules=['private_of_ours'])\n"
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, mark: str):
    files: Path = tmp_path_factory.mktemp("files")
    (files / "requirements.txt").write_text("six==1.16.0\niniconfig==2.0.0\n")
    (files / "late.txt").write_text("late")
    lay_out_private(files)
    (files / "context" / "sub").mkdir(parents=True)
    (files / "context" / "note.txt").write_text("note")
    (files / "context" / "sub" / "inner.txt").write_text("inner")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUILT_FILES", str(files))
        patch.setenv("BUILT_MARK", mark)
        module = importlib.import_module("built")
        with module.app.run():
            yield module


def test_given_two_versions_of_a_package_in_one_app_when_called_then_each_function_has_its_own(built):
    assert built.version_of_older.remote() == "1.15.0"
    assert built.version_of_newer.remote() == "1.16.0"


def test_given_a_package_of_the_distribution_when_loaded_by_ctypes_then_it_works(built):
    assert built.library_by_ctypes.remote() == 0


def test_given_a_python_that_is_added_to_an_image_when_called_then_it_is_the_one_that_runs(built):
    assert built.with_added_python.remote() == ("3.11", "/usr/local", "1.15.0")


def test_given_files_commands_and_variables_in_layers_when_called_then_each_has_left_what_it_says(built):
    seen = built.everything_together.remote()
    assert seen["files"] == {
        "/one": "one",
        "/who": "0",
        "/both": "hello $USER-nobody",
        "/where": "/work/here",
        "/notes/note.txt": "note",
        "/notes/inner.txt": "inner",
        "/late.txt": "late",
        "/opt/written": "by the container",
    }
    assert seen["modules"] == ["1.16.0", "iniconfig", "ours"]
    assert seen["environment"] == {"GREETING": "hello $USER", "BOTH": "hello $USER-nobody", "ENTERED": "yes", "NAME": None}
    assert (seen["workdir"], seen["user"]) == ("/work/here", 0)


def test_given_a_function_that_writes_more_than_its_disk_when_it_is_ended_then_the_reason_says_so(built, platform: Platform):
    assert built.writes.remote(20) == 20 << 20
    call = built.writes.spawn(300)
    with api(platform.api_token) as client:

        def reasons() -> list[str]:
            listed = client.get("/containers", params={"limit": 100}).raise_for_status().json()["items"]
            ours = [it["reason"] or "" for it in listed if it["function"] == built.writes.object_id]
            return [reason for reason in ours if "out of disk" in reason]

        told = eventually(reasons, 60, "a container that was ended for what it wrote")
    assert told[0] == "out of disk: it wrote more than 100 MiB. Ask for more, as by ephemeral_disk=…"
    call.cancel()


@pytest.fixture(scope="module")
def by_tools(tmp_path_factory: pytest.TempPathFactory):
    files: Path = tmp_path_factory.mktemp("tools")
    (files / "pyproject.toml").write_text(PYPROJECT)
    (files / "Dockerfile").write_text(DOCKERFILE)
    (files / "kept.txt").write_text("kept")
    lay_out_private(files)
    (files / "poetry").mkdir()
    (files / "poetry" / "pyproject.toml").write_text(POETRY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUILT_FILES", str(files))
        module = importlib.import_module("built_by_tools")
        with module.app.run():
            yield module


def test_given_a_pyproject_when_its_packages_are_installed_then_those_of_its_extras_are_there_too(by_tools):
    assert by_tools.versions.remote() == ["1.16.0", "2.0.0"]


def test_given_a_project_of_uv_when_synced_then_its_environment_is_the_containers_and_can_be_imported_globally(by_tools):
    assert by_tools.imported.remote() == ["iniconfig", ANY, "/.uv/.venv"]


def test_given_a_dockerfile_of_its_own_when_built_then_its_lines_and_those_above_have_left_what_they_say(by_tools):
    assert by_tools.dockered.remote() == ["hello world\n", "said\n", "from the file", "kept"]
    assert by_tools.staged.remote() == ["1.16.0", "\nsaid from the file\n", "0o600", True, False]


def test_given_a_private_repository_when_installed_with_a_token_of_a_secret_then_its_package_is_there(by_tools):
    assert by_tools.installed_by_token.remote() == "ours"


@pytest.mark.skipif("SERAI_TEST_FULL" not in os.environ, reason="poetry is a large package; with --full")
def test_given_a_project_of_poetry_when_installed_then_its_packages_are_there(by_tools):
    assert by_tools.by_poetry_installed.remote() == "1.16.0"


def test_given_a_package_installed_by_uv_when_called_then_it_is_there(built):
    assert built.installed_by_uv.remote() == "2.0.0"


def test_given_an_images_own_version_of_what_the_runtime_needs_when_called_then_it_wins_and_works(built):
    protobuf, extensions, place = built.own_version_wins.remote()
    assert (protobuf, extensions) == ("5.29.5", "4.12.2")
    assert "site-packages" in place


def test_given_a_command_that_fails_when_built_then_the_client_shows_it_with_its_output(mark: str):
    ended = modal("run", "building.py::failing.of_a_failed_image", timeout=PATIENCE, BUILT_MARK=mark)
    assert ended.code == 1
    assert f"before {mark}" in ended.output
    assert "echo why >&2; exit 3" in ended.output and "exit code 3" in ended.output
    assert "never" not in ended.output.replace("echo never", "")
    again = modal("run", "building.py::failing.of_a_failed_image", timeout=PATIENCE, BUILT_MARK=mark)
    assert again.code == 1, "a failed image is built again, and fails again"


def test_given_images_that_were_built_when_their_logs_are_read_then_each_layer_has_its_own(mark: str):
    lower = modal_client.Image.debian_slim().run_commands(f"echo of the lower {mark}")
    image = lower.run_commands(f"echo of the upper {mark}", f"echo at last {mark} >&2")
    image.build()
    upper = [f"of the upper {mark}", f"at last {mark}"]

    def logged(*options: str) -> list[str]:
        return lines_with(mark, modal("image", "logs", *options, image.object_id).ok().stdout)

    assert logged() == upper
    assert logged("--all") == [f"of the lower {mark}", *upper]
    assert [entry.message for entry in image.logs.tail(1)] == [f"at last {mark}\n"]


def test_given_an_image_whose_build_failed_when_its_logs_are_read_then_they_say_why(mark: str):
    image = modal_client.Image.debian_slim().run_commands(f"echo because of {mark}; exit 3")
    with pytest.raises(modal_client.exception.ImageBuildError):
        image.build()
    assert lines_with(mark, "".join(entry.message for entry in image.logs.fetch())) == [f"because of {mark}"]


def lines_with(mark: str, logs: str) -> list[str]:
    """What commands said: the platform may have said of its own what it waits for, or makes first."""
    return [line for line in logs.splitlines() if mark in line]


def test_given_a_build_when_the_client_is_interrupted_then_the_build_ends(mark: str, nomad: Nomad):
    def builds() -> list[dict]:
        return [job for job in nomad.jobs("image build") if not job["Stop"]]

    eventually(lambda: not builds(), PATIENCE, "builds of other tests to be over")
    program = start("run", "building.py::lasting.of_an_image_that_lasts", BUILT_MARK=mark)
    program.shows(f"begun {mark}", within=PATIENCE)
    assert builds()
    program.interrupt()
    program.end()
    eventually(lambda: not builds(), 120, "the build's job to be gone")


def test_given_a_change_in_a_layer_when_built_again_then_only_it_and_those_above_are(mark: str):
    def drawn(lower: str, upper: str) -> list[str]:
        ended = modal("run", "building.py::drawn.show", timeout=PATIENCE, BUILT_LOWER=mark + lower, BUILT_MARK=mark + upper)
        return ended.ok().stdout.split("drawn:")[1].split()[:2]

    first = drawn("a", "b")
    assert drawn("a", "b") == first, "nothing has changed, nothing is built"
    edited = drawn("a", "c")
    assert edited[0] == first[0] and edited[1] != first[1]


def test_given_many_who_ask_for_one_image_at_once_when_built_then_it_is_built_once(mark: str):
    def deploy(number: int) -> str:
        name = f"drawn-{mark}-{number}"
        try:
            modal("deploy", "--name", name, "building.py::drawn", timeout=PATIENCE, BUILT_MARK=mark + "many").ok()
            ended = modal("run", "building.py::drawn.show", timeout=PATIENCE, BUILT_MARK=mark + "many").ok()
            return ended.stdout.split("drawn:")[1].splitlines()[0]  # what follows names the run
        finally:
            modal("app", "stop", "--yes", name)

    with ThreadPoolExecutor(4) as clients:
        assert len(set(clients.map(deploy, range(4)))) == 1


def test_given_an_image_that_was_built_ahead_when_another_program_names_its_id_then_it_runs_on_it(mark: str):
    image = modal_client.Image.debian_slim().run_commands(f"echo {mark} > /kept")
    image.build()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUILT_ID", image.object_id)
        module = importlib.import_module("built_before")
        with module.app.run():
            assert module.seen.remote() == [mark, "yes"]


def test_given_an_image_that_is_published_when_another_program_says_its_name_then_it_runs_on_it_until_the_name_is_taken(mark: str):
    name = f"lab-{mark}"
    image = modal_client.Image.debian_slim().run_commands(f"echo {mark} > /kept")
    image.build()
    image.publish(name)
    image.publish(f"{name}:v1")
    listed = modal("image", "names", "list", "--prefix", name, "--json").ok().stdout
    assert [(it["tag"], it["image_id"]) for it in json.loads(listed)] == [
        (f"{name}:latest", image.object_id),
        (f"{name}:v1", image.object_id),
    ]
    app = modal_client.App(f"named-{mark}", image=modal_client.Image.from_name(name).env({"ON_TOP": "yes"}))

    def seen() -> list[str]:
        return [Path("/kept").read_text().strip(), os.environ["ON_TOP"]]

    function = app.function(serialized=True, max_containers=1)(seen)
    with app.run():
        assert function.remote() == [mark, "yes"]
    for tag in ("latest", "v1"):
        modal("image", "names", "delete", "--yes", f"{name}:{tag}").ok()
    again = modal("image", "names", "delete", "--yes", f"{name}:v1")
    assert again.code == 1 and f"No image has the name '{name}:v1' in environment 'main'" in again.output
    gone = modal_client.App("gone", image=modal_client.Image.from_name(name))
    gone.function(serialized=True)(lambda: None)
    with pytest.raises(modal_client.exception.NotFoundError, match=f"{name}:latest"), gone.run():
        pytest.fail("it was accepted")


def test_given_a_name_that_goes_to_another_image_when_its_history_is_asked_for_then_both_are_there(mark: str):
    name = f"history-{mark}:v1"
    images = [modal_client.Image.debian_slim().run_commands(f"echo {mark}{number} > /kept") for number in range(2)]
    for image in images:
        image.build()
        image.publish(name)
    shown = json.loads(modal("image", "names", "history", name, "--json").ok().stdout)
    assert [it["image_id"] for it in shown] == [images[1].object_id, images[0].object_id]
    modal("image", "names", "delete", "--yes", name).ok()
    gone = modal("image", "names", "history", name)
    assert gone.code == 1 and name in gone.output


def test_given_a_dockerfile_when_the_command_builds_it_then_others_find_its_image_by_the_name(mark: str, tmp_path: Path):
    (tmp_path / "Dockerfile").write_text(f"FROM {OF_THIS_PYTHON}\nCOPY kept.txt /kept.txt\n")
    (tmp_path / "kept.txt").write_text(mark)
    modal("image", "build", "--name", f"by-command-{mark}", str(tmp_path), timeout=PATIENCE).ok()
    assert kept(f"by-command-{mark}", "/kept.txt") == mark


def test_given_an_image_of_a_registry_when_the_command_pulls_it_then_others_find_it_by_the_name(mark: str):
    modal("image", "pull", f"docker.io/library/{OF_THIS_PYTHON}", "--name", f"pulled-{mark}", timeout=PATIENCE).ok()
    assert "Debian" in kept(f"pulled-{mark}", "/etc/os-release")


def kept(name: str, path: str) -> str:
    """A file of the image that has the name."""
    app = modal_client.App("by-name", image=modal_client.Image.from_name(name))
    function = app.function(serialized=True, max_containers=1)(lambda: Path(path).read_text())
    with app.run():
        return function.remote()


def test_given_an_id_of_no_image_when_an_app_names_it_then_it_is_not_found():
    app = modal_client.App("no-image", image=modal_client.Image.from_id("im-0123456789abcdefABCDEF"))
    app.function(serialized=True)(lambda: None)
    with pytest.raises(modal_client.exception.NotFoundError, match="im-0123456789abcdefABCDEF"), app.run():
        pytest.fail("it was accepted")


@pytest.mark.skipif("SERAI_IMAGE_BASES" not in os.environ, reason="the platform maps no names of FROM")
def test_given_a_name_that_is_mapped_when_it_is_said_with_a_registrys_secret_then_it_is_what_it_is_mapped_to(monkeypatch):
    """The base has to have a Python of its own."""
    monkeypatch.setenv("MAPPED_NAME", os.environ["SERAI_IMAGE_BASES"].split("=")[0])
    module = importlib.import_module("mapped")
    with module.app.run():
        seen = [function.remote() for function in (module.aws, module.google, module.any_other)]
    assert seen == [["/usr"]] * 3, "its Python runs, which sees nothing of the registry's secret"
