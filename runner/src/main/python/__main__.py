# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Entry point of the packed program: `python3 serai-runner.pyz`."""

from time import perf_counter

STARTED = perf_counter()


def main() -> int:
    """Runs the program, from where an earlier run left it compiled if there is such a place: that halves our start."""
    import os
    import sys

    archive = sys.path[0]
    if os.path.isfile(archive):
        from serai_runner import locks
        from serai_runner.compiled import directory

        compiled = directory(archive, os.environ.get("SERAI_CACHE") or "/var/lib/serai/cache")
        if locks.hold(compiled) is not None:
            import serai_runner

            serai_runner.__path__.insert(0, os.path.join(compiled, "serai_runner"))
    from serai_runner.main import main

    return main(STARTED)


if __name__ == "__main__":
    raise SystemExit(main())
