# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""From figures to a table, and to a file that programs read."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

NULL_SERVER = "null server"
UNITS = {"ms": 1, "s": 2, "MiB": 1, "%": 1, "1/s": 0}  # with the decimals that are worth reading


@dataclass(frozen=True)
class Aim:
    """What a figure ought to be at most, and what is known to stand in the way: read only where it is missed."""

    at_most: float
    cause: str
    of_ratio: bool = False  # of the figure divided by the one beside it, instead of the figure

    def met_by(self, figure: Figure) -> bool | None:
        """None: there is nothing to judge."""
        value = figure.ratio if self.of_ratio else figure.serai
        return None if value is None else value <= self.at_most

    def words(self, unit: str) -> str:
        return f"≤ {self.at_most:g} ×" if self.of_ratio else f"≤ {self.at_most:,g} {unit}"


@dataclass
class Figure:
    """One line of the table. None: there is no such thing, or it failed; the note tells."""

    figure: str
    unit: str
    serai: float | None = None
    reference: float | None = None
    against: str = ""  # whose figure the reference is
    aim: Aim | None = None
    note: str = ""
    samples: dict[str, Any] = field(default_factory=dict)  # what it was made of, by whom
    row: str = ""  # the row's module; the bench fills it in

    @property
    def ratio(self) -> float | None:
        """How many times the reference."""
        return self.serai / self.reference if self.serai is not None and self.reference else None

    def cells(self) -> list[str]:
        ratio = f"{self.ratio:.3g} ×" if self.ratio is not None else "–"
        return [self.row, self.figure, self._value(self.serai), self._reference(), ratio, self._aim(), self._note()]

    def _value(self, value: float | None) -> str:
        return "–" if value is None else f"{value:,.{UNITS[self.unit]}f} {self.unit}"

    def _reference(self) -> str:
        return "–" if self.reference is None else f"{self.against} {self._value(self.reference)}"

    def _aim(self) -> str:
        if self.aim is None:
            return ""
        verdict = {True: "met", False: "**missed**", None: "not judged"}[self.aim.met_by(self)]
        return f"{self.aim.words(self.unit)}: {verdict}"

    def _note(self) -> str:
        missed = self.aim is not None and self.aim.met_by(self) is False
        return "; ".join(filter(None, [self.note, self.aim.cause if missed else ""]))


def percentile(samples: list[float], percent: float) -> float:
    """The smallest sample that *percent* of all do not exceed (nearest rank)."""
    return sorted(samples)[max(0, math.ceil(len(samples) * percent / 100) - 1)]


def table(figures: list[Figure]) -> str:
    rows = [["row", "figure", "Serai", "beside it", "ratio", "aim", "note"], *(figure.cells() for figure in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    right = {2, 3, 4}

    def line(row: list[str]) -> str:
        cells = (cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True)))
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join(("-" * (w + 1) + ":") if i in right else "-" * (w + 2) for i, w in enumerate(widths)) + "|"
    return "\n".join([line(rows[0]), rule, *(line(row) for row in rows[1:])])


def markdown(facts: dict[str, Any], figures: list[Figure], warnings: list[str]) -> str:
    lines = [f"# Bench of {facts['date']}", "", *(f"**{warning}**\n" for warning in warnings), table(figures), ""]
    for name, value in facts.items():
        text = ", ".join(f"{key} {each}" for key, each in value.items()) if isinstance(value, dict) else value
        lines.append(f"- {name}: {text}")
    return "\n".join(lines) + "\n"


def plain(facts: dict[str, Any], figures: list[Figure], warnings: list[str]) -> dict[str, Any]:
    return {**facts, "warnings": warnings, "figures": [_plain(each) for each in figures]}


def _plain(figure: Figure) -> dict[str, Any]:
    met = figure.aim.met_by(figure) if figure.aim else None
    return {**asdict(figure), "ratio": figure.ratio, "met": met}
