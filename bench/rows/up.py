# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""How long `./serai up` takes, from nothing, after `down`, and while all runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from report import NULL_SERVER, Aim, Figure

if TYPE_CHECKING:
    from bench import Bench

ORDER = 10  # before all others: they find it up
NEEDS_OWN = True
AIM = Aim(30, "the server's start and the deployment of its archive take nearly all of it, on as many cores as there are")


def measure(bench: Bench) -> Iterator[Figure]:
    installation = bench.installation
    yield Figure("first: SERAI_HOME empty, already built", "s", installation.up())
    installation.down()
    second = installation.up()
    yield Figure("second: all installed, nothing running", "s", second, bench.null.start_s, NULL_SERVER, AIM)
    yield Figure("third: already running", "s", installation.up())
