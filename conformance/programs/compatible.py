# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What every client can say, from the oldest one on."""

import modal

app = modal.App("compatible", image=modal.Image.debian_slim())


@app.function()
def runtime() -> str:
    import modal

    return modal.__version__


@app.function(max_containers=2)
def square(x: int) -> int:
    print("squaring", x)
    if x == 13:
        raise ValueError(x)
    return x * x


@app.function()
def values(n: int):
    yield from range(n)


@app.local_entrypoint()
def main():
    print(f"client {modal.__version__}, runtime {runtime.remote()}")
    print("map", list(square.map(range(5))))
    print("values", list(values.remote_gen(3)))
    print("spawned", square.spawn(7).get())
    try:
        square.remote(13)
    except ValueError as e:
        print("raised ValueError:", e)
