# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The unmodified client against a started platform, whose address comes from the environment only."""

import os
import secrets
from pathlib import Path

import pytest
from serai_conformance.disk import Disk
from serai_conformance.nomad import Nomad
from serai_conformance.operator import Operator
from serai_conformance.platform import Platform, api
from serai_conformance.terminal import modal
from serai_conformance.web import Rules, Web


def pytest_configure(config: pytest.Config) -> None:
    missing = Platform.missing()
    if missing:
        lines = "\n".join(missing)
        pytest.exit(
            f"No platform to test: these are not set.\n{lines}\n"
            '`./serai test` starts one of its own and sets them; for one that runs: eval "$(./serai env --tests)".',
            returncode=2,
        )
    os.environ["MODAL_CONFIG_PATH"] = os.devnull  # a profile of the user's says nothing here
    os.environ.pop("MODAL_PROFILE", None)


@pytest.fixture(scope="session")
def platform() -> Platform:
    return Platform.of_environment()


@pytest.fixture(scope="session")
def nomad(platform: Platform) -> Nomad:
    return Nomad(platform)


@pytest.fixture(scope="session")
def web() -> Web:
    return Web.of_environment()


@pytest.fixture
def rules(platform: Platform):
    """Limits of web functions, which are over afterwards."""
    with api(platform.api_token) as client:
        made = Rules(client)
        yield made
        made.clear()


@pytest.fixture
def disk(tmp_path: Path):
    """For a platform of its own."""
    try:
        made = Disk(tmp_path)
    except OSError as e:
        pytest.skip(f"root can make a disk with mkfs.ext4 and a loop device: {e}")
    yield made
    made.unmount()


@pytest.fixture(scope="session")
def cli(platform: Platform) -> Path:
    """For tests that start or end parts of a platform."""
    if platform.cli is None:
        pytest.skip("SERAI_CLI is not set: only ./serai knows the parts of a platform, and starts them")
    return platform.cli


@pytest.fixture
def operator(cli: Path):
    """For tests that end parts of the platform."""
    operator = Operator(cli)
    yield operator
    operator.up()  # whatever became of the test: those after it need all parts


@pytest.fixture
def app_name(request: pytest.FixtureRequest):
    """A name that nobody has deployed under yet; the app is stopped afterwards."""
    words = request.node.name.split("_when_")[0].replace("test_given_", "")[:30].strip("_")
    name = f"{words.replace('_', '-')}-{secrets.token_hex(4)}"
    yield name
    modal("app", "stop", "--yes", name)  # of those that were deployed
