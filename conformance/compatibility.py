# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the suite with published clients of many versions and writes docs/compatibility.md.

    eval "$(./serai env)"; python3 conformance/compatibility.py [--versions 1.0.0,1.3.5] [--features quickstart,map]

A feature is a file of this folder. What an older client does not have fails there and is shown as it is.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from serai_conformance.clients import OLDEST, interpreter

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "compatibility.md"

#: Between the oldest and the newest on the index, one for each change of what is sent.
VERSIONS = [OLDEST, "1.1.4", "1.3.5", "1.5.5", "1.6.4"]

#: What is the server's, not the client's.
NO_FEATURES = set("command compatibility isolation ledger limits malformed restart servers tenancy websocket".split())

FEATURES = sorted({path.stem.removeprefix("test_") for path in HERE.glob("test_*.py")} - NO_FEATURES)


@dataclass(frozen=True)
class Count:
    passed: int
    failed: int
    skipped: int

    def __str__(self) -> str:
        if self.passed + self.failed == 0:
            return "–"
        return f"{self.passed}" if self.failed == 0 else f"{self.passed} of {self.passed + self.failed}"


def run(version: str, features: list[str]) -> dict[str, Count]:
    python = interpreter(version, with_tests=True)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        files = [str(HERE / f"test_{feature}.py") for feature in features]
        options = ["-q", "-p", "no:cacheprovider", "--junitxml", str(report)]
        subprocess.run([python, "-m", "pytest", *options, *files], cwd=HERE, check=False)
        counts = dict.fromkeys(features, Count(0, 0, 0))
        if not report.exists():
            return counts
        for case in ElementTree.parse(report).iter("testcase"):
            feature = case.get("classname", "").split(".")[-1].removeprefix("test_")
            before = counts.get(feature, Count(0, 0, 0))
            failed = case.find("failure") is not None or case.find("error") is not None
            skipped = case.find("skipped") is not None
            counts[feature] = Count(before.passed + (not failed and not skipped), before.failed + failed, before.skipped + skipped)
        return counts


def rpcs() -> str:
    """Asked of the running server: with the newest client's stubs, as it is the one that has them all."""
    python = interpreter(VERSIONS[-1], with_tests=True)
    return subprocess.run([python, "-m", "serai_conformance.rpcs"], cwd=HERE, check=True, text=True, capture_output=True).stdout


def page(results: dict[str, dict[str, Count]], features: list[str]) -> str:
    versions = list(results)
    rows = [
        f"| {feature} | " + " | ".join(str(results[version].get(feature, Count(0, 0, 0))) for version in versions) + " |"
        for feature in features
    ]
    table = "\n".join(["| feature | " + " | ".join(versions) + " |", "| --- |" + " --- |" * len(versions), *rows])
    return TEXT.format(table=table, rpcs=rpcs())


TEXT = """# Compatibility

Written by `python3 conformance/compatibility.py`, which runs the conformance suite with published clients against a
running platform. Do not edit it by hand.

## Clients

How many tests of a feature pass with a client. "3 of 5": the others need what that client does not have, or what this
version of Serai does not have for it. "–": not run. Containers run the runtime of the client that deployed them, so a
column is client and runtime.

{table}

Clients differ in how they write down images: each is told the newest image builder version that it knows (2024.10 before
1.1, 2025.06 before 1.6.3, then 2026.10). Before 2025.06 an image installs the runtime's own requirements; here these
come from outside the image with every client, and that installation is left out.

## RPCs

{rpcs}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--versions", default=",".join(VERSIONS))
    parser.add_argument("--features", default=",".join(FEATURES))
    parser.add_argument("--page", type=Path, default=PAGE)
    asked = parser.parse_args()
    os.environ.setdefault("MODAL_CONFIG_PATH", os.devnull)
    features = asked.features.split(",")
    results = {}
    for version in asked.versions.split(","):
        print(f"== modal {version}", flush=True)
        results[version] = run(version, features)
    asked.page.write_text(page(results, features))
    print(asked.page)


if __name__ == "__main__":
    sys.exit(main())
