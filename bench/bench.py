# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The bench's command: starts both platforms, has the rows measured, writes the table, takes everything down."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import machine
import report
from platforms import Broken, Installation, NullServer, Serai
from report import Figure
from rows import FULL, QUICK, Rows, Sizes, starts

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
ROWS = ("up", "cold", "warm", "map", "memory")


def run(options: argparse.Namespace) -> int:
    began = datetime.now(timezone.utc)
    name = began.strftime("%Y-%m-%d-%H%M%S")
    sizes = QUICK if options.quick else FULL
    logs = RESULTS / f"{name}.logs"
    logs.mkdir(parents=True)
    load = machine.load()
    warnings = [f"This machine is busy with something else: {load}. Do not compare these figures."] if load.is_high else []
    if options.quick:
        warnings.append("A quick run: too few samples to compare.")
    for warning in warnings:
        say(f"warning: {warning}")
    facts: dict[str, Any] = {
        "date": began.isoformat(timespec="seconds"),
        "command": shlex.join(["bench/run", *sys.argv[1:]]),
        "revision": machine.revision(options.serai.resolve().parent),
        "machine": machine.describe(),
        "versions": machine.versions(),
        "before the run": str(load),
        "sizes": asdict(sizes),
    }
    figures: list[Figure] = []
    problem = ""
    try:
        with ExitStack() as stack:
            for figure in measure(options, sizes, logs, facts, stack):
                figures.append(figure)
    except (Broken, OSError) as e:
        problem = f"The bench could not go on: {e}"
        warnings.append(problem)
        say(problem)
    facts["after the run"] = str(machine.load())
    (RESULTS / f"{name}.md").write_text(report.markdown(facts, figures, warnings))
    (RESULTS / f"{name}.json").write_text(json.dumps(report.plain(facts, figures, warnings), indent=1) + "\n")
    print(report.markdown(facts, figures, warnings))
    say(f"written to {RESULTS / name}.md and .json")
    return 1 if problem or any(figure.serai is None for figure in figures) else 0


def measure(
    options: argparse.Namespace, sizes: Sizes, logs: Path, facts: dict[str, Any], stack: ExitStack
) -> Iterator[Figure]:
    """Starts both platforms and asks them; *stack* takes them down again."""
    installation, ups = install(options, logs, stack)
    null = NullServer(logs, stack)
    for figure in ups:
        if figure.figure.startswith("second"):
            figure.null = null.start_s
        yield figure
    serai = Serai(installation, logs / "client.log", stack)
    facts["versions"] |= serai.versions
    rows = Rows(sizes, {"null": null, "serai": serai})
    for row in options.rows:
        if row != "up":
            say(row)
            yield from rows.measure(row)


def install(options: argparse.Namespace, logs: Path, stack: ExitStack) -> tuple[Installation, list[Figure]]:
    """An installation that is up, and the figures of the row *up* if it is asked for."""
    log = logs / "serai.log"
    if options.attach:
        return Installation(options.serai, options.attach, log, own_ports=False), []
    installation = Installation(options.serai, RESULTS / f"home-{logs.stem}", log, own_ports=True)
    say("building what is not built")
    installation.build()
    stack.callback(installation.remove, logs / "home")
    say("up")
    if "up" in options.rows:
        return installation, starts(installation)
    installation.up()
    return installation, []


def say(words: str) -> None:
    print(f"bench: {words}", file=sys.stderr, flush=True)


def _rows(text: str) -> list[str]:
    asked = text.split(",")
    unknown = [row for row in asked if row not in ROWS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: the rows are {', '.join(ROWS)}")
    return [row for row in ROWS if row in asked]


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/run", description="Measures Serai beside a null server and writes a table.")
    parser.add_argument("--rows", type=_rows, default=list(ROWS), metavar="ROW,…", help=f"only these of {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="few samples: to see that it works, not to compare")
    parser.add_argument(
        "--attach", type=Path, metavar="SERAI_HOME", help="measure what runs there, and leave it running (no row up)"
    )
    parser.add_argument(
        "--serai", type=Path, metavar="FILE", default=HERE.parent / "serai", help="the serai command to use (%(default)s)"
    )
    options = parser.parse_args()
    if options.attach:
        options.rows = [row for row in options.rows if row != "up"]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is taken down
    if not options.rows:
        parser.error("no row is left to measure")
    try:
        return run(options)
    except KeyboardInterrupt:
        say("interrupted; everything is down")
        return 130


if __name__ == "__main__":
    sys.exit(main())
