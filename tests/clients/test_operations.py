"""Every client does every operation, through the gate, and the backend holds exactly what was sent.

The name of a test is the operation; `conftest.py` runs it for each client that can do it.
"""

import random

import pytest

from contents import MIB, assert_stored_exactly, bucket_names, keys_under, random_file, sha256

LISTED = ["a", "b c", "d+e", "sub/f", "sub/g", "ü"]


@pytest.fixture
def listing(stored, bucket, prefix):
    """A few objects under this test's prefix."""
    for name in LISTED:
        stored.put_object(Bucket=bucket, Key=prefix + name, Body=name.encode())
    return [prefix + name for name in LISTED]


@pytest.fixture(scope="session")
def many(stored, bucket):
    """More objects than one page of a listing may hold."""
    keys = [f"many/{number:04}" for number in range(1005)]
    for key in keys:
        stored.put_object(Bucket=bucket, Key=key, Body=b"")
    return keys


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    return random_file(tmp_path_factory.mktemp("large"), 64 * MIB)


@pytest.fixture
def present(stored, bucket, prefix, tmp_path):
    """An object that was put past the gate: its key and the file it was made from."""
    sent = random_file(tmp_path, 300_001)
    stored.put_object(Bucket=bucket, Key=prefix + "present", Body=sent.read_bytes())
    return prefix + "present", sent


def test_make_bucket(client, stored):
    name = f"made-by-{type(client).__name__.lower()}"
    client.make_bucket(name)
    assert name in bucket_names(stored)


def test_remove_bucket(client, stored):
    name = f"removed-by-{type(client).__name__.lower()}"
    stored.create_bucket(Bucket=name)
    assert name in bucket_names(stored)
    client.remove_bucket(name)
    assert name not in bucket_names(stored)


@pytest.mark.parametrize("size", [0, 1, 300_001])
def test_put(client, stored, bucket, prefix, tmp_path, size):
    sent, back = random_file(tmp_path, size), tmp_path / "back"
    client.put(bucket, f"{prefix}{size}", sent)
    assert_stored_exactly(stored, bucket, f"{prefix}{size}", sent)
    client.get(bucket, f"{prefix}{size}", back)
    assert sha256(back) == sha256(sent)


def test_get(client, bucket, present, tmp_path):
    key, sent = present
    client.get(bucket, key, tmp_path / "got")
    assert sha256(tmp_path / "got") == sha256(sent)


def test_get_range(client, bucket, present):
    key, sent = present
    assert client.get_range(bucket, key, 1000, 1999) == sent.read_bytes()[1000:2000]


def test_head(client, bucket, present):
    key, sent = present
    assert client.head(bucket, key) == sent.stat().st_size


def test_list_v1(client, bucket, prefix, listing):
    assert sorted(client.list_v1(bucket, prefix)) == listing


def test_list_v2(client, bucket, prefix, listing):
    assert sorted(client.list_v2(bucket, prefix)) == listing


def test_list_paged(client, bucket, many):
    assert sorted(client.list_paged(bucket, "many/")) == many


def test_list_delimiter(client, bucket, prefix, listing):
    keys, prefixes = client.list_delimiter(bucket, prefix)
    assert sorted(keys) == [key for key in listing if "/sub/" not in key]
    assert prefixes == [prefix + "sub/"]


def test_multipart(client, stored, bucket, prefix, large, tmp_path):
    key = prefix + "large"
    client.multipart(bucket, key, large)
    assert_stored_exactly(stored, bucket, key, large)
    assert "-" in stored.head_object(Bucket=bucket, Key=key)["ETag"], "was it sent in parts at all?"
    client.get(bucket, key, tmp_path / "back")
    assert sha256(tmp_path / "back") == sha256(large)


def test_copy(client, stored, bucket, prefix, present):
    key, sent = present
    client.copy(bucket, key, prefix + "copied")
    assert_stored_exactly(stored, bucket, prefix + "copied", sent)


def test_tagging(client, stored, bucket, present):
    key, _ = present
    tags = {"colour": "blue", "number": str(random.randrange(10**9))}
    client.tagging(bucket, key, tags)
    found = stored.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in found} == tags


def test_delete(client, stored, bucket, prefix, present):
    key, _ = present
    assert keys_under(stored, bucket, prefix) == [key]
    client.delete(bucket, key)
    assert keys_under(stored, bucket, prefix) == []


def test_delete_many(client, stored, bucket, prefix, listing):
    assert keys_under(stored, bucket, prefix) == listing
    client.delete_many(bucket, prefix, listing)
    assert keys_under(stored, bucket, prefix) == []


def test_presigned_get(client, bucket, present, tmp_path):
    key, sent = present
    client.presigned_get(bucket, key, tmp_path / "got")
    assert sha256(tmp_path / "got") == sha256(sent)


@pytest.mark.parametrize("size", [0, 300_001])
def test_presigned_put(client, stored, bucket, prefix, tmp_path, size):
    sent = random_file(tmp_path, size)
    client.presigned_put(bucket, f"{prefix}{size}", sent)
    assert_stored_exactly(stored, bucket, f"{prefix}{size}", sent)
