# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The web app of the bench under Ray Serve, until the standard input ends: run in an environment that has it and nothing of ours."""

import json
import os
import sys

import ray
from ray import serve

FOLDER, PORT, PROGRAMS = sys.argv[1:]
sys.path.insert(0, PROGRAMS)
os.environ["PYTHONPATH"] = PROGRAMS  # of its replicas

from web import hello  # noqa: E402


def app():
    return hello


@serve.deployment(max_ongoing_requests=1_000)
@serve.ingress(app)  # a function is asked for the app
class Hello:
    """One replica."""


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _temp_dir=FOLDER)
    serve.start(http_options={"host": "127.0.0.1", "port": int(PORT)})
    serve.run(Hello.bind(), route_prefix="/")
    print(json.dumps({"ready": True, "version": ray.__version__}), file=answers)
    sys.stdin.read()
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()
