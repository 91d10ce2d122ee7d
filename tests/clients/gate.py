"""The real program in front of the real backend: configuration, key and process of one Portcullis."""

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from certificates import make_certificates
from control import PATH, Control
from endpoint import REGION, Endpoint
from identities import AUDIENCE
from idp import Idp, SamlIdp
from policies import ALLOW_ALL
from ports import free_ports
from tools import TARGET
from workload import boto3_with

BINARY = Path(os.environ.get("PORTCULLIS_BINARY") or TARGET / "client-tests" / "portcullis")

ORG_ID = "ab1cd2"

CONFIG = """\
org_id = "{org_id}"

[s3]
listen = "127.0.0.1:{port}"
{tls}
domains = ["s3.localhost"]
region = "{region}"
{s3}

[[backend]]
name = "seaweedfs"
endpoint = "{backend.url}"
region = "{region}"
addressing = "path"
buckets = ["*"]
credentials = {{ access_key_id_file = "{directory}/backend-id", secret_access_key_file = "{directory}/backend-secret" }}

[store]
kind = "embedded"
path = "{directory}/portcullis.redb"
seal_key_file = "{directory}/seal.key"

[policies]
folder = "{directory}/policies"

[api]
listen = "127.0.0.1:{api_port}"

[federation.saml]
entity_id = "{saml_entity_id}"
acs_url = "{acs_url}"

[limits]
logins_per_minute_per_peer = 100000
keys_per_minute_per_identity = 100000
{limits}
[[identity]]
prefix = "static/"
permission = "admin"
permanent = true

[[identity]]
prefix = "coreweave/"
permission = "write"

[[identity]]
prefix = "saml/"
permission = "write"

[[identity]]
prefix = "role/"
permission = "write"
"""

# Portcullis as SAML identity providers know it. Nobody ever asks these addresses.
SAML_ENTITY_ID = "https://portcullis.example.org/saml"
ACS_URL = "https://portcullis.example.org/saml/acs"


@dataclass(frozen=True)
class ApiToken:
    id: str
    secret: str
    principal: str


class Portcullis:
    """`portcullis serve`, with one static key of permission admin; its API on plain loopback.

    `policies` are kept in files: organization policies that no test changes. S3 is over TLS, unless it is not `secure`.
    """

    def __init__(
        self,
        directory: Path,
        backend: Endpoint,
        policies: Iterable[dict] = (ALLOW_ALL,),
        limits: str = "",
        secure: bool = True,
        s3: str = "",
    ):
        directory.mkdir()
        (directory / "policies").mkdir()
        for policy in policies:
            (directory / "policies" / f"{policy['name']}.json").write_text(json.dumps(policy))
        assert BINARY.exists(), f"{BINARY} is missing: run tests/run clients, which builds it"
        port, api_port = free_ports(2)
        authority, certificate, key = make_certificates(directory)
        self.write_secret(directory / "backend-id", backend.access_key_id)
        self.write_secret(directory / "backend-secret", backend.secret_access_key)
        self.write_secret(directory / "seal.key", base64.b64encode(secrets.token_bytes(32)).decode())
        self.config = directory / "portcullis.toml"
        text = CONFIG.format(
            org_id=ORG_ID,
            port=port,
            api_port=api_port,
            tls=f'tls = {{ cert = "{certificate}", key = "{key}" }}' if secure else "",
            region=REGION,
            backend=backend,
            directory=directory,
            saml_entity_id=SAML_ENTITY_ID,
            acs_url=ACS_URL,
            limits=limits,
            s3=s3,
        )
        self.config.write_text(text)
        self.log = directory / "portcullis.log"
        with self.log.open("wb") as log:
            command = [BINARY, "serve", "--json-logs", "--config", self.config]
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=directory)
        try:
            self.wait_until_it_listens(port)
            made = json.loads(self.command("key", "create", "--permission", "admin", "--json"))
            self.control = Control(f"http://127.0.0.1:{api_port}", ORG_ID, self.token("admin").secret)
        except BaseException:
            self.process.kill()
            raise
        url = f"{'https' if secure else 'http'}://127.0.0.1:{port}"
        self.endpoint = Endpoint(url, made["accessKeyId"], made["secretKey"], authority if secure else None)
        self.admin_principal = made["principalName"]
        self.admin_s3 = self.s3_of(made)

    def write_secret(self, path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.write_text(text + "\n")

    def command(self, *arguments: str) -> bytes:
        """An administrative command, which finds the running server by its configuration."""
        done = subprocess.run([BINARY, *arguments, "--config", self.config], capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, f"portcullis {arguments}: {done.stderr.decode()}\n{self.said()}"
        return done.stdout

    def token(self, permission: str, *options: str) -> ApiToken:
        """A new API token."""
        asked = ["--name", f"{permission}-{uuid.uuid4()}", "--permission", permission, "--expires", "1h"]
        made = json.loads(self.command("token", "create", *asked, *options, "--json"))
        return ApiToken(made["tokenId"], made["token"], made["principalName"])

    @contextmanager
    def policies(self, *policies: dict) -> Iterator[None]:
        """Organization policies that are in force for a while, put as an administrator puts them."""
        try:
            for policy in policies:
                self.control.administer("POST", f"{PATH}/access-policy", {"policy": policy})
            yield
        finally:
            for policy in policies:
                self.control.administer("DELETE", f"{PATH}/access-policy/{policy['name']}")

    def s3_of(self, made: dict):
        """boto3 with a key as the API gives it."""
        return boto3_with(self.endpoint, made["accessKeyId"], made["secretKey"])

    def line_of(self, request_id: str) -> dict:
        """What the log says of a request. Its line waits a moment for others to be written with it."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for line in reversed(self.log.read_text(errors="replace").splitlines(keepends=True)):
                if request_id in line and line.endswith("\n"):
                    return json.loads(line)
            time.sleep(0.01)
        raise AssertionError(f"no line of the log is about {request_id}")

    def trust_oidc(self, idp: Idp, **more) -> str:
        """Takes the provider's tokens from now on, by every algorithm there is; returns the configuration's id."""
        body = {"name": f"oidc-{uuid.uuid4()}", "issuerUrl": idp.issuer, "audience": AUDIENCE, **more}
        return self.control.administer("POST", "/v1/admin/federation/oidc", body)["config"]["uid"]

    def trust_saml(self, idp: SamlIdp, signs_response: bool = False) -> str:
        """Takes the provider's responses from now on, by its metadata; returns the configuration's id."""
        body = {"name": f"saml-{uuid.uuid4()}", "metadata": idp.metadata(), "signsResponse": signs_response}
        return self.control.administer("POST", "/v1/admin/federation/saml", body)["config"]["uid"]

    def wait_until_it_listens(self, port: int) -> None:
        deadline = time.monotonic() + 30
        while True:
            assert self.process.poll() is None, f"portcullis ended: {self.said()}"
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < deadline, f"portcullis does not listen: {self.said()}"
                time.sleep(0.05)

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def resident_bytes(self) -> int:
        """How much memory the process holds now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def stop(self) -> None:
        """Ends as an operator would, and insists that it ends well."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"portcullis did not end after SIGTERM: {self.said()}") from None
        assert code == 0, f"portcullis ended with {code}: {self.said()}"
