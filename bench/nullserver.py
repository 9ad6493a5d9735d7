# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The null server: the least that an unmodified client and container runtime accept, kept in memory.

What it costs is what client and runtime cost by themselves: the floor that the bench holds Serai against. It answers the
calls of an ephemeral app (`run`, `.remote`, `.map`) and requests without a body to its web functions, and no others, gives a
function one container at most, and promises nothing: no sign-in, no logs, no retries, no idempotency keys, nothing left after its
end.

    python nullserver.py --ready FILE      FILE then holds its URL; needs a Python with the client's package
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import pickle
import signal
import socket
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpclib.server
from aiohttp import web
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message_factory import GetMessageClass
from grpclib.const import Cardinality, Handler
from modal_proto import api_pb2 as pb
from sandbox import Sandbox

BUILDER = "2026.10"  # an image builder version that the client knows
WINDOW_S = 60.0  # how long a container may be idle, where the function does not say
BEAT_S = 10.0  # how long a heartbeat is held: it is the container's to repeat


@dataclass
class Call:
    """A function call: what the client holds."""

    id: str
    function: Function
    invocation: Any
    size: int = 0
    outputs: list[pb.FunctionGetOutputsItem] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    question: list[pb.DataChunk] = field(default_factory=list)  # of a request: what the function reads
    answer: list[pb.DataChunk] = field(default_factory=list)  # and what it said so far

    async def after(self, seen: int, timeout: float) -> list[pb.FunctionGetOutputsItem]:
        """The outputs from *seen* on; waits for the first of them."""
        if len(self.outputs) <= seen and timeout > 0:
            self.news.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.news.wait(), timeout)
        return self.outputs[seen:]


@dataclass
class Function:
    """A function, the inputs that wait for it and the container that takes them."""

    id: str
    app: str
    web_port: int
    definition: pb.Function
    waiting: asyncio.Queue[pb.FunctionGetInputsItem] = field(default_factory=asyncio.Queue)
    container: asyncio.Task[None] | None = None

    @property
    def window_s(self) -> float:
        return self.definition.autoscaler_settings.scaledown_window or self.definition.task_idle_timeout_secs or WINDOW_S

    def handle(self) -> pb.FunctionHandleMetadata:
        same = ("function_name", "function_type", "function_schema", "supported_input_formats", "supported_output_formats")
        copied = {name: getattr(self.definition, name) for name in same}
        url = f"http://{self.id}.localhost:{self.web_port}" if self.definition.webhook_config.type else ""
        return pb.FunctionHandleMetadata(app_id=self.app, definition_id=self.id.replace("fu-", "de-"), web_url=url, **copied)


class NullServer:
    """Each public method with the name of an RPC is that RPC; grpclib refuses the others as UNIMPLEMENTED."""

    def __init__(self, sandbox: Sandbox, web_port: int) -> None:
        self._sandbox, self._web_port = sandbox, web_port
        self._number = itertools.count(1)
        self._over: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)  # by app
        self._layouts: dict[str, dict[str, str]] = {}
        self._functions: dict[str, Function] = {}
        self._files: dict[str, bytes] = {}
        self._mounts: dict[str, dict[str, str]] = {}
        self._calls: dict[str, Call] = {}
        self._inputs: dict[str, tuple[Call, int]] = {}  # those without an output, with their place in the call

    def __mapping__(self) -> dict[str, Handler]:
        service = pb.DESCRIPTOR.services_by_name["ModalClient"]
        known = (method for method in service.methods if hasattr(self, method.name))
        return {f"/{service.full_name}/{method.name}": self._handler(method) for method in known}

    def _handler(self, method: Any) -> Handler:
        answer, types = getattr(self, method.name), (GetMessageClass(method.input_type), GetMessageClass(method.output_type))

        async def unary(stream: grpclib.server.Stream) -> None:
            await stream.send_message(await answer(await stream.recv_message(), stream.metadata))

        async def streaming(stream: grpclib.server.Stream) -> None:
            async for message in answer(await stream.recv_message(), stream.metadata):
                await stream.send_message(message)

        if method.server_streaming:
            return Handler(streaming, Cardinality.UNARY_STREAM, *types)
        return Handler(unary, Cardinality.UNARY_UNARY, *types)

    def _id(self, prefix: str) -> str:
        return f"{prefix}-{next(self._number):06d}"

    async def EnvironmentGetOrCreate(self, request: Any, _: Any) -> Any:
        metadata = pb.EnvironmentMetadata(name="main", settings=pb.EnvironmentSettings(image_builder_version=BUILDER))
        return pb.EnvironmentGetOrCreateResponse(environment_id="en-1", metadata=metadata)

    async def AppCreate(self, request: Any, _: Any) -> Any:
        return pb.AppCreateResponse(app_id=self._id("ap"))

    async def AppHeartbeat(self, request: Any, _: Any) -> Any:
        return Empty()

    ContainerHello = AppHeartbeat  # both say no more than that somebody is there

    async def AppGetLogs(self, request: Any, _: Any) -> AsyncIterator[Any]:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._over[request.app_id].wait(), request.timeout)
            yield pb.TaskLogsBatch(app_done=True)

    async def MountGetOrCreate(self, request: Any, _: Any) -> Any:
        mount = self._id("mo")
        self._mounts[mount] = {file.filename: file.sha256_hex for file in request.files}
        return pb.MountGetOrCreateResponse(mount_id=mount, handle_metadata=pb.MountHandleMetadata())

    async def MountBatchedCheckExistence(self, request: Any, _: Any) -> Any:
        missing = [each for each in request.sha256_hex_hashes if each not in self._files]
        return pb.MountBatchedCheckExistenceResponse(missing_sha256_hex_hashes=missing)

    async def MountPutFile(self, request: Any, _: Any) -> Any:
        self._files[request.sha256_hex] = request.data
        return pb.MountPutFileResponse(exists=True)

    async def ImageGetOrCreate(self, request: Any, _: Any) -> Any:
        built = pb.GenericResult(status=pb.GenericResult.GENERIC_STATUS_SUCCESS)
        metadata = pb.ImageMetadata(image_builder_version=BUILDER)
        return pb.ImageGetOrCreateResponse(image_id=self._id("im"), result=built, metadata=metadata)

    async def FunctionPrecreate(self, request: Any, _: Any) -> Any:
        function = Function(self._id("fu"), request.app_id, self._web_port, pb.Function(function_name=request.function_name))
        self._functions[function.id] = function
        return pb.FunctionPrecreateResponse(function_id=function.id, handle_metadata=function.handle())

    async def FunctionCreate(self, request: Any, _: Any) -> Any:
        function = self._functions[request.existing_function_id]
        function.definition = request.function
        ranked = pb.FunctionData.RankedFunction(rank=0, function=request.function)
        data, handle = pb.FunctionData(ranked_functions=[ranked]), function.handle()
        return pb.FunctionCreateResponse(function_id=function.id, function_data=data, handle_metadata=handle)

    async def AppPublish(self, request: Any, _: Any) -> Any:
        self._layouts[request.app_id] = dict(request.function_ids)
        return pb.AppPublishResponse(url="")

    async def AppClientDisconnect(self, request: Any, _: Any) -> Any:
        for function in self._functions.values():
            if function.app == request.app_id and function.container:
                function.container.cancel()
        self._over[request.app_id].set()
        return Empty()

    async def FunctionMap(self, request: Any, _: Any) -> Any:
        call = Call(self._id("fc"), self._functions[request.function_id], request.function_call_invocation_type)
        self._calls[call.id] = call
        taken = self._take(call, request.pipelined_inputs)
        return pb.FunctionMapResponse(function_call_id=call.id, pipelined_inputs=taken, max_inputs_outstanding=1000)

    async def FunctionPutInputs(self, request: Any, _: Any) -> Any:
        return pb.FunctionPutInputsResponse(inputs=self._take(self._calls[request.function_call_id], request.inputs))

    def _take(self, call: Call, items: Any) -> list[pb.FunctionPutInputsResponseItem]:
        taken = []
        for item in items:
            key = self._id("in")
            self._inputs[key] = (call, item.idx)
            given = pb.FunctionGetInputsItem(input_id=key, input=item.input, function_call_id=call.id)
            given.function_call_invocation_type = call.invocation
            call.function.waiting.put_nowait(given)
            taken.append(pb.FunctionPutInputsResponseItem(idx=item.idx, input_id=key, input_jwt=key))
        call.size += len(taken)
        self._wake(call.function)
        return taken

    async def FunctionGetOutputs(self, request: Any, _: Any) -> Any:
        call = self._calls[request.function_call_id]
        seen = int(request.last_entry_id.partition("-")[0] or 0)
        outputs = await call.after(seen, request.timeout)
        if request.clear_on_success and outputs:
            self._calls.pop(call.id, None)
        return pb.FunctionGetOutputsResponse(
            outputs=outputs, last_entry_id=f"{seen + len(outputs)}-0", num_unfinished_inputs=call.size - len(call.outputs)
        )

    def _wake(self, function: Function) -> None:
        if function.container is None and not function.waiting.empty():
            function.container = asyncio.get_running_loop().create_task(self._live(function))

    async def _live(self, function: Function) -> None:
        """A container's life; another one follows where inputs came too late for it."""
        mounts = [self._mounts[mount] for mount in function.definition.mount_ids]
        files = {path: self._files[key] for mount in mounts for path, key in mount.items()}
        try:
            code = await self._sandbox.run(self._arguments(function), files)
            if code:
                self._give_up(function, pb.GenericResult(exception=f"the container ended with code {code}"))
        finally:
            function.container = None
        self._wake(function)

    def _arguments(self, function: Function) -> pb.ContainerArguments:
        tags = self._layouts[function.app]
        objects = [pb.Object(object_id=key, function_handle_metadata=self._functions[key].handle()) for key in tags.values()]
        needed = {each.object_id for each in function.definition.object_dependencies} - self._functions.keys()
        objects += [pb.Object(object_id=key) for key in needed]
        return pb.ContainerArguments(
            task_id=self._id("ta"),
            function_id=function.id,
            app_id=function.app,
            function_def=function.definition,
            environment_name="main",
            app_layout=pb.AppLayout(objects=objects, function_ids=tags),
        )

    def _give_up(self, function: Function, result: pb.GenericResult) -> None:
        result.status = result.status or pb.GenericResult.GENERIC_STATUS_INTERNAL_FAILURE
        while not function.waiting.empty():
            function.waiting.get_nowait()
        for key in [key for key, (call, _) in self._inputs.items() if call.function is function]:
            self._finish(key, result, 0)

    def _finish(self, key: str, result: pb.GenericResult, data_format: Any) -> None:
        if key in self._inputs:
            call, idx = self._inputs.pop(key)
            call.outputs.append(pb.FunctionGetOutputsItem(result=result, idx=idx, input_id=key, data_format=data_format))
            call.news.set()

    async def ContainerHeartbeat(self, request: Any, _: Any) -> Any:
        await asyncio.sleep(BEAT_S)
        return pb.ContainerHeartbeatResponse()

    async def FunctionGetInputs(self, request: Any, _: Any) -> Any:
        function = self._functions[request.function_id]
        try:
            item = await asyncio.wait_for(function.waiting.get(), function.window_s)
        except asyncio.TimeoutError:
            item = pb.FunctionGetInputsItem(kill_switch=True)
        return pb.FunctionGetInputsResponse(inputs=[item])

    async def FunctionPutOutputs(self, request: Any, _: Any) -> Any:
        for item in request.outputs:
            self._finish(item.input_id, item.result, item.data_format)
        return Empty()

    async def FunctionGetDynamicConcurrency(self, request: Any, _: Any) -> Any:
        return pb.FunctionGetDynamicConcurrencyResponse(concurrency=request.max_concurrency)

    async def FunctionCallGetDataIn(self, request: Any, _: Any) -> AsyncIterator[Any]:
        call = self._calls.get(request.function_call_id)
        if call:
            for chunk in call.question[request.last_index :]:
                yield chunk
            await asyncio.sleep(BEAT_S)  # the container ends it with the request; that a client leaves is not told

    async def FunctionCallPutDataOut(self, request: Any, _: Any) -> Any:
        call = self._calls[request.function_call_id]
        call.answer += request.data_chunks
        call.news.set()
        return Empty()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A request to a web function, which the first part of the host names: a call whose answer comes in pieces."""
        function = self._functions[request.host.partition(".")[0]]
        scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": request.method,
            "path": request.path,
            "query_string": request.rel_url.raw_query_string.encode(),
            "headers": [(name.lower(), value) for name, value in request.raw_headers],
            "client": (request.remote, 1),
        }
        call = Call(self._id("fc"), function, pb.FUNCTION_CALL_INVOCATION_TYPE_SYNC)
        whole = pb.Asgi(http_request=pb.Asgi.HttpRequest(body=b"", more_body=False))
        call.question = [pb.DataChunk(data_format=pb.DATA_FORMAT_ASGI, data=whole.SerializeToString(), index=1)]
        self._calls[call.id] = call
        try:
            given = pb.FunctionInput(args=pickle.dumps(((scope,), {}), 4), data_format=pb.DATA_FORMAT_PICKLE)
            self._take(call, [pb.FunctionPutInputsItem(idx=0, input=given)])
            return await self._follow(call, request)
        finally:
            self._calls.pop(call.id)

    async def _follow(self, call: Call, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        seen = 0
        while True:
            while seen < len(call.answer):
                piece = pb.Asgi.FromString(call.answer[seen].data)
                seen += 1
                if piece.HasField("http_response_start"):
                    fields = [each.decode() for each in piece.http_response_start.headers]
                    answer = web.StreamResponse(status=piece.http_response_start.status)
                    answer.headers.extend(zip(fields[::2], fields[1::2], strict=True))
                    await answer.prepare(request)
                elif piece.HasField("http_response_body"):
                    await answer.write(piece.http_response_body.body)
                    if not piece.http_response_body.more_body:
                        await answer.write_eof()
                        return answer
            if call.outputs:
                raise web.HTTPBadGateway(text="the function ended before its answer did")
            call.news.clear()
            await call.news.wait()

    async def TaskResult(self, request: Any, metadata: Any) -> Any:
        self._give_up(self._functions[metadata["x-null-function"]], request.result)
        return Empty()

    async def close(self) -> None:
        running = [function.container for function in self._functions.values() if function.container]
        for container in running:
            container.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def serve(ready: Path) -> None:
    """Until SIGTERM or SIGINT; *ready* appears with the URL once it can be called."""
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    with tempfile.TemporaryDirectory(prefix="nullserver-") as state:
        for_requests = socket.create_server(("127.0.0.1", 0))
        service = NullServer(Sandbox(Path(state)), for_requests.getsockname()[1])
        gateway = web.Application()
        gateway.router.add_route("*", "/{path:.*}", service.answer)
        requests = web.AppRunner(gateway, access_log=None)
        await requests.setup()
        await web.SockSite(requests, for_requests).start()
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # 0 would leave Nagle's delays on
        listener.bind(("127.0.0.1", 0))
        for_clients, for_containers = grpclib.server.Server([service]), grpclib.server.Server([service])
        await for_clients.start(sock=listener)
        await for_containers.start(path=f"{state}/socket")
        draft = ready.with_suffix(".draft")
        draft.write_text(f"http://127.0.0.1:{listener.getsockname()[1]}")
        draft.rename(ready)
        await stop.wait()
        await requests.cleanup()
        await service.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A server of the client's protocol that remembers nothing.")
    parser.add_argument("--ready", type=Path, required=True, help="the file that tells its URL once it can be called")
    asyncio.run(serve(parser.parse_args().ready))
