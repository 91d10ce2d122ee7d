"""No wrong body ever becomes an object, or a part of one: seen in what real servers hold afterwards.

Each way to declare a body is broken in each way there is, for a key that has an object, for one that has
none, and for a part of an upload. Then Portcullis ends, so that nothing is under way any more, and the
server itself is asked: it has the old object, none, and the old part.
"""

import os
import re

import pytest
from botocore.exceptions import ClientError

from endpoint import Endpoint
from gate import Portcullis
from juicefs import JuiceFs
from raw_upload import KINDS, Connection, Kind, Upload
from seaweedfs import SeaweedFs

# One that is proved before anything leaves the gate, and one that streams.
SIZES = [1000, 200_001]
OLD = b"what was there before"


@pytest.fixture(scope="session")
def juicefs(tmp_path_factory):
    server = JuiceFs(tmp_path_factory.mktemp("juicefs"))
    yield server
    server.stop()


@pytest.fixture(params=["seaweedfs", "juicefs"])
def server(request) -> SeaweedFs | JuiceFs:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_wrong_body_becomes_an_object(server, kind, tmp_path):
    stored, bucket = server.direct, f"safe-{kind.name.replace('_', '-')}"
    stored.create_bucket(Bucket=bucket)
    stored.put_object(Bucket=bucket, Key="old", Body=OLD)
    gate = Portcullis(tmp_path / "gate", server.endpoint, limits='body_idle_timeout = "1s"\n')
    try:
        upload_id = gate.admin_s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
        part = {"Bucket": bucket, "Key": "parts", "PartNumber": 1, "UploadId": upload_id}
        tag = gate.admin_s3.upload_part(**part, Body=OLD)["ETag"]
        targets = [(f"/{bucket}/old", {}), (f"/{bucket}/new", {})]
        targets += [(f"/{bucket}/parts", {"partNumber": str(number), "uploadId": upload_id}) for number in (1, 2)]
        for size in SIZES:
            right = os.urandom(size)
            for path, query in targets:
                refuses_every_wrong_body(gate.endpoint, kind, path, query, right)
                breaks_off_everywhere(gate.endpoint, kind, path, query, right)
            stalls(gate.endpoint, kind, f"/{bucket}/new", {}, right)
            # The positive control: the same request with the right body is an object, byte for byte.
            assert exchange(gate.endpoint, kind, f"/{bucket}/right-{size}", {}, right, right) == (200, None)
            assert stored.get_object(Bucket=bucket, Key=f"right-{size}")["Body"].read() == right
    finally:
        gate.stop()
    assert stored.get_object(Bucket=bucket, Key="old")["Body"].read() == OLD
    with pytest.raises(ClientError, match="NoSuchKey"):
        stored.get_object(Bucket=bucket, Key="new")
    listed = stored.list_parts(Bucket=bucket, Key="parts", UploadId=upload_id).get("Parts", [])
    assert [(found["PartNumber"], found["ETag"].strip('"')) for found in listed] == [(1, tag.strip('"'))]
    done = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
    stored.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload_id, MultipartUpload=done)
    assert stored.get_object(Bucket=bucket, Key="parts")["Body"].read() == OLD


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_right_parts_become_the_object(server, kind, tmp_path):
    """The positive control of parts: the same requests with right bodies, completed."""
    stored, bucket = server.direct, f"right-{kind.name.replace('_', '-')}"
    stored.create_bucket(Bucket=bucket)
    gate = Portcullis(tmp_path / "gate", server.endpoint)
    try:
        upload_id = gate.admin_s3.create_multipart_upload(Bucket=bucket, Key="key")["UploadId"]
        bodies = [os.urandom(5 * 1024 * 1024), os.urandom(1001)]
        for number, body in enumerate(bodies, start=1):
            query = {"partNumber": str(number), "uploadId": upload_id}
            assert exchange(gate.endpoint, kind, f"/{bucket}/key", query, body, body) == (200, None)
        listed = stored.list_parts(Bucket=bucket, Key="key", UploadId=upload_id)["Parts"]
        done = {"Parts": [{name: part[name] for name in ("PartNumber", "ETag")} for part in listed]}
        gate.admin_s3.complete_multipart_upload(Bucket=bucket, Key="key", UploadId=upload_id, MultipartUpload=done)
        assert stored.get_object(Bucket=bucket, Key="key")["Body"].read() == b"".join(bodies)
    finally:
        gate.stop()


def wrong_bodies(right: bytes) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Bodies other than `right`: of the same length, and of another."""
    half, last = len(right) // 2, len(right) - 1

    def changed(position: int) -> bytes:
        return right[:position] + bytes([right[position] ^ 1]) + right[position + 1 :]

    altered = {"first byte": changed(0), "middle byte": changed(half), "last byte": changed(last)}
    altered |= {"halves swapped": right[half:] + right[:half], "zeros": bytes(len(right))}
    resized = {"empty": b"", "short": right[:last], "half": right[:half], "long": right + b"x", "twice": right + right}
    return altered, resized


def refuses_every_wrong_body(endpoint: Endpoint, kind: Kind, path: str, query: dict[str, str], right: bytes) -> None:
    altered, resized = wrong_bodies(right)
    for bodies, codes in ((altered, kind.altered), (resized, kind.resized)):
        for what, body in bodies.items() if codes else ():
            status, code = exchange(endpoint, kind, path, query, right, body)
            assert status in (400, 403) and code in codes, f"{what}: {status} {code}"


def breaks_off_everywhere(endpoint: Endpoint, kind: Kind, path: str, query: dict[str, str], right: bytes) -> None:
    """The client sends a part of the right body and is gone."""
    upload = built(endpoint, kind, path, query, right, right)
    length, end = len(upload.body), upload.end
    for cut in sorted({0, 1, length // 2, end - 1, end, end + 1, length - 2, length - 1} - {length, length + 1}):
        with Connection(endpoint) as connection:
            connection.send(upload.head() + upload.body[:cut])


def stalls(endpoint: Endpoint, kind: Kind, path: str, query: dict[str, str], right: bytes) -> None:
    """All but the last byte, and then nothing: the gate has to end it."""
    upload = built(endpoint, kind, path, query, right, right)
    with Connection(endpoint) as connection:
        connection.send(upload.head() + upload.body[:-1])
        status, body = connection.answer()
    assert (status, code_in(body)) == (400, "RequestTimeout")


def exchange(
    endpoint: Endpoint, kind: Kind, path: str, query: dict[str, str], declared: bytes, sent: bytes
) -> tuple[int, str | None]:
    upload = built(endpoint, kind, path, query, declared, sent)
    with Connection(endpoint) as connection:
        connection.send(upload.head() + upload.body)
        status, body = connection.answer()
    return status, code_in(body)


def built(endpoint: Endpoint, kind: Kind, path: str, query: dict[str, str], declared: bytes, sent: bytes) -> Upload:
    upload = Upload(endpoint, path, dict(query))
    kind.build(upload, declared, sent)
    return upload


def code_in(body: bytes) -> str | None:
    found = re.search(rb"<Code>(\w+)</Code>", body)
    return found[1].decode() if found else None
