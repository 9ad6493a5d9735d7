# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions whose containers a container engine runs."""

import os
import time

import modal

app = modal.App("engine")
plain = modal.Image.debian_slim()
older = plain.pip_install("six==1.16.0").run_commands("echo built > /built").env({"GREETING": "hello"})
newer = plain.pip_install("six==1.17.0")


@app.function(image=older, scaledown_window=600, secrets=[modal.Secret.from_dict({"HUSH": "a secret"})])
def look() -> dict:
    import six

    print("it looks around")
    with open("/proc/self/status") as status:
        kept = dict(line.rstrip().split(":\t", 1) for line in status if line.startswith(("CapEff", "NoNewPrivs", "Seccomp:")))
    with open("/built") as file:
        return kept | {
            "six": six.__version__,
            "built": file.read(),
            "environment": [os.environ["GREETING"], os.environ["HUSH"]],
            "server's": sorted(name for name in os.environ if name.startswith("SERAI_") and name != "SERAI_CACHE"),
            "secrets": [name for name in os.listdir("/secrets") if name != ".nomad-mount"],  # which Nomad puts there
        }


@app.function(image=newer)
def version() -> str:
    import six

    return six.__version__


@app.function(image=plain, scaledown_window=2)
def divide(dividend: int, divisor: int) -> float:
    return dividend / divisor


@app.function(image=plain, scaledown_window=2)
def count(until: int):
    yield from range(until)


@app.function(image=plain, memory=(128, 160))
def hoard() -> int:
    return len([bytearray(1 << 20) for _ in range(1_000)])


@app.function(image=plain, ephemeral_disk=100, max_containers=1)
def writes(mebibytes: int) -> int:
    """It has all of it on the disk for a while."""
    with open("/opt/large", "wb") as file:
        for _ in range(mebibytes):
            file.write(bytes(1 << 20))
    time.sleep(3)
    return os.path.getsize("/opt/large")


@app.function(image=plain, cpu=(0.125, 0.25))
def burns() -> float:
    """It burns until it was throttled. @return the cores that its control group lets it have"""
    version_2 = os.path.exists("/sys/fs/cgroup/cpu.stat")
    path = "/sys/fs/cgroup/cpu.stat" if version_2 else "/sys/fs/cgroup/cpu/cpu.stat"
    while "nr_throttled 0\n" in read(path):
        pass
    if version_2:
        quota, period = read("/sys/fs/cgroup/cpu.max").split()
    else:
        quota, period = (read(f"/sys/fs/cgroup/cpu/cpu.cfs_{name}_us") for name in ("quota", "period"))
    return int(quota) / int(period)


def read(path: str) -> str:
    with open(path) as file:
        return file.read()


@app.function(image=plain)
@modal.wsgi_app()
def site():
    def answer(environ, start_response):
        start_response("200 OK", [("content-type", "text/plain")])
        return [b"from an image"]

    return answer
