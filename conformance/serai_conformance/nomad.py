# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The cluster, as its own HTTP API shows it. Nothing here asks the platform."""

import httpx

from serai_conformance.platform import Platform

ENDED = {"complete", "failed", "lost"}


class Nomad:
    def __init__(self, platform: Platform):
        headers = {"X-Nomad-Token": platform.nomad_token} if platform.nomad_token else {}
        self.http = httpx.Client(base_url=platform.nomad_address, headers=headers, timeout=10, trust_env=False)

    def get(self, path: str, **params: str) -> httpx.Response:
        response = self.http.get(path, params=params)
        if response.status_code != 404:
            response.raise_for_status()
        return response

    def jobs(self, app: str, function: str | None = None) -> list[dict]:
        """The jobs of an app, by their meta; those that were stopped are listed until they are purged."""
        listed = self.get("/v1/jobs", meta="true").json()
        return [job for job in listed if (job.get("Meta") or {}).get("app") == app and function in (None, job["Meta"]["function"])]

    def count(self, job: str) -> int:
        """How many allocations the job asks for; a stopped or purged one asks for none."""
        response = self.get(f"/v1/job/{job}")
        if response.status_code == 404 or response.json()["Stop"]:
            return 0
        return sum(group["Count"] for group in response.json()["TaskGroups"])

    def allocations(self, job: str) -> list[dict]:
        response = self.get(f"/v1/job/{job}/allocations")
        return [] if response.status_code == 404 else response.json()

    def running(self, job: str) -> list[dict]:
        return [allocation for allocation in self.allocations(job) if allocation["ClientStatus"] == "running"]

    def is_at_zero(self, job: str) -> bool:
        """Asked for none, and none is left."""
        return self.count(job) == 0 and all(a["ClientStatus"] in ENDED for a in self.allocations(job))
