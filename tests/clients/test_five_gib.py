"""5 GiB up and down in one request each: every byte arrives and memory stays flat."""

import hashlib
import http.client
import os
import ssl
import threading
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from contents import MIB
from endpoint import REGION

SIZE = 5 * 1024 * MIB
MAY_GROW = 16 * MIB

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


class Body:
    """`SIZE` bytes that are never all in memory: random pieces that differ, by a counter in each."""

    def __init__(self, size: int):
        self.left, self.piece, self.counter = size, os.urandom(MIB), 0
        self.digest = hashlib.sha256()

    def read(self, _length: int = MIB) -> bytes:
        piece = (self.counter.to_bytes(8) + self.piece[8:])[: self.left]
        self.left -= len(piece)
        self.counter += 1
        self.digest.update(piece)
        return piece


class Watch:
    """The largest resident size of the process while the block runs."""

    def __init__(self, gate):
        self.gate, self.done, self.largest = gate, threading.Event(), 0
        self.thread = threading.Thread(target=self.sample)

    def sample(self):
        while not self.done.wait(0.05):
            self.largest = max(self.largest, self.gate.resident_bytes())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def presigned(endpoint, operation: str, key: str) -> str:
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint.url,
        region_name=REGION,
        aws_access_key_id=endpoint.access_key_id,
        aws_secret_access_key=endpoint.secret_access_key,
        config=config,
    )
    return s3.generate_presigned_url(operation, {"Bucket": "five-gib", "Key": key}, 3600)


def connect(endpoint) -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection(endpoint.host, context=ssl.create_default_context(cafile=endpoint.authority))


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def upload(endpoint, key: str, body: Body) -> None:
    connection = connect(endpoint)
    connection.request("PUT", path_of(presigned(endpoint, "put_object", key)), body, {"Content-Length": str(body.left)})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()


def download(endpoint, key: str) -> tuple[int, str]:
    connection = connect(endpoint)
    connection.request("GET", path_of(presigned(endpoint, "get_object", key)))
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    digest, length = hashlib.sha256(), 0
    while piece := answer.read(MIB):
        digest.update(piece)
        length += len(piece)
    connection.close()
    return length, digest.hexdigest()


def test_five_gib_go_both_ways_in_flat_memory(portcullis, endpoint, stored):
    stored.create_bucket(Bucket="five-gib")
    upload(endpoint, "warm", Body(64 * MIB))
    download(endpoint, "warm")
    before = portcullis.resident_bytes()

    body = Body(SIZE)
    with Watch(portcullis) as up:
        upload(endpoint, "large", body)
    assert stored.head_object(Bucket="five-gib", Key="large")["ContentLength"] == SIZE
    with Watch(portcullis) as down:
        length, digest = download(endpoint, "large")
    assert (length, digest) == (SIZE, body.digest.hexdigest())
    direct = hashlib.sha256()
    for piece in stored.get_object(Bucket="five-gib", Key="large")["Body"].iter_chunks(MIB):
        direct.update(piece)
    assert direct.hexdigest() == body.digest.hexdigest()

    grown = {name: (watch.largest - before) / MIB for name, watch in {"up": up, "down": down}.items()}
    print(f"resident before: {before / MIB:.1f} MiB; grown by {grown} MiB")
    assert up.largest and down.largest, "memory was sampled"
    assert max(grown.values()) * MIB <= MAY_GROW, grown
