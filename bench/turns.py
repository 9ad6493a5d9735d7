# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Whoever is measured takes turns with the others, so that a busy moment meets all of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from platforms import Broken
from report import NULL_SERVER, Aim, Figure

SERAI = "Serai"


@dataclass
class Answers:
    """What each answered in all rounds, by its name; and why some did not."""

    found: dict[str, list[Any]]
    failed: dict[str, str] = field(default_factory=dict)

    def each(self, change: Callable[[list[Any]], list[Any]]) -> Answers:
        """The same, with the answers of each changed."""
        return Answers({name: change(answers) for name, answers in self.found.items()}, self.failed)

    def key(self, key: str, scale: float = 1.0) -> Answers:
        """One number out of each answer."""
        return self.each(lambda answers: [scale * answer[key] for answer in answers])

    def figure(
        self,
        label: str,
        unit: str,
        value: Callable[[list[Any]], float],
        *,
        of: str = SERAI,
        against: str = NULL_SERVER,
        aim: Aim | None = None,
        note: str = "",
    ) -> Figure:
        """The line that *value* makes of the answers of *of*, and beside it of those of *against*."""
        failed = [self.failed[name] for name in (of, against) if name in self.failed]
        samples = {name: self.found[name] for name in (of, against) if name in self.found}
        values = {name: value(answers) for name, answers in samples.items()}
        return Figure(
            label, unit, values.get(of), values.get(against), against, aim, "; ".join(filter(None, [note, *failed])), samples
        )


def in_turns(rounds: int, measure: dict[str, Callable[[], Any]]) -> Answers:
    """Asks each, *rounds* times. One that failed is not asked again."""
    answers = Answers({name: [] for name in measure})
    for _ in range(rounds):
        for name, ask in measure.items():
            if name not in answers.failed:
                try:
                    answers.found[name].append(ask())
                except (Broken, OSError, json.JSONDecodeError) as e:
                    answers.failed[name] = f"{name}: {e}"
    for name in answers.failed:
        del answers.found[name]
    return answers
