# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""
A function that writes each of its runs into a book that nobody kills, and a client that submits inputs with unique ids.

The client is told on its stdin: `submit N`, then `finish`. What it knows it says on its stdout, a line of JSON each.
"""

import asyncio
import json
import socket
import sys
import zlib

import modal

app = modal.App("ledgering")

AT_ONCE = 8
PATIENCE = 600  # seconds for a result, once everything runs again


def write(book: tuple[str, int], **line) -> None:
    """It is in the book when this returns."""
    with socket.create_connection(book, timeout=30) as connection:
        connection.sendall(json.dumps(line).encode() + b"\n")
        if connection.makefile("rb").readline() != b"kept\n":
            raise OSError("the book is closed")


def attempt_of(input_id: str) -> int:
    """No public name tells it: it is the number that the result will be sent with."""
    from modal._runtime.container_io_manager import _ContainerIOManager

    context = _ContainerIOManager._singleton.current_inputs[input_id]
    return context.retry_counts[context.input_ids.index(input_id)] + 1


@app.function(max_containers=3, scaledown_window=2)
@modal.concurrent(max_inputs=4)
def record(uid: str, book: tuple[str, int], seconds: float) -> dict:
    import os
    import time

    input_id = modal.current_input_id()
    run = {"uid": uid, "input": input_id, "attempt": attempt_of(input_id), "task": os.environ["MODAL_TASK_ID"]}
    write(book, event="begins", **run)
    time.sleep(seconds)
    write(book, event="ends", **run)
    return run


class Client:
    def __init__(self, name: str, book: tuple[str, int]):
        self.function = modal.Function.from_name(name, "record")
        self.book = book
        self.turns = asyncio.Semaphore(AT_ONCE)
        self.submitted = 0

    async def submit(self, uid: str) -> None:
        """Until it is acknowledged; then until its result is there."""
        async with self.turns:
            call = None
            while call is None:
                try:
                    call = await self.function.spawn.aio(uid, self.book, 0.02 + zlib.crc32(uid.encode()) % 40 / 100)
                except modal.exception.Error as e:
                    say(unanswered=uid, why=repr(e))
                    await asyncio.sleep(1)
            say(acknowledged=uid, call=call.object_id)
        say(result=uid, **await self.result(call.object_id))

    async def result(self, call: str) -> dict:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            try:
                return {"run": await modal.FunctionCall.from_id(call).get.aio(timeout=PATIENCE)}
            except (modal.exception.ConnectionError, modal.exception.ServiceError, modal.exception.InternalError) as e:
                if asyncio.get_running_loop().time() > deadline:
                    return {"failed": repr(e)}
                await asyncio.sleep(1)
            except Exception as e:  # the verdict, or none within the time
                return {"failed": repr(e)}


def say(**what) -> None:
    print(json.dumps(what), flush=True)


async def main(name: str, port: int) -> None:
    client = Client(name, ("127.0.0.1", port))
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with asyncio.TaskGroup() as work:
        while (line := (await lines.readline()).decode().split()) and line[0] == "submit":
            for _ in range(int(line[1])):
                client.submitted += 1
                work.create_task(client.submit(f"input-{client.submitted}"))
    say(finished=client.submitted)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
