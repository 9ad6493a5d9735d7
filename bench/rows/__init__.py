# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of the table: every module of this package is one, under its own name. ../README.md says how to add one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from report import Figure

    from bench import Bench

ORDER = 100  # of a row that does not say


def all_rows() -> dict[str, ModuleType]:
    """Each row's module by its name, in the order of the table."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    named = {module.__name__.rpartition(".")[2]: module for module in modules}
    return dict(sorted(named.items(), key=lambda each: (getattr(each[1], "ORDER", ORDER), each[0])))


def needs_own(row: ModuleType) -> bool:
    """Whether it starts and stops the installation, which one that others use must not meet."""
    return getattr(row, "NEEDS_OWN", False)


def says(row: ModuleType) -> str:
    """The first line of its docstring."""
    return (row.__doc__ or "").strip().partition("\n")[0]


def measure(name: str, bench: Bench) -> Iterator[Figure]:
    for figure in all_rows()[name].measure(bench):
        figure.row = name
        yield figure
