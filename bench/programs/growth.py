# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Makes an installation large: functions that nobody calls, inputs that nobody takes."""

from typing import Any

import modal
from modal_proto import api_pb2

app = modal.App("bench-growth")
IN_AN_APP = 500
IN_A_REQUEST = 1_000
QUEUES = 8  # a function may have 200,000 inputs that wait


def nothing() -> None: ...


def never(x: int) -> int:
    """No node has what it asks for, so all of its inputs wait."""
    return x


queues = [app.function(name=f"never_{i}", gpu="H100", serialized=True)(never) for i in range(QUEUES)]


def deploy(first: int, last: int) -> dict[str, Any]:
    """Functions *first* to *last*, in apps of 500."""
    for begin in range(first, last, IN_AN_APP):
        large = modal.App(f"bench-large-{begin}")
        for i in range(begin, min(begin + IN_AN_APP, last)):
            large.function(name=f"nothing_{i}", serialized=True)(nothing)
        large.deploy()
    return {"functions": last}


def pile(n: int) -> dict[str, Any]:
    """*n* inputs, an eighth of them in one call of each function, 1,000 in a request, as the client's own messages say it."""
    client = modal.Client.from_env()
    one = api_pb2.FunctionInput(args=b"\x80\x04K\x00\x85}\x86.", data_format=api_pb2.DATA_FORMAT_PICKLE)  # ((0,), {})
    kind = api_pb2.FUNCTION_CALL_TYPE_MAP
    each = -(-n // QUEUES)
    for queue in queues:
        call = _answer(client, "FunctionMap", api_pb2.FunctionMapRequest(function_id=queue.object_id, function_call_type=kind))
        for begin in range(0, each, IN_A_REQUEST):
            items = [api_pb2.FunctionPutInputsItem(idx=i, input=one) for i in range(begin, min(begin + IN_A_REQUEST, each))]
            request = api_pb2.FunctionPutInputsRequest(
                function_id=queue.object_id, function_call_id=call.function_call_id, inputs=items
            )
            _answer(client, "FunctionPutInputs", request)
    return {"inputs": QUEUES * each}


def _answer(client: modal.Client, method: str, request: Any) -> Any:
    """By the client's own connection, which is not offered to programs."""
    from modal._utils.async_utils import synchronizer

    inner = synchronizer._translate_in(client)

    async def ask() -> Any:
        return await getattr(inner._stub, method)(request)

    return synchronizer.create_blocking(ask, "ask")()


DO = {"deploy": deploy, "pile": pile}
