# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""
A function that writes each of its runs into a book that nobody kills, and a client that submits inputs with unique ids.

The client is told on its stdin: `submit N`, then `finish`. Its last argument makes its ids its own. What it knows it says on its stdout, a line of JSON each.
"""

import asyncio
import json
import socket
import sys
import zlib

import modal
from grpclib.exceptions import StreamTerminatedError

app = modal.App("ledgering")

AT_ONCE = 8
UNFINISHED = 400  # that many are waited for, at most
STARTS_WITHIN = 90  # seconds; one that is stopped before it is ready is given up then
PATIENCE = 600  # seconds for a result, once everything runs again
PASSING = (  # what the client says of connections and servers that go
    modal.exception.ConnectionError,
    modal.exception.ServiceError,
    modal.exception.InternalError,
    StreamTerminatedError,
    OSError,
)
OFTEN = {"MODAL_HEARTBEAT_INTERVAL": "1"}  # for a lease that is short enough for a test


class BookClosed(Exception):
    """Not one of those that the client means by a server that goes."""


def write(book: tuple[str, int], **line) -> None:
    """It is in the book when this returns."""
    try:
        with socket.create_connection(book, timeout=30) as connection:
            connection.sendall(json.dumps(line).encode() + b"\n")
            said = connection.makefile("rb").readline()
    except OSError as e:
        raise BookClosed(str(e)) from e
    if said != b"kept\n":
        raise BookClosed(said.decode())


def attempt_of(input_id: str) -> int:
    """No public name tells it: it is the number that the result will be sent with."""
    from modal._runtime.container_io_manager import _ContainerIOManager

    context = _ContainerIOManager._singleton.current_inputs[input_id]
    return context.retry_counts[context.input_ids.index(input_id)] + 1


@app.function(max_containers=4, scaledown_window=2, env=OFTEN, startup_timeout=STARTS_WITHIN)
@modal.concurrent(max_inputs=16)
def record(uid: str, book: tuple[str, int], seconds: float) -> dict:
    import os
    import time

    input_id = modal.current_input_id()
    run = {"uid": uid, "input": input_id, "attempt": attempt_of(input_id), "task": os.environ["MODAL_TASK_ID"]}
    write(book, event="begins", **run)
    time.sleep(seconds)
    write(book, event="ends", **run)
    return run


@app.function(scaledown_window=2)
def length(of: str | bytes) -> int:
    return len(of)


def seconds_of(uid: str) -> float:
    """Most are short; some are long enough to be under way whatever goes wrong."""
    drawn = zlib.crc32(uid.encode())
    return 1 + drawn % 300 / 100 if drawn % 10 == 0 else 0.02 + drawn % 40 / 100


class Client:
    def __init__(self, name: str, book: tuple[str, int]):
        self.function = modal.Function.from_name(name, "record")
        self.book = book
        self.turns, self.room = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(UNFINISHED)
        self.submitted = 0

    async def submit(self, uid: str) -> None:
        """Until it is acknowledged; then until its result is there."""
        async with self.room:
            async with self.turns:
                call = await self.acknowledged(uid)
            say(result=uid, **await self.result(call))

    async def acknowledged(self, uid: str) -> str:
        while True:
            try:
                call = await self.function.spawn.aio(uid, self.book, seconds_of(uid))
                say(acknowledged=uid, call=call.object_id)
                return call.object_id
            except PASSING as e:
                say(unanswered=uid, why=repr(e))
                await asyncio.sleep(1)

    async def result(self, call: str) -> dict:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            try:
                return {"run": await modal.FunctionCall.from_id(call).get.aio(timeout=PATIENCE)}
            except PASSING as e:
                if asyncio.get_running_loop().time() > deadline:
                    return {"failed": repr(e)}
                await asyncio.sleep(1)
            except Exception as e:  # the verdict, or none within the time
                return {"failed": repr(e)}


def say(**what) -> None:
    print(json.dumps(what), flush=True)


async def main(name: str, port: int, prefix: str) -> None:
    client = Client(name, ("127.0.0.1", port))
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with asyncio.TaskGroup() as work:
        while (line := (await lines.readline()).decode().split()) and line[0] == "submit":
            for _ in range(int(line[1])):
                client.submitted += 1
                work.create_task(client.submit(f"{prefix}-{client.submitted}"))
    say(finished=client.submitted)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
