"""Stock clients that were given no key fetch one by themselves, in each documented way, and upload with it."""

import pytest

from contents import assert_stored_exactly, random_file
from sources import METHODS, container_oidc, credential_process_token, web_identity
from workload import Workload


@pytest.mark.parametrize("way", METHODS, ids=lambda way: way.__name__)
def test_boto3_uploads(way, portcullis, identity, stored, bucket, tmp_path, monkeypatch):
    source = way(portcullis, identity, tmp_path)
    client = Workload(portcullis.endpoint, tmp_path / "home", source.variables, source.configuration).boto3(monkeypatch)
    sent = random_file(tmp_path, 100_000)
    key = f"fetched/boto3/{way.__name__}"
    client.s3.put_object(Bucket=bucket, Key=key, Body=sent.read_bytes())
    assert_stored_exactly(stored, bucket, key, sent)
    assert client.credentials.method == METHODS[way]
    assert set(client.signed_by) == {made["accessKeyId"] for made in portcullis.control.keys_of(source.principal)}


@pytest.mark.parametrize("way", [container_oidc, web_identity, credential_process_token], ids=lambda way: way.__name__)
def test_the_aws_cli_uploads(way, portcullis, identity, stored, bucket, tmp_path):
    source = way(portcullis, identity, tmp_path)
    client = Workload(portcullis.endpoint, tmp_path / "home", source.variables, source.configuration)
    sent = random_file(tmp_path, 100_000)
    key = f"fetched/aws/{way.__name__}"
    client.aws("s3", "cp", "--only-show-errors", str(sent), f"s3://{bucket}/{key}")
    assert_stored_exactly(stored, bucket, key, sent)
    assert len(portcullis.control.keys_of(source.principal)) == 1
