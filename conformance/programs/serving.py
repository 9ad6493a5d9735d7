# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""HTTP servers of the client's newer kind: requests come straight to their ports."""

import base64
import hashlib
import json
import os
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import modal

app = modal.App("serving")
PORT = 8000


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        print(f"{self.command} {self.path}", flush=True)

    def say(self, body: bytes, status: int = 200, *fields: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (("content-length", str(len(body))), *fields):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        where, _, query = self.path.partition("?")
        match where:
            case "/slow":
                time.sleep(float(query))
                self.say(os.environ["MODAL_TASK_ID"].encode())
            case "/stream":
                self.stream(int(query))
            case "/large":
                self.say(b"x" * int(query))
            case "/cut":
                self.send_response(200)
                self.send_header("content-length", "100")
                self.end_headers()
                self.wfile.write(b"short")
                self.close_connection = True
            case "/garbage":
                self.wfile.write(b"this is no HTTP\r\n\r\n")
                self.close_connection = True
            case "/die":
                os._exit(3)
            case "/deaf":
                threading.Thread(target=self.server.shutdown).start()
                self.say(b"", 200, ("connection", "close"))
                self.server.server_close()
            case "/socket":
                self.socket()
            case _:
                seen = {"path": self.path, "task": os.environ["MODAL_TASK_ID"], "fields": list(self.headers.items())}
                self.say(json.dumps(seen).encode(), 200, ("x-kept", "a=b"), ("keep-alive", "timeout=5"))

    do_HEAD = do_GET

    def do_POST(self) -> None:
        digest, size = hashlib.sha256(), 0
        for piece in self.body():
            digest.update(piece)
            size += len(piece)
        self.say(json.dumps({"size": size, "sha256": digest.hexdigest()}).encode(), 201)

    def body(self):
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            left = int(self.headers.get("content-length", 0))
            while left:
                piece = self.rfile.read(min(left, 1 << 20))
                left -= len(piece)
                yield piece

    def stream(self, pieces: int) -> None:
        """A piece each 0.2 s, then a trailer."""
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.send_header("trailer", "x-pieces")
        self.end_headers()
        for i in range(pieces):
            piece = b"piece %d" % i
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
            time.sleep(0.2)
        self.wfile.write(b"0\r\nx-pieces: %d\r\n\r\n" % pieces)

    def socket(self) -> None:
        """A WebSocket that says each short text again, in capital letters."""
        key = self.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("upgrade", "websocket")
        self.send_header("connection", "upgrade")
        self.send_header("sec-websocket-accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        while True:
            head = self.rfile.read(2)
            if len(head) < 2:
                break
            mask, data = self.rfile.read(4), self.rfile.read(head[1] & 0x7F)
            data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
            if head[0] & 0x0F == 8:
                self.wfile.write(bytes([0x88, len(data)]) + data)
                break
            self.wfile.write(bytes([head[0], len(data)]) + data.upper())
        self.close_connection = True


def listen() -> None:
    server = ThreadingHTTPServer(("0.0.0.0", PORT), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


@app.server(port=PORT, unauthenticated=True, scaledown_window=4, target_concurrency=2, max_containers=2, startup_timeout=90)
class Plain:
    @modal.enter()
    def start(self):
        listen()

    @modal.exit()
    def stop(self):
        print("exit method ran", flush=True)


@app.server(port=PORT, scaledown_window=4, max_containers=1, max_concurrency=1, startup_timeout=90)
class Guarded:
    @modal.enter()
    def start(self):
        listen()


@app.server(port=PORT, unauthenticated=True, scaledown_window=4, max_containers=1, max_concurrency=2, startup_timeout=90)
class Narrow:
    @modal.enter()
    def start(self):
        listen()


@app.server(port=8123, unauthenticated=True, scaledown_window=4, startup_timeout=90)
class Files:
    """A program of its own, which listens a while after the class was entered."""

    @modal.enter()
    def start(self):
        subprocess.Popen(["sh", "-c", "sleep 1; exec python -m http.server 8123 --directory /root"])


@app.server(port=9999, unauthenticated=True, scaledown_window=4, startup_timeout=3)
class Silent:
    @modal.enter()
    def start(self):
        print("I start nothing", flush=True)


@app.server(port=PORT, unauthenticated=True, scaledown_window=60, exit_grace_period=20, startup_timeout=90)
class Patient:
    @modal.enter()
    def start(self):
        listen()
