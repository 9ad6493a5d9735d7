# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What the gRPC port bears: many polls that wait, and large messages. On the client's own stubs, one connection."""

import asyncio
import pickle
import urllib.request
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import modal
import payloads
import pytest
from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from grpclib.client import Channel
from modal_proto import api_pb2
from modal_proto.api_grpc import ModalClientStub
from serai_conformance.platform import Platform

MESSAGE_LIMIT = 128 << 20
POLLS = 500
LONG_S = 50
A_FEW = 40  # threads that a server may start meanwhile for other reasons


@asynccontextmanager
async def connection(platform: Platform):
    address = urlsplit(platform.server_url)
    channel = Channel(address.hostname, address.port)
    try:
        yield channel
    finally:
        channel.close()


def headers(platform: Platform) -> dict[str, str]:
    return {
        "x-modal-client-version": modal.__version__,
        "x-modal-client-type": str(api_pb2.CLIENT_TYPE_CLIENT),
        "x-modal-token-id": platform.token_id,
        "x-modal-token-secret": platform.token_secret,
    }


def platform_threads(platform: Platform) -> int:
    """As the server's JVM counts them: virtual threads are not among them."""
    address = urlsplit(platform.api_url)
    url = f"{address.scheme}://{address.netloc}/metrics?scope=base"
    with urllib.request.urlopen(url, timeout=30) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("thread_count"):
                return int(float(line.rsplit(maxsplit=1)[1]))
    raise AssertionError(f"{url} does not tell the number of threads")


def put(call: str, argument: bytes) -> api_pb2.FunctionPutInputsRequest:
    given = api_pb2.FunctionInput(args=pickle.dumps(((argument,), {})), data_format=api_pb2.DATA_FORMAT_PICKLE)
    return api_pb2.FunctionPutInputsRequest(function_call_id=call, inputs=[api_pb2.FunctionPutInputsItem(idx=0, input=given)])


def test_given_500_polls_for_results_when_they_wait_then_none_costs_a_thread_and_all_are_answered(platform: Platform):
    with payloads.app.run():
        payloads.echo.remote(b"")
        asyncio.run(wait_together(platform, payloads.echo.object_id))


async def wait_together(platform: Platform, function: str) -> None:
    sent = headers(platform)
    async with connection(platform) as channel:
        stub = ModalClientStub(channel)
        started = await stub.FunctionMap(
            api_pb2.FunctionMapRequest(
                function_id=function,
                function_call_type=api_pb2.FUNCTION_CALL_TYPE_MAP,
                function_call_invocation_type=api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC,
            ),
            metadata=sent,
        )
        call = started.function_call_id
        before = platform_threads(platform)
        request = api_pb2.FunctionGetOutputsRequest(function_call_id=call, max_values=1, timeout=LONG_S, last_entry_id="0-0")
        polls = [asyncio.create_task(stub.FunctionGetOutputs(request, metadata=sent)) for _ in range(POLLS)]
        most = 0
        for _ in range(20):  # a round trip behind all of them, each time
            await stub.ClientHello(Empty(), metadata=sent)
            most = max(most, await asyncio.to_thread(platform_threads, platform))
        assert not any(poll.done() for poll in polls)
        await stub.FunctionPutInputs(put(call, b"late"), metadata=sent)
        answers = await asyncio.gather(*polls)
    assert most <= before + A_FEW, f"{before} threads before, up to {most} with {POLLS} polls open"
    assert all(len(answer.outputs) == 1 for answer in answers)


@pytest.mark.parametrize(
    ("size", "status", "words"),
    [
        (MESSAGE_LIMIT - 4096, Status.NOT_FOUND, "fc-nobody"),
        (MESSAGE_LIMIT + 4096, Status.RESOURCE_EXHAUSTED, str(MESSAGE_LIMIT)),
    ],
    ids=["below", "above"],
)
def test_given_a_message_around_the_limit_when_it_is_sent_then_what_is_above_it_is_refused_with_the_limit(
    platform: Platform, size: int, status: Status, words: str
):
    async def send() -> None:
        async with connection(platform) as channel:
            stub = ModalClientStub(channel)
            async with stub.FunctionPutInputs.open(metadata=headers(platform)) as stream:
                await stream.send_request()
                message = put("fc-nobody", bytes(size))
                # the answer comes after the message's first bytes, which say how long it is: nobody reads the others
                sending = asyncio.create_task(stream.send_message(message, end=True))
                try:
                    await stream.recv_initial_metadata()
                finally:
                    sending.cancel()

    with pytest.raises(GRPCError) as refused:
        asyncio.run(send())
    assert refused.value.status == status
    assert words in refused.value.message
