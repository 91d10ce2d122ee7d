"""What a key may do is what its token may do, at every request."""

import pytest
from botocore.exceptions import ClientError

from contents import keys_under
from workload import boto3_with


def client_of(portcullis, token):
    made = portcullis.control.key_from_token(token.secret, 3600)
    return boto3_with(portcullis.endpoint, made["accessKeyId"], made["secretKey"])


def assert_denied(client, bucket, key) -> None:
    with pytest.raises(ClientError) as refused:
        client.put_object(Bucket=bucket, Key=key, Body=b"x")
    answer = refused.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert answer["Error"]["Code"] == "AccessDenied"
    assert "is not authorized to perform: s3:PutObject" in answer["Error"]["Message"]
    assert 'the permission of the access key is "read"' in answer["Error"]["Message"]


def test_a_key_of_a_read_token_reads_and_cannot_upload(portcullis, stored, bucket):
    stored.put_object(Bucket=bucket, Key="permission/there", Body=b"there")
    client = client_of(portcullis, portcullis.token("read"))
    assert client.get_object(Bucket=bucket, Key="permission/there")["Body"].read() == b"there"
    assert_denied(client, bucket, "permission/read")
    assert keys_under(stored, bucket, "permission/read") == []


def test_a_key_of_a_write_token_uploads_until_the_token_is_narrowed(portcullis, stored, bucket):
    token = portcullis.token("write")
    client = client_of(portcullis, token)
    client.put_object(Bucket=bucket, Key="permission/write", Body=b"x")
    assert keys_under(stored, bucket, "permission/write") == ["permission/write"]
    portcullis.command("token", "update", token.id, "--permission", "read")
    assert_denied(client, bucket, "permission/narrowed")


def test_a_key_dies_with_its_token(portcullis, bucket):
    token = portcullis.token("write")
    client = client_of(portcullis, token)
    client.put_object(Bucket=bucket, Key="permission/revoked", Body=b"x")
    portcullis.command("token", "revoke", token.id)
    with pytest.raises(ClientError) as refused:
        client.put_object(Bucket=bucket, Key="permission/revoked", Body=b"x")
    assert refused.value.response["Error"]["Code"] == "InvalidAccessKeyId"
