# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Images whose build fails, lasts, or is new each time: BUILT_MARK makes the difference."""

import os

import modal

MARK = os.environ.get("BUILT_MARK", "none")
LOWER = os.environ.get("BUILT_LOWER", MARK)

slim = modal.Image.debian_slim()
draw = "cat /proc/sys/kernel/random/uuid"

failing = modal.App("failing", image=slim.run_commands(f"echo before {MARK}", "echo why >&2; exit 3", "echo never"))
lasting = modal.App("lasting", image=slim.run_commands(f"echo begun {MARK}; sleep 600"))
drawn = modal.App("drawn", image=slim.run_commands(f"{draw} > /lower # {LOWER}").run_commands(f"{draw} > /upper # {MARK}"))


@failing.function()
def of_a_failed_image() -> None: ...


@lasting.function()
def of_an_image_that_lasts() -> None: ...


@drawn.function(max_containers=1)
def numbers() -> list[str]:
    from pathlib import Path

    return [Path(name).read_text().strip() for name in ("/lower", "/upper")]


@drawn.local_entrypoint()
def show() -> None:
    print("drawn:", *numbers.remote())
