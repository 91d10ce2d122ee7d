"""What the AWS SDK for JavaScript puts into the query of a presigned URL instead of a header still counts."""

from urllib.parse import parse_qs, urlsplit

import pytest

from contents import assert_stored_exactly, keys_under, random_file
from drivers import CLIENTS
from tools import ToolFailed


@pytest.fixture
def javascript(endpoint, tmp_path):
    return CLIENTS["javascript"](endpoint, tmp_path / "home")


def test_a_hoisted_header_does_what_the_header_does(javascript, stored, bucket, tmp_path):
    url = javascript.presigned_url(bucket, "hoisted/metadata", metadata={"colour": "deep blue"})
    query = parse_qs(urlsplit(url).query)
    assert query["x-amz-meta-colour"] == ["deep blue"], url
    assert query["x-id"] == ["PutObject"], url
    sent = random_file(tmp_path, 300_001)
    javascript.send(url, sent)
    assert_stored_exactly(stored, bucket, "hoisted/metadata", sent)
    assert stored.head_object(Bucket=bucket, Key="hoisted/metadata")["Metadata"] == {"colour": "deep blue"}


def test_a_hoisted_checksum_is_checked(javascript, stored, bucket, tmp_path):
    url = javascript.presigned_url(bucket, "hoisted/checksum", checksums="WHEN_SUPPORTED")
    assert parse_qs(urlsplit(url).query)["x-amz-checksum-crc32"] == ["AAAAAA=="], "the checksum of nothing"
    with pytest.raises(ToolFailed, match="BadDigest"):
        javascript.send(url, random_file(tmp_path, 1000))
    assert keys_under(stored, bucket, "hoisted/checksum") == []
    nothing = random_file(tmp_path, 0)
    javascript.send(url, nothing)
    assert_stored_exactly(stored, bucket, "hoisted/checksum", nothing)
