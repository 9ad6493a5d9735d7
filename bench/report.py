# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""From figures to a table, and to a file that programs read."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

UNITS = {"ms": 1, "s": 2, "MiB": 1}  # with the decimals that are worth reading


@dataclass
class Figure:
    """One line of the table. None: this platform has no such thing, or failed; the note tells."""

    row: str
    figure: str
    unit: str
    serai: float | None = None
    null: float | None = None
    note: str = ""
    samples: dict[str, Any] = field(default_factory=dict)  # what it was made of, by platform

    @property
    def ratio(self) -> float | None:
        """How many times the null server's figure."""
        return self.serai / self.null if self.serai is not None and self.null else None

    def cells(self) -> list[str]:
        ratio = f"{self.ratio:.3g} ×" if self.ratio is not None else "–"
        return [self.row, self.figure, self._value(self.serai), self._value(self.null), ratio, self.note]

    def _value(self, value: float | None) -> str:
        return "–" if value is None else f"{value:,.{UNITS[self.unit]}f} {self.unit}"


def percentile(samples: list[float], percent: float) -> float:
    """The smallest sample that *percent* of all do not exceed (nearest rank)."""
    return sorted(samples)[max(0, math.ceil(len(samples) * percent / 100) - 1)]


def table(figures: list[Figure]) -> str:
    rows = [["row", "figure", "Serai", "null server", "ratio", "note"], *(figure.cells() for figure in figures)]
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
    return {**facts, "warnings": warnings, "figures": [{**asdict(each), "ratio": each.ratio} for each in figures]}
