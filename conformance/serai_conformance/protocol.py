# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Every RPC of the service as its descriptor tells of it, called with the public client's own stubs and with raw bytes."""

import asyncio
import os
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import grpclib
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpclib.client import Channel
from grpclib.encoding.base import CodecBase
from modal_proto import api_pb2
from modal_version import __version__

SERVICE = api_pb2.DESCRIPTOR.services_by_name["ModalClient"]


@dataclass(frozen=True)
class Method:
    name: str
    request: type[Message]
    streams: bool  # many answers


METHODS = [Method(m.name, GetMessageClass(m.input_type), m.server_streaming) for m in SERVICE.methods if not m.client_streaming]


class Bytes(CodecBase):
    """What is sent is what the caller says, whether or not it is a message."""

    __content_subtype__ = "proto"

    def encode(self, message: bytes, message_type: Any) -> bytes:
        return message

    def decode(self, data: bytes, message_type: Any) -> bytes:
        return data


@dataclass(frozen=True)
class Answer:
    status: grpclib.Status | None  # None: it was held for as long as we waited
    message: str
    content: bytes = b""


class Caller:
    """One connection under one token; calls that are held end after *patience* seconds."""

    def __init__(self, token_id: str, secret: str, patience: float = 5, **headers: str):
        self.metadata = {
            "x-modal-token-id": token_id,
            "x-modal-token-secret": secret,
            "x-modal-client-type": "1",
            "x-modal-client-version": __version__,
            "x-modal-python-version": "3.11.0",
            **headers,
        }
        self.patience = patience
        self.address = urlsplit(os.environ["MODAL_SERVER_URL"])

    def all(self, calls: Iterable[tuple[Method, bytes]], at_once: int = 8) -> list[Answer]:
        """In order of the calls, so many of them at a time."""
        return asyncio.run(self._all(list(calls), at_once))

    def one(self, method: str, request: Message) -> Answer:
        return self.all([(next(m for m in METHODS if m.name == method), request.SerializeToString())])[0]

    async def _all(self, calls: list[tuple[Method, bytes]], at_once: int) -> list[Answer]:
        channel = Channel(self.address.hostname, self.address.port, codec=Bytes())
        turn = asyncio.Semaphore(at_once)

        async def call(method: Method, content: bytes) -> Answer:
            async with turn:
                return await self._call(channel, method, content)

        try:
            return await asyncio.gather(*(call(*c) for c in calls))
        finally:
            channel.close()

    async def _call(self, channel: Channel, method: Method, content: bytes) -> Answer:
        path = f"/{SERVICE.full_name}/{method.name}"
        kind = grpclib.const.Cardinality.UNARY_STREAM if method.streams else grpclib.const.Cardinality.UNARY_UNARY
        try:
            async with (
                asyncio.timeout(self.patience),
                channel.request(path, kind, bytes, bytes, metadata=self.metadata) as stream,
            ):
                await stream.send_message(content, end=True)
                answer = await stream.recv_message() or b""
                if not method.streams:
                    await stream.recv_trailing_metadata()
                return Answer(grpclib.Status.OK, "", answer)
        except TimeoutError:
            return Answer(None, "held")
        except grpclib.GRPCError as e:
            return Answer(e.status, e.message or "")


def fill(message: Message, values: Mapping[str, str], depth: int = 3) -> list[str]:
    """Sets every text field that is named like one of the values, also in messages inside.

    :return: the names of the fields that were set
    """
    done = []
    for field in message.DESCRIPTOR.fields:
        if field.message_type:
            if field.message_type.GetOptions().map_entry or depth == 0:
                continue
            inner = getattr(message, field.name).add() if field.is_repeated else GetMessageClass(field.message_type)()
            set_inside = fill(inner, values, depth - 1)
            if set_inside and not field.is_repeated:
                getattr(message, field.name).CopyFrom(inner)
            elif not set_inside and field.is_repeated:
                del getattr(message, field.name)[-1]
            done += [f"{field.name}.{name}" for name in set_inside]
        elif field.type == FieldDescriptor.TYPE_STRING and (value := values.get(field.name)) is not None:
            if field.is_repeated:
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)
            done.append(field.name)
    return done


STRINGS = [
    "",
    "\0",
    "a\0b",
    "x" * 70_000,
    "ap-1",
    "../../etc/passwd",
    "'; drop table app; --",
    "\U0001f980é\u202e",
    "%s%n%d",
    "-1",
    "{}",
]
INTEGERS = [0, 1, -1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 1_000_000]
FLOATS = [0.0, -1.0, 1e308, -1e308, float("nan"), float("inf"), float("-inf"), 1e-300]
RANGES = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.TYPE_ENUM: (-(2**31), 2**31 - 1),
}


def scramble(message: Message, source: random.Random, ids: list[str], depth: int = 4) -> None:
    """Sets some of the fields to what nobody would think of, and some of them to ids that are there."""
    for field in message.DESCRIPTOR.fields:
        if source.random() < 0.5:
            continue
        if field.message_type and field.message_type.GetOptions().map_entry:
            entry = getattr(message, field.name)
            try:
                entry[source.choice(STRINGS[:3] + ids)] = source.choice(STRINGS + ids)
            except (TypeError, ValueError):
                continue  # values of another type: the other fields will do
        elif field.message_type:
            if depth > 0:
                inner = getattr(message, field.name).add() if field.is_repeated else getattr(message, field.name)
                inner.SetInParent()
                scramble(inner, source, ids, depth - 1)
        else:
            values = [_value(field, source, ids) for _ in range(source.choice([1, 1, 2, 50]) if field.is_repeated else 1)]
            if field.is_repeated:
                getattr(message, field.name).extend(values)
            else:
                setattr(message, field.name, values[0])


def _value(field: FieldDescriptor, source: random.Random, ids: list[str]) -> Any:
    if field.type == FieldDescriptor.TYPE_STRING:
        return source.choice(ids) if ids and source.random() < 0.5 else source.choice(STRINGS)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return source.randbytes(source.choice([0, 1, 31, 32, 5_000]))
    if field.type == FieldDescriptor.TYPE_BOOL:
        return source.random() < 0.5
    if field.type in (FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE):
        return source.choice(FLOATS)
    low, high = RANGES.get(field.type, (0, 1))
    return min(max(source.choice(INTEGERS), low), high)


def damage(content: bytes, source: random.Random) -> bytes:
    """The same bytes, cut, changed or repeated somewhere."""
    if not content:
        return source.randbytes(source.randint(1, 40))
    at = source.randrange(len(content))
    return source.choice(
        [
            content[:at],
            content[:at] + bytes([content[at] ^ (1 << source.randrange(8))]) + content[at + 1 :],
            content + content[:at],
            content[at:],
        ]
    )
