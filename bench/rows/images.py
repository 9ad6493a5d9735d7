# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Images: a build and a cached deploy, a start with and without one, the disk that they take, and a first import, beside uv."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import environments
import processes
from platforms import ZERO_S, Broken, environment, wait_for
from report import Aim, Figure
from turns import SERAI, in_turns

if TYPE_CHECKING:
    from platforms import Serai

    from bench import Bench

ORDER = 90
PACKAGES = ("numpy", "pandas")
UV, VENV, WITHOUT = "uv", "plain venv", "without an image"
REST_S = 1.0
INSTALL_S = 600
MIB = 1 << 20
CACHED = Aim(1_000, "the client asks for each of the image's layers, one after the other")
START = Aim(1.1, "an overlay of the layers is mounted, and users are made", of_ratio=True)
COPY = Aim(1.0, "something of the image is written again for each container")


def measure(bench: Bench) -> Iterator[Figure]:
    uv = Uv(environments.python("images", bench.log("uv")), bench.scratch, bench.log("uv"))
    asked = bench.serai.program("images")  # builds the image, and the base where this node has none
    yield from _builds(bench, asked, uv)
    yield from _starts(bench, asked)
    yield from _disk(bench, asked)
    yield from _imports(bench, asked, uv)


def _builds(bench: Bench, asked: Any, uv: Uv) -> Iterator[Figure]:
    n = bench.samples(3, quick=1)
    answers = in_turns(
        n, {SERAI: lambda: asked.ask("build", by="pip"), "uv_pip_install": lambda: asked.ask("build", by="uv"), UV: uv.install}
    )
    built = answers.key("build_s")
    what = f"debian_slim().{{}}({', '.join(PACKAGES)}), a build that nobody has done, median of {n}"
    note = "of Serai: the base system is there, nothing else; of uv: `venv` and `pip install --no-cache`"
    yield built.figure(what.format("pip_install"), "s", median, against=UV, note=note)
    yield built.figure(what.format("uv_pip_install"), "s", median, of="uv_pip_install", against=UV)
    again = {name: [1e3 * one["again_s"] for one in found] for name, found in answers.found.items() if name != UV}
    if again.get(SERAI):
        yield Figure(f"the same once more, median of {n}", "ms", median(again[SERAI]), aim=CACHED, samples=again)


def _starts(bench: Bench, asked: Any) -> Iterator[Figure]:
    n = bench.samples(12, quick=2)
    for which in ("plain", "built"):
        _at_zero(bench.serai, lambda which=which: asked.ask("start", which=which))
    turns = {
        SERAI: lambda: _at_zero(bench.serai, lambda: asked.ask("start", which="built")),
        WITHOUT: lambda: _at_zero(bench.serai, lambda: asked.ask("start", which="plain")),
    }
    answers = in_turns(n, turns).key("entered_s", 1e3)
    label = f"a function at zero with that image, to its first line, median of {n}"
    yield answers.figure(label, "ms", median, against=WITHOUT, aim=START)


def _disk(bench: Bench, asked: Any) -> Iterator[Figure]:
    n = bench.samples(50, quick=3)
    home = bench.installation.home
    layers = home / "cache" / "layers"
    base = used(layers)
    asked.ask("many", n=n)
    more = used(layers) - base
    note = f"the image that they share, with its base system: {base / MIB:.0f} MiB"
    yield Figure(f"{n} images that share it, each with one small file: disk of all", "MiB", (base + more) / MIB, note=note)
    yield Figure("each of them: disk", "MiB", more / n / MIB, note=f"{more / n / 1024:.0f} KiB")
    places = [home / "cache", home / "nomad"]
    before = sum(map(used, places))
    answer = asked.ask("start", which="built")
    taken = (sum(map(used, places)) - before) / MIB
    _gone(bench.serai, answer)
    label = "a container of that image: disk that is taken while it runs"
    yield Figure(label, "MiB", taken, used(layers) / MIB, "all layers", COPY, "its files, its place to write, its log")


def _imports(bench: Bench, asked: Any, uv: Uv) -> Iterator[Figure]:
    n = bench.samples(5, quick=1)
    layers = bench.installation.home / "cache" / "layers"
    uv.install(compile_=True)
    os.sync()  # only what is written can be dropped

    def ours() -> float:
        left = evict(layers)
        answer = _at_zero(bench.serai, lambda: asked.ask("first_import"))
        return _checked(1e3 * answer["seconds"], left)

    def theirs() -> float:
        left = evict(uv.venv)
        return _checked(1e3 * uv.first_import(), left)

    answers = in_turns(n, {SERAI: ours, VENV: theirs})
    note = "numpy's files, all layers' and the venv's, are dropped from the page cache before each by posix_fadvise"
    yield answers.figure(f"first `import numpy`, median of {n}", "ms", median, against=VENV, note=note)


def _checked(value: float, dropped: int) -> float:
    if not dropped:
        raise Broken("there was nothing to drop from the page cache")
    return value


def _at_zero(serai: Serai, ask: Any) -> dict[str, Any]:
    time.sleep(REST_S)
    answer = ask()
    _gone(serai, answer)
    return answer


def _gone(serai: Serai, answer: dict[str, Any]) -> None:
    gone = serai.container(answer["task"])
    wait_for("the function back at zero", ZERO_S, lambda: not processes.alive(gone))


def used(directory: Path) -> int:
    """Bytes of the disk that what is in it takes; a file with several names once. What goes meanwhile is passed by."""
    seen = {}
    for where, names, files in os.walk(directory):
        for name in (*names, *files):
            try:
                found = os.lstat(os.path.join(where, name))
            except FileNotFoundError:
                continue
            seen[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(seen.values())


def evict(directory: Path) -> int:
    """Drops the files in it from the page cache, as far as nobody has them mapped. @return how many there were"""
    count = 0
    for where, _, files in os.walk(directory):
        for name in files:
            path = os.path.join(where, name)
            if os.path.isfile(path) and not os.path.islink(path):
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                finally:
                    os.close(descriptor)
                count += 1
    return count


class Uv:
    """Environments as a person makes them: the same packages, from the same index, on the disk of the results."""

    def __init__(self, python: Path, scratch: Path, log: Path) -> None:
        self._uv, self._log = [str(python), "-m", "uv"], log
        self.venv = scratch / "uv-venv"

    def install(self, compile_: bool = False) -> dict[str, float]:
        """One made anew."""
        shutil.rmtree(self.venv, ignore_errors=True)
        began = time.perf_counter()
        self._run([*self._uv, "venv", str(self.venv)])
        compiled = ["--compile-bytecode"] if compile_ else []
        self._run([*self._uv, "pip", "install", "--no-cache", *compiled, "--python", str(self.venv / "bin/python"), *PACKAGES])
        return {"build_s": time.perf_counter() - began}

    def first_import(self) -> float:
        program = "import time; began = time.perf_counter(); import numpy; print(time.perf_counter() - began)"
        return float(self._run([str(self.venv / "bin/python"), "-c", program]))

    def _run(self, command: list[str]) -> str:
        given = environment()
        for ours, theirs in (
            ("UV_DEFAULT_INDEX", "PIP_INDEX_URL"),
            ("UV_FIND_LINKS", "PIP_FIND_LINKS"),
            ("SSL_CERT_FILE", "PIP_CERT"),
        ):
            if theirs in given:
                given.setdefault(ours, given[theirs])
        with self._log.open("ab") as errors:
            done = subprocess.run(
                command, env=given, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, timeout=INSTALL_S
            )
        if done.returncode:
            raise Broken(f"{' '.join(command)} ended with code {done.returncode}; see {self._log}")
        return done.stdout
