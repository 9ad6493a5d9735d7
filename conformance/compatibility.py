# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the suite with published clients of many versions and writes docs/compatibility.md.

    eval "$(./serai env --tests)"; python3 conformance/compatibility.py [--versions 1.0.0,1.3.5] [--features quickstart,map]

A feature is a file of this folder. What an older client does not have is counted apart from what fails. With --reports
FOLDER what was run is kept there, and what lies there is not run again: a long run may be done in pieces. --rpcs runs no
test: it writes the page's list of RPCs anew, as the running platform answers them.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from serai_conformance.clients import interpreter

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "compatibility.md"

#: From the oldest to the newest on the index: one of each builder of images, and of lines in between.
VERSIONS = ["1.0.5", "1.2.6", "1.3.5", "1.4.3", "1.6.4"]

#: What clients and their runtimes do. What only the server or the cluster does is the same with each of them.
FEATURES = """
apps batching call_graph cancellation classes concurrency containers deploy exceptions generators images logs map nested options
payloads quickstart remote schedules secrets serialized single_use spawn web web_server
""".split()

#: For a first program: its node installs the runtime.
PATIENCE_S = 600

#: How Python, the client's classes and its command line say that they do not have something.
ABSENT = re.compile(
    r"unexpected keyword argument '[^']+'"
    r"|(?:module|type object|class) '[\w.]+' has no attribute '\w+'|'\w+' object has no attribute '\w+'"
    r"|cannot import name '\w+' from 'modal[\w.]*'"
    r"|No such (?:option|command):? '?[\w-]+"
    r"|unexpected extra arguments? \([^)]*\)"
)


#: What clients up to a version do otherwise than later ones: read off their sources. By a part of the test's name.
DIFFERENT = {
    "the client draws no more of them": ((1, 4), "a map draws all inputs of an iterator as fast as they come"),
    "the values before it come first": (
        (1, 1),
        "an exception overtakes the values of a generator that the caller has not read yet",
    ),
    "given other options when called": ((1, 3), "`with_options` changes the class that it is asked of, too"),
    "given options that are not there": ((1, 3), "`with_options` changes the class that it is asked of, too"),
}


@dataclass(frozen=True)
class Case:
    """A test as it ended with one client."""

    test: str
    outcome: str  # passed, skipped, absent: the client does not have what it needs, or failed
    reason: str


@dataclass(frozen=True)
class Count:
    cases: tuple[Case, ...] = ()

    def of(self, outcome: str) -> list[Case]:
        return [case for case in self.cases if case.outcome == outcome]

    def __str__(self) -> str:
        passed, failed, absent = (len(self.of(outcome)) for outcome in ("passed", "failed", "absent"))
        if passed + failed + absent == 0:
            return "–"
        return f"{passed}" + (f" of {passed + failed}" if failed else "") + (f" ({absent})" if absent else "")


@cache
def prepared(version: str) -> Path:
    """:return: an interpreter with that client; its runtime is installed on the node that ran a first program with it"""
    python = interpreter(version, with_tests=True)
    subprocess.run([python, "-m", "modal", "run", "compatible.py"], cwd=HERE / "programs", check=False, timeout=PATIENCE_S)
    return python


def run(version: str, feature: str, report: Path) -> None:
    """Leaves a JUnit report."""
    python = prepared(version)
    options = ["-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", "--junitxml", str(report)]
    subprocess.run([python, "-m", "pytest", *options, str(HERE / f"test_{feature}.py")], cwd=HERE, check=False)


#: How a refusal arrives with clients before 1.3, which had no exceptions of their own for most of them.
PLAIN_REFUSAL = re.compile(r"GRPCError: \(<Status\.(NOT_FOUND|INVALID_ARGUMENT|FAILED_PRECONDITION|UNIMPLEMENTED): ")


def read(reports: Path, version: str, feature: str) -> Count:
    report = reports / version / f"{feature}.xml"
    if not report.exists():
        return Count()
    return Count(tuple(case(element, version) for element in ElementTree.parse(report).iter("testcase")))


def case(element: ElementTree.Element, version: str) -> Case:
    test = element.get("name", "").removeprefix("test_").replace("_", " ")
    if element.find("skipped") is not None:
        return Case(test, "skipped", "")
    wrong = element.find("failure")
    wrong = element.find("error") if wrong is None else wrong
    if wrong is None:
        return Case(test, "passed", "")
    absent = ABSENT.search(wrong.text or "")
    if absent:
        return Case(test, "absent", absent.group())
    line = tuple(map(int, version.split(".")[:2]))
    for part, (before, reason) in DIFFERENT.items():
        if part in test and line < before:
            return Case(test, "absent", reason)
    if line < (1, 3) and PLAIN_REFUSAL.search(wrong.text or ""):
        return Case(test, "absent", "what the server refuses arrives as grpclib's error")
    lines = [line.strip() for line in wrong.get("message", "").splitlines() if line.strip()]
    return Case(test, "failed", lines[0][:200] if lines else "no word")


def rpcs() -> str:
    """Asked of the running server: with the newest client's stubs, as it is the one that has them all."""
    python = interpreter(VERSIONS[-1], with_tests=True)
    return subprocess.run([python, "-m", "serai_conformance.rpcs"], cwd=HERE, check=True, text=True, capture_output=True).stdout


def page(results: dict[str, dict[str, Count]], features: list[str]) -> str:
    versions = list(results)
    rows = [f"| {feature} | " + " | ".join(str(results[v][feature]) for v in versions) + " |" for feature in features]
    table = "\n".join(["| feature | " + " | ".join(versions) + " |", "| --- |" + " --- |" * len(versions), *rows])
    return TEXT.format(
        table=table,
        absent="\n".join(absent(results)) or "Nothing.",
        failed="\n".join(failed(results)) or "Nothing.",
        rpcs=rpcs(),
    )


def absent(results: dict[str, dict[str, Count]]) -> Iterator[str]:
    for version, counts in results.items():
        reasons = {c.reason for count in counts.values() for c in count.of("absent")}
        if reasons:
            yield f"- {version}: " + "; ".join(f"`{reason}`" for reason in sorted(reasons))


def failed(results: dict[str, dict[str, Count]]) -> Iterator[str]:
    for version, counts in results.items():
        for feature, count in counts.items():
            yield from (f"- {version}, {feature}: {c.test}: `{c.reason.replace('`', '')}`" for c in count.of("failed"))


TEXT = """# Compatibility

Written by `python3 conformance/compatibility.py`, which runs the conformance suite with published clients against a
running platform. Do not edit it by hand.

## Clients

How many tests of a feature pass with a client. In brackets: those that need what that client does not have, told below.
"3 of 5": two fail, told below. "–": not run for this table; `./serai test` runs every feature with the newest client. Containers
run the runtime of the client that deployed them, so a column is client and runtime.

{table}

Clients differ in how they write down images: each is told the newest image builder version that it knows (2024.10 before
1.1, 2025.06 before 1.6.3, then 2026.10). Before 2025.06 an image installs the runtime's own requirements; here these
come from outside the image with every client, and that installation is left out.

1.0.0 and 1.0.1 need `aiohttp<3.12` beside them: with newer ones they send payloads above 2 MiB empty. Their containers get it
by themselves; the client's user has to install it.

### What a client does not have

Mostly in its own words; the tests that need it are the ones in brackets.

{absent}

### What fails

{failed}

## RPCs

{rpcs}"""


def with_rpcs(page: str) -> str:
    """:param page: that was written before; the list is its last section"""
    before, heading, _ = page.partition("\n## RPCs\n\n")
    return before + heading + rpcs()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--versions", default=",".join(VERSIONS))
    parser.add_argument("--features", default=",".join(FEATURES))
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--reports", type=Path)
    parser.add_argument("--rpcs", action="store_true")
    asked = parser.parse_args()
    os.environ.setdefault("MODAL_CONFIG_PATH", os.devnull)
    if asked.rpcs:
        asked.page.write_text(with_rpcs(asked.page.read_text()))
        return
    versions, features = asked.versions.split(","), asked.features.split(",")
    with tempfile.TemporaryDirectory() as temporary:
        reports = asked.reports or Path(temporary)
        for feature in features:
            for version in versions:
                report = reports / version / f"{feature}.xml"
                if not report.exists():
                    print(f"== {feature}, modal {version}", flush=True)
                    run(version, feature, report)
        results = {v: {f: read(reports, v, f) for f in features} for v in versions}
    asked.page.write_text(page(results, features))
    print(asked.page)


if __name__ == "__main__":
    sys.exit(main())
