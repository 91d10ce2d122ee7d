"""Keys with awkward names arrive as sent, and no spelling of one key reaches another."""

import unicodedata
from urllib.parse import quote, unquote

import pytest
from botocore.exceptions import ClientError

import raw_request
from drivers import CLIENTS

NAMES = {
    "plus": "a+b",
    "encoded slash": "a%2Fb",
    "encoded space": "a%20b",
    "percent": "100%",
    "space": "a b",
    "double space": " a  b ",
    "equals": "a=b",
    "ampersand": "a&b",
    "tilde": "~a~",
    "composed": unicodedata.normalize("NFC", "é"),
    "decomposed": unicodedata.normalize("NFD", "é"),
    "outside the basic plane": "🗝",
    "1024 bytes": "/".join(["k" * 127] * 8)[: 1024 - len("key-names/sent/")],
    "quotes": "'\"`",
    "question mark": "a?b=c",
    "hash": "a#b",
    "star": "a*b",
    "parentheses": "(a)[b]{c}",
    "colon and at": "a:b@c,d;e!f$g|h<i>^",
    "dots inside": "a..b/.c/d.",
    "looks like a query": "a?uploads",
}


@pytest.fixture(scope="session")
def boto3(endpoint, tmp_path_factory):
    return CLIENTS["boto3"](endpoint, tmp_path_factory.mktemp("key-names")).s3


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_key_arrives_as_sent(name, boto3, stored, bucket):
    key, body = "key-names/sent/" + name, name.encode()
    boto3.put_object(Bucket=bucket, Key=key, Body=body)
    assert stored.get_object(Bucket=bucket, Key=key)["Body"].read() == body
    assert boto3.get_object(Bucket=bucket, Key=key)["Body"].read() == body
    listed = boto3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]
    assert [item["Key"] for item in listed] == [key]
    boto3.delete_object(Bucket=bucket, Key=key)
    with pytest.raises(ClientError, match="NoSuchKey|404"):
        stored.get_object(Bucket=bucket, Key=key)


def test_one_trailing_slash_arrives_as_sent(boto3, stored, bucket):
    key = "key-names/folder/"
    boto3.put_object(Bucket=bucket, Key=key, Body=b"")
    assert stored.head_object(Bucket=bucket, Key=key)["ContentLength"] == 0
    assert [item["Key"] for item in boto3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]] == [key]
    boto3.delete_object(Bucket=bucket, Key=key)


def test_names_that_look_alike_are_different_keys(boto3, stored, bucket):
    names = {f"key-names/alike/{name}": name.encode() for name in NAMES.values() if len(name) < 1000}
    for key, body in names.items():
        boto3.put_object(Bucket=bucket, Key=key, Body=body)
    for key, body in names.items():
        assert boto3.get_object(Bucket=bucket, Key=key)["Body"].read() == body, key
    listed = stored.list_objects_v2(Bucket=bucket, Prefix="key-names/alike/")["Contents"]
    assert {item["Key"] for item in listed if not item["Key"].endswith("/")} == set(names)


# Spellings of a path that some server, somewhere on the way, might take for `key-names/spelt/deep/key`.
SPELLINGS = [
    "key-names/spelt//deep/key",
    "key-names/spelt/deep//key",
    "/key-names/spelt/deep/key",
    "key-names/spelt/./deep/key",
    "key-names/spelt/%2e/deep/key",
    "key-names/spelt/x/../deep/key",
    "key-names/spelt/x/%2e%2e/deep/key",
    "key-names/spelt/x/%2E./deep/key",
    "key-names/spelt/x%2F..%2Fdeep%2Fkey",
    "./key-names/spelt/deep/key",
    "../shared/key-names/spelt/deep/key",
    "key-names/spelt/deep/key/",
    "key-names/spelt/deep/key/.",
    "key-names/spelt/deep/key//",
    "key-names/spelt/deep/key%00",
    "key-names/spelt/deep/key%20",
    "key-names/spelt/deep/key%2F",
    "key-names%252Fspelt/deep/key",
    "key-names/spelt/deep%5Ckey",
    "key-names/spelt/deep\\key",
    "key-names/spelt/deep/KEY",
    "key-names/spelt/deep/key;x",
    "key-names/spelt/deep/key%3F",
    "key-names/spelt/deep/k%C0%AFy",
    "key-names%2Fspelt%2Fdeep%2Fkey",
    "key-names/spelt/deep/%6Bey",
    "key%2dnames/spelt/deep/key",
]


@pytest.mark.parametrize("sign_as_sent", [False, True], ids=["signed as usual", "signed as sent"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_reaches_another_key(spelling, sign_as_sent, endpoint, stored, bucket):
    key = "key-names/spelt/deep/key"
    same_key = unquote(spelling) == key
    stored.put_object(Bucket=bucket, Key=key, Body=b"the original")

    status, body = raw_request.send(endpoint, "GET", f"/{bucket}/{key}")
    assert (status, body) == (200, b"the original"), "the usual spelling does reach it"

    path = f"/{bucket}/{spelling}"
    status, body = raw_request.send(endpoint, "GET", path, sign_as_sent=sign_as_sent)
    assert status != 200 or (same_key and body == b"the original"), body
    assert status < 500, body
    status, body = raw_request.send(endpoint, "PUT", path, b"replaced", sign_as_sent=sign_as_sent)
    assert status < 500, body
    now = stored.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert now == b"the original" or (same_key and status == 200), f"{status}: overwritten"
    status, body = raw_request.send(endpoint, "DELETE", path, sign_as_sent=sign_as_sent)
    assert status < 500, body
    there = stored.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", [])
    assert key in [item["Key"] for item in there] or (same_key and status == 204), f"{status}: deleted"
