"""The real S3 server behind the gate: SeaweedFS on loopback, with one static credential."""

import json
import subprocess
import time
from pathlib import Path

import boto3
from botocore.config import Config

from contents import bucket_names
from endpoint import REGION, Endpoint
from ports import free_ports
from tools import tool

CREDENTIAL = {"accessKey": "BACKENDKEY0123456789", "secretKey": "backendsecretbackendsecretbackendsecret0"}


class SeaweedFs:
    """One server process with its data in a directory of its own."""

    def __init__(self, directory: Path):
        (directory / "data").mkdir(parents=True)
        identities = directory / "identities.json"
        everything = {"name": "gate", "credentials": [CREDENTIAL], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        identities.write_text(json.dumps({"identities": [everything]}))
        names = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc"]
        names += ["filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc"]
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        command = [tool("seaweedfs", "weed"), "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={directory / 'data'}"]
        command += [f"-{name}={port}" for name, port in ports.items()]
        command += ["-filer", "-s3", f"-s3.config={identities}", "-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        command += ["-master.telemetry=false", "-master.volumeSizeLimitMB=1024", "-volume.max=400"]
        self.log = directory / "seaweedfs.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=directory)
        url = f"http://127.0.0.1:{ports['s3.port']}"
        self.endpoint = Endpoint(url, CREDENTIAL["accessKey"], CREDENTIAL["secretKey"])
        self.direct = direct_client(self.endpoint)
        self.wait_until_it_stores()

    def wait_until_it_stores(self) -> None:
        """The port opens before the parts behind it have found each other: only a stored object proves it."""
        deadline = time.monotonic() + 90
        while True:
            assert self.process.poll() is None, f"SeaweedFS ended: {self.log.read_text()[-3000:]}"
            try:
                if "ready" not in bucket_names(self.direct):
                    self.direct.create_bucket(Bucket="ready")
                self.direct.put_object(Bucket="ready", Key="ready", Body=b"ready")
                return
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def stop(self) -> None:
        # It would take half a minute to leave by itself, and its data goes with the temporary directory.
        self.process.kill()
        self.process.wait()


def direct_client(endpoint: Endpoint):
    """boto3 with the backend's own credential, past the gate: how tests see what is really stored."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint.url,
        region_name=REGION,
        aws_access_key_id=endpoint.access_key_id,
        aws_secret_access_key=endpoint.secret_access_key,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )
