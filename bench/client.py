# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The client's side of the bench: one process for a platform and a program, the same for both, told what to do by its input.

    python client.py PROGRAM       a module of programs/ with `app` and `DO`, which names what it can be asked for

A line in, such as {"do": "warm", "n": 400}, is a line out: what was measured, or {"error": ...}. Its end of input is the
app's end.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any


def main() -> None:
    # What the client library prints must not come between our answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=answers)

    sys.path.insert(0, str(Path(__file__).resolve().parent / "programs"))
    program = importlib.import_module(sys.argv[1])
    with program.app.run():
        say({"ready": True})
        for line in sys.stdin:
            asked = json.loads(line)
            try:
                say(program.DO[asked.pop("do")](**asked))
            except Exception as e:  # whatever a platform does wrong is a result of the bench
                traceback.print_exc()
                say({"error": f"{type(e).__name__}: {e}"})


if __name__ == "__main__":
    main()
