# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Images of conda packages, where the platform was started with a micromamba and a channel on this machine's loopback:
`SERAI_IMAGE_MICROMAMBA=/path/to/micromamba MAMBA_CHANNEL_ALIAS=http://127.0.0.1:PORT ./serai test …`. The channel is ours."""

import importlib
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import modal
import pytest
from serai_conformance.builds import PATIENCE, skip_where_there_are_none
from serai_conformance.conda import Channel

pytestmark = pytest.mark.timeout(2 * PATIENCE)

skip_where_there_are_none()

ALIAS = urlsplit(os.environ.get("MAMBA_CHANNEL_ALIAS", ""))
HAS_MICROMAMBA = "SERAI_IMAGE_MICROMAMBA" in os.environ and ALIAS.hostname == "127.0.0.1"
SPEC = """name: base
channels: [conda-forge]
dependencies: [farewell]
"""


@pytest.fixture(scope="module")
def by_micromamba(tmp_path_factory: pytest.TempPathFactory):
    files: Path = tmp_path_factory.mktemp("files")
    (files / "environment.yml").write_text(SPEC)
    channel = Channel(tmp_path_factory.mktemp("channel"))
    channel.add_python()
    channel.add("greeting", "0.5", {"share/greeting": b"too old"})
    activation = {"etc/conda/activate.d/greeting.sh": b"export GREETED=yes\n"}
    channel.add("greeting", "1.5", {"share/greeting": b"hello from conda", **activation})
    channel.add("farewell", "1.0", {"share/farewell": b"bye"})
    with pytest.MonkeyPatch.context() as patch, channel.served(ALIAS.port):
        patch.setenv("BUILT_FILES", str(files))
        module = importlib.import_module("by_micromamba")
        with module.app.run():
            yield module


@pytest.mark.skipif(not HAS_MICROMAMBA, reason="the platform has no micromamba, or no channel on the loopback")
def test_given_images_by_micromamba_when_called_then_condas_python_runs_with_what_was_installed(by_micromamba):
    seen = by_micromamba.seen.remote()
    listed = seen.pop("listed")
    assert {"python", "pip", "greeting", "farewell"} <= set(listed)
    assert seen == {
        "prefix": "/opt/conda",
        "version": sys.version_info[:2],
        "six": "1.16.0",
        "ssl": True,
        "greeting": "hello from conda",
        "activated": ["/opt/conda", "yes"],
        "said": ["/opt/conda", "5"],
        "sodium": 0,
    }
    assert by_micromamba.without_more.remote() is False


@pytest.mark.skipif("SERAI_IMAGE_MICROMAMBA" in os.environ, reason="the platform has a micromamba")
def test_given_a_platform_without_micromamba_when_it_is_asked_for_then_the_refusal_says_how_to_name_one():
    app = modal.App("no-micromamba", image=modal.Image.micromamba())
    app.function(serialized=True)(lambda: None)
    with pytest.raises(modal.exception.ConflictError, match=r"serai\.image\.micromamba="), app.run():
        pytest.fail("it was accepted")
