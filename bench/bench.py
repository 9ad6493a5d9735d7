# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The bench's command: starts both platforms, has the rows measured, writes the table, takes everything down."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from contextlib import ExitStack
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

import machine
import report
import rows
from platforms import Broken, Installation, NullServer, Platform, Serai
from report import Figure

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"


class Bench:
    """What rows are measured with. Both platforms start when they are asked for first, and end with *stack*."""

    def __init__(self, options: argparse.Namespace, logs: Path, facts: dict[str, Any], stack: ExitStack) -> None:
        self._options, self._logs, self._facts, self._stack = options, logs, facts, stack

    @cached_property
    def installation(self) -> Installation:
        """Built, and not necessarily up: that is what the row `up` measures."""
        log = self.log("serai")
        if self._options.attach:
            return Installation(self._options.serai, self._options.attach, log, own_ports=False)
        installation = Installation(self._options.serai, RESULTS / f"home-{self._logs.stem}", log, own_ports=True)
        say("building what is not built")
        installation.build()
        self._stack.callback(installation.remove, self._logs / "home")
        return installation

    @cached_property
    def null(self) -> NullServer:
        return NullServer(self._logs, self._stack)

    @cached_property
    def serai(self) -> Serai:
        """It is up."""
        if not self.installation.is_up:
            say("starting Serai")
            self.installation.up()
        serai = Serai(self.installation, self.log("client"), self._stack)
        self._facts["versions"] |= serai.versions
        return serai

    @cached_property
    def platforms(self) -> dict[str, Platform]:
        """Both, by the names that figures have them under."""
        return {each.name: each for each in (self.null, self.serai)}

    @property
    def scratch(self) -> Path:
        """A directory that lasts as long as the results."""
        return self._logs

    def log(self, name: str) -> Path:
        """Where a program that is started may say what it wants."""
        return self._logs / f"{name}.log"

    def samples(self, full: int, *, quick: int) -> int:
        """How many: by whether this run is to be compared, or only to show that it works."""
        return quick if self._options.quick else full

    def end_programs(self) -> None:
        """Ends the apps on both platforms; they start again when a row asks for them."""
        for platform in self.platforms.values():
            platform.end_programs()


def run(options: argparse.Namespace) -> int:
    began = datetime.now(timezone.utc)
    name = began.strftime("%Y-%m-%d-%H%M%S")
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
    }
    figures: list[Figure] = []
    problems = []
    with ExitStack() as stack:
        bench = Bench(options, logs, facts, stack)
        for row in options.rows:
            say(row)
            try:
                figures.extend(rows.measure(row, bench))
            except (Broken, OSError) as e:
                problems.append(f"The row {row} could not be measured to its end: {e}")
                say(problems[-1])
    warnings += problems
    facts["after the run"] = str(machine.load())
    (RESULTS / f"{name}.md").write_text(report.markdown(facts, figures, warnings))
    (RESULTS / f"{name}.json").write_text(json.dumps(report.plain(facts, figures, warnings), indent=1) + "\n")
    print(report.markdown(facts, figures, warnings))
    say(f"written to {RESULTS / name}.md and .json")
    return 1 if problems or any(figure.serai is None for figure in figures) else 0


def say(words: str) -> None:
    print(f"bench: {words}", file=sys.stderr, flush=True)


def _rows(text: str) -> list[str]:
    asked, known = text.split(","), rows.all_rows()
    unknown = [row for row in asked if row not in known]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: the rows are {', '.join(known)}")
    return [row for row in known if row in asked]


def main() -> int:
    known = rows.all_rows()
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description="Measures Serai beside a null server and writes a table.",
        epilog="\n".join(["rows:", *(f"  {name:10} {rows.says(row)}" for name, row in known.items())]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=_rows, default=list(known), metavar="ROW,…", help="only these, by their names below")
    parser.add_argument("--quick", action="store_true", help="few samples: to see that it works, not to compare")
    parser.add_argument(
        "--attach", type=Path, metavar="SERAI_HOME", help="measure what runs there, and leave it running (no row up)"
    )
    parser.add_argument(
        "--serai", type=Path, metavar="FILE", default=HERE.parent / "serai", help="the serai command to use (%(default)s)"
    )
    options = parser.parse_args()
    if options.attach:
        options.rows = [row for row in options.rows if not rows.needs_own(known[row])]
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
