"""Uploads in signed chunks, by our own client, where the other tests do not take them: in the clear, and large."""

import os

import pytest

from contents import MIB, assert_stored_exactly, random_file, sha256
from drivers.programs import SignedChunks, SignedChunksHttp2, SignedTrailer, SignedTrailerHttp2
from gate import Portcullis


@pytest.fixture(scope="module")
def in_the_clear(tmp_path_factory, seaweedfs):
    gate = Portcullis(tmp_path_factory.mktemp("clear") / "run", seaweedfs.endpoint, secure=False)
    yield gate.endpoint
    gate.stop()


@pytest.mark.parametrize("sender", [SignedChunks, SignedTrailer])
@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1, 300_001])
def test_without_tls_they_are_stored_byte_for_byte(sender, size, in_the_clear, stored, bucket, tmp_path):
    sent, key = random_file(tmp_path, size), f"in-the-clear/{sender.__name__}/{size}"
    sender(in_the_clear, tmp_path / "home").put(bucket, key, sent)
    assert_stored_exactly(stored, bucket, key, sent)
    sender(in_the_clear, tmp_path / "home").get(bucket, key, tmp_path / "back")
    assert sha256(tmp_path / "back") == sha256(sent)


@pytest.mark.parametrize("sender", [SignedChunks, SignedTrailer])
def test_without_tls_parts_are_stored_byte_for_byte(sender, in_the_clear, stored, bucket, tmp_path):
    sent, key = random_file(tmp_path, 20 * MIB), f"in-the-clear/{sender.__name__}/parts"
    sender(in_the_clear, tmp_path / "home").multipart(bucket, key, sent)
    assert_stored_exactly(stored, bucket, key, sent)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("sender", [SignedChunks, SignedChunksHttp2, SignedTrailer, SignedTrailerHttp2])
def test_five_gib_in_signed_chunks(sender, portcullis, endpoint, stored, bucket, tmp_path):
    sent, piece = tmp_path / "large", os.urandom(MIB)
    with sent.open("wb") as file:
        for number in range(5 * 1024):
            file.write(number.to_bytes(8) + piece[8:])
    before = portcullis.resident_bytes()
    sender(endpoint, tmp_path / "home").put(bucket, f"large/{sender.__name__}", sent)
    grown = portcullis.resident_bytes() - before
    assert_stored_exactly(stored, bucket, f"large/{sender.__name__}", sent)
    sent.unlink()
    stored.delete_object(Bucket=bucket, Key=f"large/{sender.__name__}")
    assert grown <= 16 * MIB, grown
