# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that fail in their users' ways."""

import modal

app = modal.App("failing")


class OutOfCheese(Exception):
    """Defined in user code, with state of its own."""

    def __init__(self, message: str, cheeses: list[str]):
        super().__init__(message, cheeses)
        self.cheeses = cheeses


def order(cheese: str) -> None:
    raise OutOfCheese(f"no {cheese} today", [cheese, "brie"])


@app.function(max_containers=1)
def shop(cheese: str) -> None:
    order(cheese)


@app.function(max_containers=1)
def divide(a: int, b: int) -> float:
    return a / b


@app.function(max_containers=1)
def chained() -> None:
    try:
        {}["key"]
    except KeyError as e:
        raise RuntimeError("while looking") from e


class CannotBePickled(Exception):
    def __init__(self):
        super().__init__("has a lock")
        import threading

        self.lock = threading.Lock()


@app.function(max_containers=1)
def unpicklable() -> None:
    raise CannotBePickled()


@app.function(max_containers=1)
def unpicklable_result():
    import threading

    return threading.Lock()


@app.function(max_containers=1)
def leave() -> None:
    raise SystemExit(4)


@app.local_entrypoint()
def main() -> None:
    shop.remote("cheddar")
