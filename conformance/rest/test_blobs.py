# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Large payloads under signed addresses, as the client uploads and downloads them."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import NamedTuple

import pytest
from conftest import Api
from rpc import call
from test_rest import assert_problem

CONTENT = os.urandom(3 << 20)


class Announced(NamedTuple):
    id: str
    upload: str


def announce(api: Api, content: bytes) -> Announced:
    protocol = pytest.importorskip("modal_proto.api_pb2")
    request = protocol.BlobCreateRequest(
        content_md5=base64.b64encode(hashlib.md5(content).digest()).decode(),
        content_sha256_base64=base64.b64encode(hashlib.sha256(content).digest()).decode(),
        content_length=len(content),
    )
    answer = call(api.token, "BlobCreate", request)
    url = answer.upload_urls.items[0] if answer.upload_urls.items else answer.upload_url
    return Announced(answer.blob_ids[0] if answer.blob_ids else answer.blob_id, url)


def download(api: Api, blob: str) -> str:
    protocol = pytest.importorskip("modal_proto.api_pb2")
    return call(api.token, "BlobGet", protocol.BlobGetRequest(blob_id=blob)).download_url


def put(api: Api, url: str, content: bytes):
    return api.as_(None).send("PUT", url, content, Content_Type="application/octet-stream")


@pytest.fixture(scope="module")
def stored(api: Api) -> Announced:
    blob = announce(api, CONTENT)
    answer = put(api, blob.upload, CONTENT)
    assert answer.status == 200, answer.body
    assert answer.headers["ETag"] == f'"{hashlib.md5(CONTENT).hexdigest()}"', "the client compares it"
    return blob


def test_what_was_uploaded_is_downloaded(api: Api, stored: Announced) -> None:
    answer = api.as_(None).get(download(api, stored.id))
    assert answer.status == 200
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert answer.body == CONTENT


def test_an_empty_blob_is_one(api: Api) -> None:
    blob = announce(api, b"")
    assert put(api, blob.upload, b"").status == 200
    assert api.as_(None).get(download(api, blob.id)).body == b""


@pytest.mark.parametrize(
    ("header", "part"),
    [("bytes=0-9", CONTENT[:10]), ("bytes=100-", CONTENT[100:]), ("bytes=-7", CONTENT[-7:]), ("bytes=5-5", CONTENT[5:6])],
)
def test_a_part_is_downloaded(api: Api, stored: Announced, header: str, part: bytes) -> None:
    answer = api.as_(None).get(download(api, stored.id), Range=header)
    assert answer.status == 206
    assert answer.body == part
    assert answer.headers["Content-Range"].endswith(f"/{len(CONTENT)}")


def test_a_part_behind_the_end_is_a_problem(api: Api, stored: Announced) -> None:
    answer = api.as_(None).get(download(api, stored.id), Range=f"bytes={len(CONTENT)}-")
    assert_problem(answer, 416)


def test_an_upload_may_be_repeated(api: Api, stored: Announced) -> None:
    assert put(api, stored.upload, CONTENT).status == 200
    assert api.as_(None).get(download(api, stored.id)).body == CONTENT


def test_other_content_than_announced_does_not_count(api: Api, stored: Announced) -> None:
    wrong = bytes(len(CONTENT))
    assert_problem(put(api, stored.upload, wrong), 400, "invalid-argument")
    assert api.as_(None).get(download(api, stored.id)).body == CONTENT, "what counted stays"
    fresh = announce(api, b"right")
    assert_problem(put(api, fresh.upload, b"wrong"), 400, "invalid-argument")
    assert_problem(put(api, fresh.upload, b"right, and more"), 400)
    assert put(api, fresh.upload, b"right").status == 200, "a failed upload does not spoil the address"


def test_an_address_is_good_for_one_blob_and_one_method(api: Api, stored: Announced) -> None:
    path, _, query = stored.upload.partition("?")
    assert_problem(api.get(stored.upload), 403, "permission-denied")
    assert_problem(put(api, path, CONTENT), 403, "permission-denied")
    assert_problem(put(api, f"{path}x?{query}", CONTENT), 403, "permission-denied")
    assert_problem(put(api, f"{path}?{query}A", CONTENT), 403, "permission-denied")
    assert_problem(put(api, download(api, stored.id), CONTENT), 403, "permission-denied")
    fields = dict(field.split("=", 1) for field in query.split("&"))
    later = f"{path}?expires={int(fields['expires']) + 60}&signature={fields['signature']}"
    assert_problem(put(api, later, CONTENT), 403, "permission-denied")


def test_a_problem_does_not_repeat_the_signature(api: Api, stored: Announced) -> None:
    problem = assert_problem(api.get(stored.upload), 403)
    assert "signature=" not in str(problem)


def test_another_workspace_gets_no_address(other: Api, stored: Announced) -> None:
    grpclib = pytest.importorskip("grpclib")
    with pytest.raises(grpclib.GRPCError, match="not found"):
        download(other, stored.id)
