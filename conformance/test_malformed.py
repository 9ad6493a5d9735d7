# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""No request, however malformed, is called the server's fault: INTERNAL and UNKNOWN make clients ask again."""

import os
import random
import secrets
import time

import pytest
from grpclib import Status
from serai_conformance.platform import Platform
from serai_conformance.protocol import METHODS, Caller, Method, damage, fill, scramble
from serai_conformance.workspaces import Workspace, make

OURS = {Status.INTERNAL, Status.UNKNOWN, Status.DATA_LOSS}

#: Whose answer is not looked at: the token that the test itself calls with.
ENDS_THE_TEST = {"TokenDelete", "TokenDisable"}

pytestmark = pytest.mark.timeout(600)

RPCS = [method for method in METHODS if method.name not in ENDS_THE_TEST]


@pytest.fixture(scope="module")
def workspace():
    return of_its_own()


def of_its_own() -> Workspace:
    """What is changed there is nobody's. Mutations end its app sooner or later."""
    if "SERAI_ADMIN_TOKEN" not in os.environ:
        pytest.skip("SERAI_ADMIN_TOKEN is not set: no workspace can be made")
    return make(f"malformed-{secrets.token_hex(4)}")


def judge(caller: Caller, calls: list[tuple[Method, bytes]]) -> None:
    answers = caller.all(calls)
    wrong = [
        f"{method.name} {content[:200].hex()}: {answer.status} {answer.message}"
        for (method, content), answer in zip(calls, answers, strict=True)
        if answer.status in OURS
    ]
    assert not wrong, f"{len(wrong)} of {len(calls)}\n" + "\n".join(wrong[:40])


def mutations(methods: list[Method], many: int, source: random.Random, ids: list[str]) -> list[tuple[Method, bytes]]:
    calls = []
    for _ in range(many):
        method = source.choice(methods)
        message = method.request()
        scramble(message, source, ids)
        content = message.SerializeToString()
        calls.append((method, damage(content, source) if source.random() < 0.3 else content))
    return calls


def seeded(platform: Platform) -> random.Random:
    """SERAI_TEST_SEED repeats a run. One seed for all runs, but a new one under --full."""
    seed = int(os.environ.get("SERAI_TEST_SEED") or (time.time_ns() % 1_000_000_000 if platform.full else 1))
    print(f"SERAI_TEST_SEED={seed}")
    return random.Random(seed)


def test_given_an_empty_request_when_sent_then_it_is_answered_or_refused(workspace):
    judge(workspace.caller(patience=2), [(method, b"") for method in RPCS])


def test_given_bytes_that_are_no_message_when_sent_then_the_request_is_refused(workspace):
    garbage = [b"\xff" * 20, b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x05ab", b"\x0a\x02\xc3\x28"]
    judge(workspace.caller(patience=2), [(method, content) for method in RPCS for content in garbage])


def test_given_a_truncated_request_when_sent_then_it_is_refused(workspace):
    calls = []
    for method in RPCS:
        message = method.request()
        fill(message, workspace.ids)
        content = message.SerializeToString()
        calls += [(method, content[: len(content) // 2]), (method, content[:-1])]
    judge(workspace.caller(patience=2), calls)


def test_given_ids_of_another_kind_when_sent_then_they_are_refused(workspace):
    calls = []
    for wrong in ("ap-0123456789abcdefghijkl", workspace.ids["task_id"], "\0", "x" * 100_000):
        for method in RPCS:
            message = method.request()
            fill(message, dict.fromkeys(workspace.ids, wrong))
            calls.append((method, message.SerializeToString()))
    judge(workspace.caller(patience=2), calls)


@pytest.mark.timeout(7_200)
def test_given_mutations_of_every_request_when_sent_then_none_is_called_the_servers_fault(workspace, platform: Platform):
    """A few thousand; a hundred thousand under --full."""
    source = seeded(platform)
    ids = sorted(set(workspace.ids.values()))
    total = 100_000 if platform.full else 3_000
    caller = workspace.caller(patience=2)
    answered = [m for m, a in zip(RPCS, caller.all((m, b"") for m in RPCS), strict=True) if a.status != Status.UNIMPLEMENTED]
    for begin in range(0, total, 2_000):
        judge(caller, mutations(answered, min(2_000, total - begin), source, ids))


@pytest.mark.timeout(3_600)
def test_given_mutations_of_what_a_container_asks_when_it_sends_them_then_none_is_called_the_servers_fault(
    platform: Platform,
):
    """What a client is refused before its request is looked at."""
    source, workspace = seeded(platform), of_its_own()
    ids = sorted(set(workspace.ids.values()))
    refused = workspace.caller(patience=2).all((m, b"") for m in RPCS)
    methods = {m.name: m for m, a in zip(RPCS, refused, strict=True) if a.status == Status.PERMISSION_DENIED}
    last = methods.pop("TaskResult")  # the container has ended with it
    assert {"ContainerHeartbeat", "FunctionGetInputs", "FunctionPutOutputs", "FunctionCallPutDataOut"} <= methods.keys()
    for _ in range(20 if platform.full else 1):
        container = workspace.container(patience=0.3)  # another one when the last has been idle for its window
        judge(container, mutations(list(methods.values()), 1_000, source, ids))
        hello = (methods["ContainerHello"], b"")
        assert container.all([hello])[0].status == Status.OK, "whoever asked was a container up to the end"
    judge(container, mutations([last], 100, source, ids))
    workspace.still_works()
