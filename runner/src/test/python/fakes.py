# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Hand-written servers: the internal HTTP interface, and as much of the client protocol as one function needs."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "pool-secret-of-the-tests"
TOKEN = "container-token-of-the-tests"


def until(condition: Callable[[], Any], patience_s: float = 20, what: str = "") -> Any:
    """Waits for something that is true, at most that long."""
    deadline = time.monotonic() + patience_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience_s} s: {what or condition}")
        time.sleep(0.005)
    return value


class HttpServer:
    """The server's side of the contract, for one container."""

    def __init__(self) -> None:
        self.container = "ta-test0001"
        self.answer: dict[str, Any] = {}  # overrides parts of the registration's answer
        self.registrations: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.listed: list[dict[str, Any]] = []
        self.fetched: list[str] = []
        self.chunks: list[dict[str, Any]] = []
        self.batches = 0
        self.exits: list[dict[str, Any]] = []
        self.doors: list[dict[str, Any]] = []
        self.build: dict[str, Any] | None = None  # what a builder is to do
        self.build_layers: list[dict[str, Any]] = []
        self.build_ends: list[dict[str, Any]] = []
        self.wanted = True  # what a container wrote
        self.wishes = 0
        self.kept_status = 204
        self.kept: list[dict[str, Any]] = []
        self.garbage: list[str] = []  # names of layers that no image has any more
        self.cache_retention_s: int | None = 30 * 86_400  # None: as an older server
        self.registry: dict[str, Any] | None = None  # that all nodes share
        self.pushes: list[str] = []  # tags that were announced
        self.bases: dict[str, str] = {}  # digests by names
        self.remains: dict[str, int] = {}  # tags that nobody needs, and their serials
        self.publications: list[str] = []  # tags that should be there
        self.missed: list[str] = []
        self.faults: list[tuple[str, int, str]] = []  # (path prefix, status, detail), each used once
        self.logs_status = 204
        self.cuts = 0  # how many files are cut off in the middle
        self._port, self._sockets = 0, []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> HttpServer:
        self.restart()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def restart(self) -> None:
        fake = self

        class Closing(ThreadingHTTPServer):
            daemon_threads = True

            def process_request(self, request: socket.socket, client: Any) -> None:
                fake._sockets.append(request)
                super().process_request(request, client)

        self._server = Closing(("127.0.0.1", self._port), self._handler())
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Closes the listener and every connection, as a server that goes away. Nothing happens at the second time."""
        self._server.shutdown()
        self._server.server_close()
        for connection in self._sockets:
            with contextlib.suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)
        self._sockets = []

    def add_file(self, path: str, content: bytes | str, mode: int = 0o644) -> None:
        data = content.encode() if isinstance(content, str) else content
        sha256 = hashlib.sha256(data).hexdigest()
        self.files[sha256] = data
        self.listed.append({"path": path, "sha256": sha256, "size": len(data), "mode": mode})

    def text(self, fd: int) -> str:
        return "".join(chunk["data"] for chunk in self.chunks if chunk["fd"] == fd)

    def servers(self, *rpc_urls: str) -> list[dict[str, str]]:
        return [{"http_url": self.url, "rpc_url": url} for url in rpc_urls]

    def registration(self) -> dict[str, Any]:
        return {
            "container": self.container,
            "token": TOKEN,
            "servers": self.servers("http://127.0.0.1:9"),
            "arguments": base64.b64encode(b"arguments").decode(),
            "runtime": {"package": "modal", "version": "0.0.0"},
            "python_version": "",
            "environment": {},
            "workdir": "/root",
            "files": self.listed,
            "heartbeat_interval_s": 15,
            **self.answer,
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self._fault():
                    return
                path = f"/internal/v1/containers/{fake.container}"
                if self.path == "/internal/v1/containers" and self._is(SECRET):
                    fake.registrations.append(body)
                    self._send(201, json.dumps(fake.registration()).encode())
                elif self.path == path + "/logs" and self._is(TOKEN):
                    if fake.logs_status == 204:
                        fake.batches += 1
                        fake.chunks += body["chunks"]
                    self._send(fake.logs_status)
                elif self.path == path + "/door" and self._is(TOKEN):
                    fake.doors.append(body)
                    self._send(204)
                elif self.path == path + "/layer/wish" and self._is(TOKEN):
                    fake.wishes += 1
                    self._send(200, json.dumps({"wanted": fake.wanted}).encode())
                elif self.path == path + "/layer/push" and self._is(TOKEN):
                    fake.pushes.append(body["tag"])
                    self._send(204)
                elif self.path == path + "/layer" and self._is(TOKEN):
                    if fake.kept_status != 204:
                        self._problem(fake.kept_status, "the build is over")
                        return
                    fake.kept.append(body)
                    self._send(204)
                elif self.path == path + "/exit" and self._is(TOKEN):
                    fake.exits.append(body)
                    self._send(204)
                elif self.path == "/api/v1/images/garbage" and self._is(TOKEN):
                    self._send_garbage(body)
                elif self.path.startswith("/api/v1/images/registry/") and self._is(TOKEN):
                    self._about_registry(self.path.rpartition("/")[2], body)
                elif fake.build is not None and self.path == "/internal/v1/builds" and self._is(SECRET):
                    self._send(201, json.dumps({**fake.build, "token": TOKEN}).encode())
                elif fake.build is not None and self.path.startswith("/internal/v1/builds/") and self._is(TOKEN):
                    self._building(self.path.split("/", 5)[5], body)
                else:
                    self._problem(404, f"nothing at {self.path}")

            def _building(self, what: str, body: dict[str, Any]) -> None:
                match what:
                    case "logs":
                        fake.chunks += body["chunks"]
                    case "layers":
                        fake.build_layers.append({**body, "said": fake.text(1)})
                    case "end":
                        fake.build_ends.append(body)
                    case "garbage":
                        self._send_garbage(body)
                        return
                    case "bases":
                        digest = (
                            fake.bases.setdefault(body["name"], body["digest"]) if body["digest"] else fake.bases.get(body["name"])
                        )
                        self._send(200, json.dumps({"name": body["name"], "digest": digest or ""}).encode())
                        return
                    case about if about.startswith("registry/"):
                        self._about_registry(about.removeprefix("registry/"), body)
                        return
                self._send(204)

            def _send_garbage(self, body: dict[str, Any]) -> None:
                answer: dict[str, Any] = {"names": [name for name in body["names"] if name in fake.garbage]}
                if fake.cache_retention_s is not None:
                    answer["cache_retention_s"] = fake.cache_retention_s
                self._send(200, json.dumps(answer).encode())

            def _about_registry(self, what: str, body: dict[str, Any]) -> None:
                tags = [tag["tag"] for tag in body.get("tags", ())]
                match what:
                    case "pushes":
                        fake.pushes += tags
                        self._send(204)
                        return
                    case "missing":
                        fake.missed += tags
                        self._send(204)
                        return
                    case "contents":
                        wanted = {
                            "layers": [name for name in body["names"] if name not in fake.garbage],
                            "bases": [{"name": name, "digest": digest} for name, digest in fake.bases.items()],
                            "publications": fake.publications,
                        }
                        answer = {"registry": fake.registry, "wanted": wanted}
                    case "garbage":
                        fake.remains = {tag: serial for tag, serial in fake.remains.items() if tag not in tags}
                        answer = {"tags": [{"tag": tag, "serial": serial} for tag, serial in fake.remains.items()]}
                    case "deletions":
                        answer = {"tags": [tag for tag in body["tags"] if fake.remains.get(tag["tag"]) == tag["serial"]]}
                self._send(200, json.dumps(answer).encode())

            def do_GET(self) -> None:
                sha256 = self.path.removeprefix("/internal/v1/files/")
                if self._fault():
                    return
                if sha256 in fake.files and self._is(TOKEN):
                    fake.fetched.append(sha256)
                    self._send(200, fake.files[sha256], cut=fake.cuts > 0)
                    fake.cuts -= 1
                else:
                    self._problem(404, f"no file {sha256}")

            def _is(self, bearer: str) -> bool:
                return self.headers["Authorization"] == f"Bearer {bearer}"

            def _fault(self) -> bool:
                for fault in fake.faults:
                    if self.path.startswith(fault[0]):
                        fake.faults.remove(fault)
                        self._problem(fault[1], fault[2])
                        return True
                return False

            def _problem(self, status: int, detail: str) -> None:
                self._send(status, json.dumps({"title": "no", "status": status, "detail": detail}).encode())

            def _send(self, status: int, body: bytes = b"", cut: bool = False) -> None:
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if cut else body)
                self.close_connection = self.close_connection or cut

            def log_message(self, *_: object) -> None:
                pass

        return Handler


class RpcServer:
    """The container's side of the client protocol for one function, over real HTTP/2. Needs the `modal` package."""

    def __init__(self, module: str, function: str, port: int = 0) -> None:
        from modal_proto import api_pb2 as pb

        self.outputs: list[Any] = []
        self.results: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.waiting = 0
        self._inputs: list[Any] = []
        self._kill = False
        self._pb = pb
        handle = pb.FunctionHandleMetadata(function_name=function, function_type=pb.Function.FUNCTION_TYPE_FUNCTION)
        objects = [pb.Object(object_id="fu-1", function_handle_metadata=handle), pb.Object(object_id="im-1")]
        layout = pb.AppLayout(objects=objects)
        layout.function_ids[function] = "fu-1"
        definition = pb.Function(
            module_name=module,
            function_name=function,
            object_dependencies=[pb.ObjectDependency(object_id="im-1")],
            definition_type=pb.Function.DEFINITION_TYPE_FILE,
            function_type=pb.Function.FUNCTION_TYPE_FUNCTION,
            supported_input_formats=[pb.DATA_FORMAT_PICKLE],
            supported_output_formats=[pb.DATA_FORMAT_PICKLE],
        )
        self.arguments = pb.ContainerArguments(
            task_id="ta-test0001", function_id="fu-1", app_id="ap-1", function_def=definition, app_layout=layout,
            environment_name="main",
        ).SerializeToString()  # fmt: skip
        self.port = port

    def __enter__(self) -> RpcServer:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.restart()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def restart(self) -> None:
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(5)

    def stop(self) -> None:
        """Closes the listener and every connection, as a server that goes away."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, *args: Any) -> None:
        import pickle

        pb = self._pb
        n = len(self._inputs)
        item = pb.FunctionInput(args=pickle.dumps((args, {}), 4), data_format=pb.DATA_FORMAT_PICKLE, final_input=False)
        self._inputs.append(pb.FunctionGetInputsItem(input_id=f"in-{n}-{time.monotonic_ns()}", input=item, function_call_id="fc-1"))

    def end(self) -> None:
        """The kill switch: the container is to end when it has nothing to do."""
        self._kill = True

    def values(self) -> list[Any]:
        import pickle

        return [pickle.loads(output.result.data) for output in self.outputs]

    async def _serve(self) -> None:
        import grpclib.const
        from google.protobuf.empty_pb2 import Empty
        from grpclib.server import Server
        from modal_proto import api_grpc

        fake, pb = self, self._pb

        async def get_inputs(_: Any) -> Any:
            fake.waiting += 1
            for _ in range(3000):
                if fake._inputs:
                    return pb.FunctionGetInputsResponse(inputs=[fake._inputs.pop(0)])
                if fake._kill:
                    return pb.FunctionGetInputsResponse(inputs=[pb.FunctionGetInputsItem(kill_switch=True)])
                await asyncio.sleep(0.01)
            return pb.FunctionGetInputsResponse()

        async def put_outputs(request: Any) -> Any:
            fake.outputs += request.outputs
            return Empty()

        async def task_result(request: Any) -> Any:
            fake.results.append(request.result)
            return Empty()

        async def heartbeat(_: Any) -> Any:
            await asyncio.sleep(10)
            return pb.ContainerHeartbeatResponse()

        async def hello(_: Any) -> Any:
            return Empty()

        handlers = {
            "ContainerHello": hello,
            "ContainerHeartbeat": heartbeat,
            "FunctionGetInputs": get_inputs,
            "FunctionPutOutputs": put_outputs,
            "TaskResult": task_result,
        }

        class Service(api_grpc.ModalClientBase):
            def __mapping__(self) -> dict[str, Any]:
                return {
                    path: grpclib.const.Handler(handle(path), h.cardinality, h.request_type, h.reply_type)
                    for path, h in super().__mapping__().items()
                    if path.rsplit("/", 1)[1] in handlers
                }

        def handle(path: str) -> Any:
            async def call(stream: Any) -> None:
                fake.headers.append(dict(stream.metadata))
                await stream.send_message(await handlers[path.rsplit("/", 1)[1]](await stream.recv_message()))

            return call

        for name in Service.__abstractmethods__:
            setattr(Service, name, None)
        Service.__abstractmethods__ = frozenset()
        fake._connections = []

        class Closing(Server):
            def _protocol_factory(self) -> Any:
                fake._connections.append(super()._protocol_factory())
                return fake._connections[-1]

        self._server = Closing([Service()])
        await self._server.start("127.0.0.1", self.port)
        self.port = self._server._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        for protocol in self._connections:
            if hasattr(protocol.connection, "_transport"):  # else it is closed already
                protocol.connection._transport.abort()
        calls = asyncio.all_tasks() - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
