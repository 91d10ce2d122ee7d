"""The documented ways in which a workload finds credentials by itself, each as a stock client is told of it."""

from collections.abc import Callable
from dataclasses import dataclass

from gate import BINARY


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
