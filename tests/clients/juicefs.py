"""Another S3 server behind the gate: the gateway of JuiceFS, which is MinIO's code over a file system of its own."""

import os
import subprocess
import time
from pathlib import Path

from contents import bucket_names
from endpoint import Endpoint
from ports import free_ports
from seaweedfs import CREDENTIAL, direct_client
from tools import tool


class JuiceFs:
    """One gateway over a new file system: metadata in SQLite, data in files."""

    def __init__(self, directory: Path):
        juicefs, metadata = tool("juicefs", "juicefs"), f"sqlite3://{directory / 'meta.db'}"
        environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "LC_ALL": "C.UTF-8"}
        data = f"{directory / 'data'}/"
        formatted = [juicefs, "format", "--storage", "file", "--bucket", data, "--trash-days", "0", metadata, "gate"]
        subprocess.run(formatted, check=True, capture_output=True, timeout=60, env=environment, cwd=directory)
        environment["MINIO_ROOT_USER"] = CREDENTIAL["accessKey"]
        environment["MINIO_ROOT_PASSWORD"] = CREDENTIAL["secretKey"]
        (port,) = free_ports(1)
        command = [juicefs, "gateway", "--multi-buckets", "--keep-etag", "--no-banner", "--no-usage-report"]
        command += ["--cache-dir", str(directory / "cache"), "--log", str(directory / "gateway.log")]
        command += ["--backup-meta", "0", metadata, f"127.0.0.1:{port}"]
        self.log = directory / "juicefs.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=directory, env=environment)
        self.endpoint = Endpoint(f"http://127.0.0.1:{port}", CREDENTIAL["accessKey"], CREDENTIAL["secretKey"])
        self.direct = direct_client(self.endpoint)
        try:
            self.wait_until_it_stores()
        except BaseException:
            self.stop()
            raise

    def wait_until_it_stores(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            assert self.process.poll() is None, f"JuiceFS ended: {self.log.read_text()[-3000:]}"
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
        self.process.kill()
        self.process.wait()
