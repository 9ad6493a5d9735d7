# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""How each row of the table is measured. README.md says what they mean."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import processes
from platforms import Broken, Installation, Platform
from report import Figure, percentile

REST_S = 1.0  # after a container's end: what that costs the platform must not be counted as the next one's start
WARM_ROUNDS = 4  # calls are made in so many rounds: the platforms take turns, and a busy moment meets both


@dataclass(frozen=True)
class Sizes:
    """How much of each is measured."""

    cold: int
    warm: int
    warm_up: int
    map_inputs: int
    maps: int
    stay: int


FULL = Sizes(cold=8, warm=400, warm_up=1000, map_inputs=1000, maps=3, stay=20)
QUICK = Sizes(cold=2, warm=40, warm_up=10, map_inputs=100, maps=1, stay=5)


def starts(installation: Installation) -> list[Figure]:
    """The row *up*. The installation is up afterwards."""
    first = installation.up()
    installation.down()
    return [
        Figure("up", "first: SERAI_HOME empty, already built", "s", serai=first),
        Figure("up", "second: all installed, nothing running", "s", serai=installation.up()),
        Figure("up", "third: already running", "s", serai=installation.up()),
    ]


class Rows:
    """The rows that need both platforms running."""

    def __init__(self, sizes: Sizes, platforms: dict[str, Platform]) -> None:
        self._sizes, self._platforms = sizes, platforms
        self._failed: dict[str, str] = {}

    def measure(self, row: str) -> list[Figure]:
        """@return the figures of a row; what failed is in their notes"""
        self._failed = {}
        return {"cold": self._cold, "warm": self._warm, "map": self._map, "memory": self._memory}[row]()

    def _cold(self) -> list[Figure]:
        n = self._sizes.cold
        first = self._in_turns(1, Platform.cold_call)
        calls = self._in_turns(n, _rested_cold_call)
        firsts, entered, loaded = _ms(first, "entered_s"), _ms(calls, "entered_s"), _ms(calls, "loaded_s")
        return [
            self._figure("cold", f"to the first user line, median of {n}", "ms", entered, median),
            self._figure("cold", f"to the first user line, worst of {n}", "ms", entered, max),
            self._figure("cold", f"to the module's first line, median of {n}", "ms", loaded, median),
            self._figure("cold", "to the first user line, first call of all", "ms", firsts, median),
        ]

    def _warm(self) -> list[Figure]:
        n = self._sizes.warm // WARM_ROUNDS
        self._in_turns(1, lambda platform: platform.client.ask("warm", n=1, before=self._sizes.warm_up))
        rounds = self._in_turns(WARM_ROUNDS, lambda platform: platform.client.ask("warm", n=n, before=2))
        times = _each(rounds, lambda found: [1e3 * seconds for answer in found for seconds in answer["seconds"]])
        label = f"of {n * WARM_ROUNDS}"
        return [
            self._figure("warm", f"`.remote` p50 {label}", "ms", times, lambda found: percentile(found, 50)),
            self._figure("warm", f"`.remote` p99 {label}", "ms", times, lambda found: percentile(found, 99)),
        ]

    def _map(self) -> list[Figure]:
        n, maps = self._sizes.map_inputs, self._sizes.maps
        answers = self._in_turns(maps, lambda platform: platform.client.ask("map", n=n))
        times = _each(answers, lambda found: [answer["seconds"] for answer in found])
        label = f"`.map` of {n:,}, one warm container, median of {maps}"
        return [
            self._figure("map", label, "s", times, median),
            self._figure("map", "the same, for each input", "ms", times, lambda found: 1e3 * median(found) / n),
        ]

    def _memory(self) -> list[Figure]:
        figures = []
        held = _each(self._in_turns(1, self._held), lambda found: found[0])
        for part in ("server", "agent", "database", "all without containers", "one container with its runner"):
            memory = {name: found[part] for name, found in held.items() if part in found}
            plain = _each(memory, asdict)
            figures += [
                self._figure("memory", f"{part}, PSS", "MiB", plain, lambda found: found["pss_mib"]),
                self._figure("memory", f"{part}, RSS", "MiB", plain, lambda found: found["rss_mib"]),
            ]
            counts = [f"{memory[name].processes} ({platform.name})" for name, platform in self._platforms.items() if name in memory]
            figures[-2].note = figures[-2].note or "processes: " + ", ".join(counts)
        return figures

    def _held(self, platform: Platform) -> dict[str, processes.Memory]:
        task = platform.client.ask("stay", n=self._sizes.stay)["task"]
        parts = platform.parts()
        parts["all without containers"] = set().union(*parts.values())
        parts["one container with its runner"] = platform.container(task)
        return _each(parts, processes.memory)

    def _in_turns(self, rounds: int, measure: Callable[[Platform], Any]) -> dict[str, list[Any]]:
        """What each platform answered, by its name. One that failed is not asked again in this row."""
        found: dict[str, list[Any]] = {name: [] for name in self._platforms}
        for _ in range(rounds):
            for name, platform in self._platforms.items():
                if name not in self._failed:
                    try:
                        found[name].append(measure(platform))
                    except (Broken, OSError) as e:
                        self._failed[name] = f"{platform.name}: {e}"
        return {name: answers for name, answers in found.items() if name not in self._failed}

    def _figure(self, row: str, label: str, unit: str, samples: dict[str, Any], value: Callable[[Any], float]) -> Figure:
        note = "; ".join(self._failed.values())
        samples = {name: found for name, found in samples.items() if name not in self._failed}
        values = _each(samples, value)
        return Figure(row, label, unit, values.get("serai"), values.get("null"), note, samples)


def _rested_cold_call(platform: Platform) -> dict[str, Any]:
    time.sleep(REST_S)
    return platform.cold_call()


def _ms(calls: dict[str, list[Any]], key: str) -> dict[str, list[float]]:
    return _each(calls, lambda found: [1e3 * call[key] for call in found])


def _each(found: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: change(each) for name, each in found.items()}
