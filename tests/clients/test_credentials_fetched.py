"""Stock clients that were given no key fetch one by themselves, in each documented way, and upload with it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from contents import assert_stored_exactly, random_file
from gate import BINARY
from workload import Workload


@dataclass(frozen=True)
class Source:
    """Where a workload's credentials come from, and whose they are then."""

    variables: dict[str, str]
    principal: str
    configuration: str = ""


def container_oidc(portcullis, identity, home) -> Source:
    # Without a line end: botocore puts the text of the file into a header as it is.
    variables = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": portcullis.control.container_oidc_url(),
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(identity.token_file(home)),
    }
    return Source(variables, identity.principal)


def container_token(portcullis, identity, home) -> Source:
    token = portcullis.token("write")
    variables = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": portcullis.control.container_token_url(),
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": f"Bearer {token.secret}",
    }
    return Source(variables, token.principal)


def web_identity(portcullis, identity, home) -> Source:
    variables = {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(identity.token_file(home)),
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/any",
        "AWS_ROLE_SESSION_NAME": "client-tests",
        "AWS_ENDPOINT_URL_STS": portcullis.control.url,
    }
    return Source(variables, identity.principal)


def credential_process_oidc(portcullis, identity, home) -> Source:
    command = f"{BINARY} credentials oidc --api {portcullis.control.url} --org {portcullis.control.org_id}"
    command += f" --token-file {identity.token_file(home)}"
    return Source({}, identity.principal, f"credential_process = {command}\n")


def credential_process_token(portcullis, identity, home) -> Source:
    token = portcullis.token("write")
    file = home / "api-token"
    file.touch(mode=0o600)
    file.write_text(token.secret)
    command = f"{BINARY} credentials token --api {portcullis.control.url} --token-file {file}"
    return Source({}, token.principal, f"credential_process = {command}\n")


# What botocore calls each way of finding credentials.
METHODS: dict[Callable, str] = {
    container_oidc: "container-role",
    container_token: "container-role",
    web_identity: "assume-role-with-web-identity",
    credential_process_oidc: "custom-process",
    credential_process_token: "custom-process",
}


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
