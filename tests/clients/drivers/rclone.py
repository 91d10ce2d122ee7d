"""rclone, on the AWS SDK for Go 2 with transfer code of its own."""

import json
from pathlib import Path

from drivers.client import Client
from endpoint import REGION, Endpoint
from tools import run, tool


class Rclone(Client):
    def __init__(self, endpoint: Endpoint, home: Path):
        super().__init__(endpoint, home)
        remote = {
            "TYPE": "s3",
            "PROVIDER": "Other",
            "ENDPOINT": endpoint.url,
            "REGION": REGION,
            "ACCESS_KEY_ID": endpoint.access_key_id,
            "SECRET_ACCESS_KEY": endpoint.secret_access_key,
        }
        self.environment |= {f"RCLONE_CONFIG_GATE_{name}": value for name, value in remote.items()}
        self.environment["RCLONE_CONFIG"] = str(home / "rclone.conf")
        (home / "rclone.conf").touch()

    def rclone(self, *arguments: str) -> bytes:
        authority = ["--ca-cert", str(self.endpoint.authority)] if self.endpoint.authority else []
        once = ["--retries", "1", "--low-level-retries", "1", "--s3-no-check-bucket"]
        return run([tool("rclone", "rclone"), *authority, *once, *arguments], self.environment)

    def keys(self, bucket: str, prefix: str, *arguments: str) -> list[str]:
        said = self.rclone("lsf", "--recursive", "--files-only", *arguments, f"gate:{bucket}/{prefix}")
        return [prefix + line for line in said.decode().splitlines()]

    def make_bucket(self, bucket):
        self.rclone("mkdir", "--s3-no-check-bucket=false", f"gate:{bucket}")

    def remove_bucket(self, bucket):
        self.rclone("rmdir", f"gate:{bucket}")

    def put(self, bucket, key, file):
        self.rclone("copyto", str(file), f"gate:{bucket}/{key}")

    def get(self, bucket, key, into):
        self.rclone("copyto", f"gate:{bucket}/{key}", str(into))

    def get_range(self, bucket, key, first, last):
        window = ["--offset", str(first), "--count", str(last - first + 1)]
        return self.rclone("cat", *window, f"gate:{bucket}/{key}")

    def head(self, bucket, key):
        return json.loads(self.rclone("lsjson", "--stat", f"gate:{bucket}/{key}"))["Size"]

    def list_v1(self, bucket, prefix):
        return self.keys(bucket, prefix, "--s3-list-version", "1")

    def list_v2(self, bucket, prefix):
        return self.keys(bucket, prefix, "--s3-list-version", "2")

    def list_paged(self, bucket, prefix):
        return self.keys(bucket, prefix, "--s3-list-version", "2", "--s3-list-chunk", "100", "--fast-list")

    def list_delimiter(self, bucket, prefix):
        names = [prefix + line for line in self.rclone("lsf", f"gate:{bucket}/{prefix}").decode().splitlines()]
        return [name for name in names if name[-1] != "/"], [name for name in names if name[-1] == "/"]

    def multipart(self, bucket, key, file):
        parts = ["--s3-upload-cutoff", "8Mi", "--s3-chunk-size", "8Mi"]
        self.rclone("copyto", *parts, str(file), f"gate:{bucket}/{key}")

    def copy(self, bucket, source, destination):
        self.rclone("copyto", f"gate:{bucket}/{source}", f"gate:{bucket}/{destination}")

    def delete(self, bucket, key):
        self.rclone("deletefile", f"gate:{bucket}/{key}")

    def presigned_get(self, bucket, key, into):
        self.fetch(self.rclone("link", "--expire", "5m", f"gate:{bucket}/{key}").decode().strip(), into)

    def presigned_put(self, bucket, key, file):
        self.rclone("copyto", "--s3-use-presigned-request", str(file), f"gate:{bucket}/{key}")
