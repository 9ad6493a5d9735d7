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
<<<<<<< HEAD
REST_S = 1.0  # after a container's end, so that what its end costs the platform is not counted as the next one's start
WARM_ROUNDS = 4  # the platforms take turns, so that a busy moment meets both


@dataclass(frozen=True)
class Sizes:
    """How much of each is measured."""

    cold: int = 8
    warm: int = 400
    warm_up: int = 50
    map_inputs: int = 1000
    maps: int = 3
    stay: int = 20


QUICK = Sizes(cold=2, warm=40, warm_up=10, map_inputs=100, maps=1, stay=5)


class Bench:
    """Two running platforms, and what was found out about them."""

    def __init__(self, sizes: Sizes, platforms: dict[str, Platform]) -> None:
        self._sizes, self._platforms = sizes, platforms
        self._failed: dict[str, str] = {}

    def measure(self, row: str) -> list[Figure]:
        """@return the figures of a row; what failed is in their notes"""
        self._failed = {}
        return {"cold": self.cold, "warm": self.warm, "map": self.map, "memory": self.memory}[row]()

    def cold(self) -> list[Figure]:
        first = self._rounds(1, lambda platform: platform.cold_call())
        calls = self._rounds(self._sizes.cold, lambda platform: time.sleep(REST_S) or platform.cold_call())
        entered = _each(calls, lambda found: [1e3 * call["entered_s"] for call in found])
        loaded = _each(calls, lambda found: [1e3 * call["loaded_s"] for call in found])
        n = self._sizes.cold
        return [
            self._figure("cold", f"to the first user line, median of {n}", "ms", entered, statistics.median),
            self._figure("cold", f"to the first user line, worst of {n}", "ms", entered, max),
            self._figure("cold", f"to the module's first line, median of {n}", "ms", loaded, statistics.median),
            self._figure(
                "cold", "to the first user line, first call of all", "ms", first, lambda found: 1e3 * found[0]["entered_s"]
            ),
        ]

    def warm(self) -> list[Figure]:
        n, rounds = self._sizes.warm // WARM_ROUNDS, WARM_ROUNDS
        self._rounds(1, lambda platform: platform.client.ask("warm", n=1, before=self._sizes.warm_up))
        answers = self._rounds(rounds, lambda platform: platform.client.ask("warm", n=n, before=2))
        times = _each(answers, lambda found: [1e3 * seconds for answer in found for seconds in answer["seconds"]])
        return [
            self._figure("warm", f"`.remote` p50 of {n * rounds}", "ms", times, lambda found: report.percentile(found, 50)),
            self._figure("warm", f"`.remote` p99 of {n * rounds}", "ms", times, lambda found: report.percentile(found, 99)),
        ]

    def map(self) -> list[Figure]:
        n = self._sizes.map_inputs
        answers = self._rounds(self._sizes.maps, lambda platform: platform.client.ask("map", n=n))
        times = _each(answers, lambda found: [answer["seconds"] for answer in found])
        label = f"{n:,} inputs, one container, median of {self._sizes.maps}"
        return [
            self._figure("map", label, "s", times, statistics.median),
            self._figure("map", "the same, inputs for each second", "inputs/s", times, lambda found: n / statistics.median(found)),
        ]

    def memory(self) -> list[Figure]:
        held = {name: found[0] for name, found in self._rounds(1, self._memory).items()}
        figures = []
        for part in ("server", "agent", "database", "all without containers", "one container with its runner"):
            parts = _each(held, lambda found, part=part: found.get(part))
            parts = {name: memory for name, memory in parts.items() if memory}
            count = "/".join(str(parts[name].processes) for name in ("serai", "null") if name in parts)
            for kind in ("pss", "rss"):
                label = f"{part}, {kind.upper()}"
                figure = self._figure("memory", label, "MiB", parts, lambda found, kind=kind: getattr(found, f"{kind}_mib"), asdict)
                figure.note = figure.note or f"{count} processes".replace("1 processes", "1 process")
                figures.append(figure)
        return figures

    def _memory(self, platform: Platform) -> dict[str, processes.Memory]:
        task = platform.client.ask("stay", n=self._sizes.stay)["task"]
        parts = platform.parts()
        parts["all without containers"] = set().union(*parts.values())
        parts["one container with its runner"] = platform.container(task)
        return {name: processes.memory(pids) for name, pids in parts.items()}

    def _rounds(self, n: int, measure: Callable[[Platform], Any]) -> dict[str, list[Any]]:
        """Asks the platforms in turns. One that failed is not asked again in this row."""
        found: dict[str, list[Any]] = {}
        for _ in range(n):
            for name, platform in self._platforms.items():
                if name not in self._failed:
                    try:
                        found.setdefault(name, []).append(measure(platform))
                    except (Broken, OSError) as e:
                        self._failed[name] = f"{platform.name}: {e}"
        return {name: results for name, results in found.items() if name not in self._failed}

    def _figure(
        self,
        row: str,
        label: str,
        unit: str,
        samples: dict[str, Any],
        value: Callable[[Any], float],
        plain: Callable = lambda found: found,
    ) -> Figure:
        values = _each(samples, value)
        note = "; ".join(self._failed.values())
        return Figure(row, label, unit, values.get("serai"), values.get("null"), note, _each(samples, plain))


def _each(found: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: change(each) for name, each in found.items()}


def up(installation: Installation) -> list[Figure]:
    """Three starts. It is up afterwards."""
    first = installation.up()
    installation.down()
    second = installation.up()
    third = installation.up()
    return [
        Figure("up", "first: SERAI_HOME empty, already built", "s", serai=first),
        Figure("up", "second: all installed, nothing running", "s", serai=second),
        Figure("up", "third: already running", "s", serai=third),
    ]
=======
>>>>>>> bench


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
