"""s5cmd, on the AWS SDK for Go."""

import json

from drivers.client import Client
from tools import run, tool


class S5cmd(Client):
    def s5cmd(self, *arguments: str, options: tuple[str, ...] = ()) -> bytes:
        command = [tool("s5cmd", "s5cmd"), "--endpoint-url", self.endpoint.url, "--retry-count", "0", *options]
        return run([*command, *arguments], self.environment)

    def listed(self, prefix: str, said: bytes) -> tuple[list[str], list[str]]:
        """Keys and directories of a listing in JSON lines; s5cmd names them relative to what was asked for."""
        items = [json.loads(line) for line in said.splitlines()]
        names = [(item["type"], item["key"].split("/", 3)[3]) for item in items]
        return [key for kind, key in names if kind == "file"], [key for kind, key in names if kind == "directory"]

    def make_bucket(self, bucket):
        self.s5cmd("mb", f"s3://{bucket}")

    def remove_bucket(self, bucket):
        self.s5cmd("rb", f"s3://{bucket}")

    def put(self, bucket, key, file):
        self.s5cmd("cp", str(file), f"s3://{bucket}/{key}")

    def get(self, bucket, key, into):
        self.s5cmd("cp", f"s3://{bucket}/{key}", str(into))

    def head(self, bucket, key):
        return json.loads(self.s5cmd("head", f"s3://{bucket}/{key}"))["size"]

    def list_v1(self, bucket, prefix):
        said = self.s5cmd("ls", f"s3://{bucket}/{prefix}*", options=("--json", "--use-list-objects-v1"))
        return self.listed(prefix, said)[0]

    def list_v2(self, bucket, prefix):
        return self.listed(prefix, self.s5cmd("ls", f"s3://{bucket}/{prefix}*", options=("--json",)))[0]

    list_paged = list_v2  # it has no page size: only a long listing makes it turn pages

    def list_delimiter(self, bucket, prefix):
        return self.listed(prefix, self.s5cmd("ls", f"s3://{bucket}/{prefix}", options=("--json",)))

    def multipart(self, bucket, key, file):
        self.s5cmd("cp", "--part-size", "8", "--concurrency", "4", str(file), f"s3://{bucket}/{key}")

    def copy(self, bucket, source, destination):
        self.s5cmd("cp", f"s3://{bucket}/{source}", f"s3://{bucket}/{destination}")

    def delete(self, bucket, key):
        self.s5cmd("rm", f"s3://{bucket}/{key}")

    def delete_many(self, bucket, prefix, keys):
        self.s5cmd("rm", f"s3://{bucket}/{prefix}*")

    def presigned_get(self, bucket, key, into):
        self.fetch(self.s5cmd("presign", f"s3://{bucket}/{key}").decode().strip(), into)
