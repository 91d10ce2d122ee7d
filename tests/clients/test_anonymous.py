"""Stock clients without any credential: they read what two policies open to them, and nothing else."""

import json
import subprocess

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from gate import Portcullis
from policies import ALLOW_ALL, allow, bucket_policy
from strict import reason, refusal_of
from tools import tool

OPEN = allow("public", ["s3:*"], ["*"], ["anonymous"])
BUCKET = "anonymous-bucket"
NOT_SIGNED = "Access Denied: the request is not signed."


@pytest.fixture(scope="module")
def gate(tmp_path_factory, seaweedfs):
    directory = tmp_path_factory.mktemp("anonymous") / "run"
    gate = Portcullis(directory, seaweedfs.endpoint, policies=(ALLOW_ALL, OPEN), s3="anonymous = true")
    s3 = gate.admin_s3
    s3.create_bucket(Bucket=BUCKET)
    for key in ("public/a", "public/b", "private/a"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    arn = f"arn:aws:s3:::{BUCKET}"
    opened = [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{arn}/public/*"},
        {"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": arn},
        {"Effect": "Allow", "Principal": {"AWS": "ab1cd2"}, "Action": "s3:*", "Resource": [arn, f"{arn}/*"]},
    ]
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(bucket_policy(*opened)))
    yield gate
    gate.stop()


@pytest.fixture(scope="module")
def nobody(gate):
    config = Config(signature_version=UNSIGNED, s3={"addressing_style": "path"}, retries={"max_attempts": 1})
    return boto3.client(
        "s3", endpoint_url=gate.endpoint.url, region_name="us-east-1", verify=str(gate.endpoint.authority), config=config
    )


def test_nobody_reads_and_lists_what_is_open(nobody):
    assert nobody.get_object(Bucket=BUCKET, Key="public/a")["Body"].read() == b"public/a"
    assert nobody.get_object(Bucket=BUCKET, Key="public/a", Range="bytes=0-5")["Body"].read() == b"public"
    assert nobody.head_object(Bucket=BUCKET, Key="public/b")["ContentLength"] == 8
    keys = [entry["Key"] for entry in nobody.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert keys == ["private/a", "public/a", "public/b"]
    nobody.head_bucket(Bucket=BUCKET)


def test_nobody_gets_nothing_else(nobody, gate):
    for call, named in [
        (nobody.get_object, {"Bucket": BUCKET, "Key": "private/a"}),
        (nobody.get_object_acl, {"Bucket": BUCKET, "Key": "public/a"}),
        (nobody.get_object_tagging, {"Bucket": BUCKET, "Key": "public/a"}),
        (nobody.get_bucket_policy, {"Bucket": BUCKET}),
        (nobody.put_object, {"Bucket": BUCKET, "Key": "public/new", "Body": b"x"}),
        (nobody.delete_object, {"Bucket": BUCKET, "Key": "public/a"}),
        (nobody.delete_objects, {"Bucket": BUCKET, "Delete": {"Objects": [{"Key": "public/a"}]}}),
        (nobody.create_multipart_upload, {"Bucket": BUCKET, "Key": "public/new"}),
        (nobody.list_objects_v2, {"Bucket": "nothing-of-this-name"}),
        (nobody.list_buckets, {}),
    ]:
        assert reason(refusal_of(call, **named)) == NOT_SIGNED, call
    with pytest.raises(ClientError) as refused:
        nobody.get_object(Bucket=BUCKET, Key="public/a", ResponseContentType="text/html")
    assert refused.value.response["Error"]["Code"] == "InvalidRequest"
    assert gate.admin_s3.get_object(Bucket=BUCKET, Key="public/a")["Body"].read() == b"public/a"


def test_the_command_line_reads_without_a_key(gate, tmp_path):
    environment = gate.endpoint.environment(tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del environment[name]
    command = [tool("awscli", "aws"), "--no-sign-request", "--endpoint-url", gate.endpoint.url, "s3"]
    listed = subprocess.run([*command, "ls", f"s3://{BUCKET}/public/"], env=environment, capture_output=True, check=True)
    assert [line.split()[-1] for line in listed.stdout.decode().splitlines()] == ["a", "b"]
    copy = [*command, "cp", f"s3://{BUCKET}/public/a", str(tmp_path / "a")]
    subprocess.run(copy, env=environment, capture_output=True, check=True)
    assert (tmp_path / "a").read_bytes() == b"public/a"
