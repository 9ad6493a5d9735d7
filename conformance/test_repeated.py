# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A client that lost an answer asks again with the same key; and several ask for the same at one moment."""

import secrets

import pytest
from google.protobuf.message import Message
from grpclib import Status
from modal_proto import api_pb2
from serai_conformance.platform import Platform
from serai_conformance.protocol import METHODS, Answer, Caller

AT_ONCE = 16
MISSING = api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING


@pytest.fixture
def name(platform: Platform):
    """Of an environment that is not there yet, and is not there afterwards."""
    name = f"repeated-{secrets.token_hex(4)}"
    yield name
    caller(platform).one("EnvironmentDelete", api_pb2.EnvironmentDeleteRequest(name=name))


def caller(platform: Platform, key: str | None = None, attempt: int = 0) -> Caller:
    asking = {"x-idempotency-key": key, "x-retry-attempt": str(attempt)} if key else {}
    return Caller(platform.token_id, platform.token_secret, patience=60, **asking)


def twice(platform: Platform, method: str, request: Message) -> list[Answer]:
    """As a client does whose first answer got lost."""
    key = secrets.token_hex(16)
    return [caller(platform, key, attempt).one(method, request) for attempt in range(2)]


def statuses(answers: list[Answer]) -> list[Status]:
    return [answer.status for answer in answers]


def test_given_an_environment_when_its_making_and_its_end_are_repeated_then_each_is_done_once(platform: Platform, name: str):
    make, end = api_pb2.EnvironmentCreateRequest(name=name), api_pb2.EnvironmentDeleteRequest(name=name)
    assert statuses(twice(platform, "EnvironmentCreate", make)) == [Status.OK, Status.OK]
    assert caller(platform).one("EnvironmentCreate", make).status == Status.ALREADY_EXISTS
    assert statuses(twice(platform, "EnvironmentDelete", end)) == [Status.OK, Status.OK]
    assert caller(platform).one("EnvironmentDelete", end).status == Status.NOT_FOUND


def test_given_an_app_when_its_making_is_repeated_then_it_is_the_same_app(platform: Platform):
    request = api_pb2.AppCreateRequest(description="repeated", app_state=api_pb2.APP_STATE_EPHEMERAL)
    first, again = (api_pb2.AppCreateResponse.FromString(a.content) for a in twice(platform, "AppCreate", request))
    assert first.app_id and first.app_id == again.app_id
    stop = api_pb2.AppStopRequest(app_id=first.app_id, source=api_pb2.APP_STOP_SOURCE_PYTHON_CLIENT)
    assert statuses(twice(platform, "AppStop", stop)) == [Status.OK, Status.OK]


def at_once(platform: Platform, method: str, request: Message) -> list[bytes]:
    rpc = next(each for each in METHODS if each.name == method)
    answers = caller(platform).all([(rpc, request.SerializeToString())] * AT_ONCE, at_once=AT_ONCE)
    assert set(statuses(answers)) == {Status.OK}, answers
    return [answer.content for answer in answers]


def test_given_no_app_of_that_name_when_many_ask_for_it_at_once_then_all_have_the_same(platform: Platform, app_name: str):
    request = api_pb2.AppGetOrCreateRequest(app_name=app_name, object_creation_type=MISSING)
    answers = at_once(platform, "AppGetOrCreate", request)
    assert len({api_pb2.AppGetOrCreateResponse.FromString(answer).app_id for answer in answers}) == 1


def test_given_no_environment_of_that_name_when_many_ask_for_it_at_once_then_all_have_the_same(platform: Platform, name: str):
    request = api_pb2.EnvironmentGetOrCreateRequest(deployment_name=name, object_creation_type=MISSING)
    answers = at_once(platform, "EnvironmentGetOrCreate", request)
    assert len({api_pb2.EnvironmentGetOrCreateResponse.FromString(answer).environment_id for answer in answers}) == 1


def test_given_no_secret_of_that_name_when_many_ask_for_it_at_once_then_all_have_the_same(platform: Platform, name: str):
    secret = f"secret-{name}"
    request = api_pb2.SecretGetOrCreateRequest(deployment_name=secret, object_creation_type=MISSING, env_dict={"A": "1"})
    ids = {api_pb2.SecretGetOrCreateResponse.FromString(a).secret_id for a in at_once(platform, "SecretGetOrCreate", request)}
    assert len(ids) == 1
    assert caller(platform).one("SecretDelete", api_pb2.SecretDeleteRequest(secret_id=ids.pop())).status == Status.OK
