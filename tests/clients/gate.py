"""The real program in front of the real backend: configuration, key and process of one Portcullis."""

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

from certificates import make_certificates
from endpoint import REGION, Endpoint
from ports import free_ports
from tools import TARGET

BINARY = Path(os.environ.get("PORTCULLIS_BINARY") or TARGET / "client-tests" / "portcullis")

CONFIG = """\
org_id = "ab1cd2"

[s3]
listen = "127.0.0.1:{port}"
tls = {{ cert = "{certificate}", key = "{key}" }}
domains = ["s3.localhost"]
region = "{region}"

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

[[identity]]
prefix = "static/"
permission = "admin"
permanent = true
"""


class Portcullis:
    """`portcullis serve` over TLS, with one static key of permission admin."""

    def __init__(self, directory: Path, backend: Endpoint):
        directory.mkdir()
        assert BINARY.exists(), f"{BINARY} is missing: run tests/run clients, which builds it"
        port = free_ports(1)[0]
        authority, certificate, key = make_certificates(directory)
        self.write_secret(directory / "backend-id", backend.access_key_id)
        self.write_secret(directory / "backend-secret", backend.secret_access_key)
        self.write_secret(directory / "seal.key", base64.b64encode(secrets.token_bytes(32)).decode())
        self.config = directory / "portcullis.toml"
        text = CONFIG.format(
            port=port, certificate=certificate, key=key, region=REGION, backend=backend, directory=directory
        )
        self.config.write_text(text)
        self.log = directory / "portcullis.log"
        with self.log.open("wb") as log:
            command = [BINARY, "serve", "--config", self.config]
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=directory)
        self.wait_until_it_listens(port)
        made = json.loads(self.command("key", "create", "--permission", "admin", "--json"))
        url = f"https://127.0.0.1:{port}"
        self.endpoint = Endpoint(url, made["accessKeyId"], made["secretKey"], authority)

    def write_secret(self, path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.write_text(text + "\n")

    def command(self, *arguments: str) -> bytes:
        """An administrative command, which finds the running server by its configuration."""
        done = subprocess.run([BINARY, *arguments, "--config", self.config], capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, f"portcullis {arguments}: {done.stderr.decode()}\n{self.said()}"
        return done.stdout

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
