# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Entry point of the packed program: `python3 serai-runner.pyz`."""

from time import perf_counter

STARTED = perf_counter()

from serai_runner.main import main  # noqa: E402 (the clock comes first: importing is a part of starting)

if __name__ == "__main__":
    raise SystemExit(main(STARTED))
