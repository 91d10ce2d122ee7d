"""Bytes that tests send, and what they look like when stored."""

import hashlib
import os
from pathlib import Path

MIB = 1024 * 1024


def random_file(directory: Path, size: int) -> Path:
    path = directory / f"sent-{size}"
    path.write_bytes(os.urandom(size))
    return path


def sha256(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def assert_stored_exactly(stored, bucket: str, key: str, sent: Path) -> None:
    """The backend holds these bytes, plain: no chunk framing in them and none declared."""
    answer = stored.get_object(Bucket=bucket, Key=key)
    assert answer["ContentLength"] == sent.stat().st_size
    digest = hashlib.sha256()
    for piece in answer["Body"].iter_chunks(MIB):
        digest.update(piece)
    assert digest.hexdigest() == sha256(sent)
    assert "aws-chunked" not in answer.get("ContentEncoding", "")


def keys_under(stored, bucket: str, prefix: str) -> list[str]:
    """Keys that the backend really has; directory markers of its own kind do not count."""
    pages = stored.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return [key for key in keys if not key.endswith("/")]


def bucket_names(stored) -> list[str]:
    return [bucket["Name"] for bucket in stored.list_buckets()["Buckets"]]
