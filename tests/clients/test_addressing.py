"""The bucket may stand in the host's name instead of the path."""

from dataclasses import replace

from contents import assert_stored_exactly, random_file, sha256
from drivers import CLIENTS


def test_bucket_in_the_host_name(endpoint, stored, bucket, tmp_path):
    # Every resolver that curl brings along knows names under `localhost` to be this machine.
    port = endpoint.url.rsplit(":", 1)[1]
    in_host = replace(endpoint, url=f"https://{bucket}.s3.localhost:{port}")
    curl = CLIENTS["curl"](in_host, tmp_path / "home")
    sent, back = random_file(tmp_path, 300_001), tmp_path / "back"
    curl.curl("virtual/a%20key", "--upload-file", str(sent))
    assert_stored_exactly(stored, bucket, "virtual/a key", sent)
    curl.curl("virtual/a%20key", "--output", str(back))
    assert sha256(back) == sha256(sent)
