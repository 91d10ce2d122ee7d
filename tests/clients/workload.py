"""A workload that was given no key: its environment says where credentials come from, and a stock client fetches them."""

import re
from pathlib import Path

import boto3
from botocore.config import Config

from endpoint import Endpoint
from tools import run, tool


class Workload:
    """Each way to credentials is a set of environment variables, and what the AWS configuration file says."""

    def __init__(self, endpoint: Endpoint, home: Path, variables: dict[str, str], configuration: str = ""):
        home.mkdir(parents=True, exist_ok=True)
        self.environment = {**endpoint.environment(home), "AWS_ENDPOINT_URL_S3": endpoint.url, **variables}
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del self.environment[name]
        text = f"[default]\nmax_attempts = 1\ns3 =\n  addressing_style = path\n{configuration}"
        Path(self.environment["AWS_CONFIG_FILE"]).write_text(text)

    def boto3(self, monkeypatch) -> "OwnCredentials":
        """boto3 in this process, in the workload's environment until the test ends."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        return OwnCredentials()

    def aws(self, *arguments: str) -> bytes:
        return run([tool("awscli", "aws"), *arguments], self.environment)


class OwnCredentials:
    """A boto3 session that looks for credentials by itself, and notes which key signed each request."""

    def __init__(self):
        self.session = boto3.Session()
        self.s3 = self.session.client("s3", config=Config(max_pool_connections=8))
        self.signed_by: list[str] = []
        self.s3.meta.events.register("before-send.s3", self.note)

    def note(self, request, **_):
        header = request.headers["Authorization"]
        header = header.decode() if isinstance(header, bytes) else header
        self.signed_by.append(re.search(r"Credential=([^/]+)/", header)[1])

    @property
    def credentials(self):
        return self.session.get_credentials()


def boto3_with(endpoint: Endpoint, access_key_id: str, secret_access_key: str, session_token: str | None = None):
    """boto3 with a key that somebody holds."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint.url,
        region_name="us-east-1",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
        verify=str(endpoint.authority) if endpoint.authority else None,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )
