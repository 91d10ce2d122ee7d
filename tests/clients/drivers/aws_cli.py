"""The aws command line."""

import json
from pathlib import Path

from drivers.client import Client
from endpoint import Endpoint
from tools import run, tool


class AwsCli(Client):
    def __init__(self, endpoint: Endpoint, home: Path):
        super().__init__(endpoint, home)
        settings = "[default]\nmax_attempts = 1\ns3 =\n  addressing_style = path\n  signature_version = s3v4\n"
        Path(self.environment["AWS_CONFIG_FILE"]).write_text(settings)

    def aws(self, *arguments: str) -> bytes:
        return run([tool("awscli", "aws"), "--endpoint-url", self.endpoint.url, *arguments], self.environment)

    def s3api(self, operation: str, bucket: str, *arguments: str) -> dict:
        said = self.aws("s3api", operation, "--output", "json", "--bucket", bucket, *arguments)
        return json.loads(said) if said.strip() else {}

    def make_bucket(self, bucket):
        self.aws("s3", "mb", f"s3://{bucket}")

    def remove_bucket(self, bucket):
        self.aws("s3", "rb", f"s3://{bucket}")

    def put(self, bucket, key, file):
        self.s3api("put-object", bucket, "--key", key, "--body", str(file))

    def get(self, bucket, key, into):
        self.s3api("get-object", bucket, "--key", key, str(into))

    def get_range(self, bucket, key, first, last):
        into = self.home / "range"
        self.s3api("get-object", bucket, "--key", key, "--range", f"bytes={first}-{last}", str(into))
        return into.read_bytes()

    def head(self, bucket, key):
        return self.s3api("head-object", bucket, "--key", key)["ContentLength"]

    def list_v1(self, bucket, prefix):
        return [item["Key"] for item in self.s3api("list-objects", bucket, "--prefix", prefix)["Contents"]]

    def list_v2(self, bucket, prefix):
        return [item["Key"] for item in self.s3api("list-objects-v2", bucket, "--prefix", prefix)["Contents"]]

    def list_paged(self, bucket, prefix):
        answer = self.s3api("list-objects-v2", bucket, "--prefix", prefix, "--page-size", "100")
        return [item["Key"] for item in answer["Contents"]]

    def list_delimiter(self, bucket, prefix):
        answer = self.s3api("list-objects-v2", bucket, "--prefix", prefix, "--delimiter", "/")
        return [item["Key"] for item in answer["Contents"]], [item["Prefix"] for item in answer["CommonPrefixes"]]

    def multipart(self, bucket, key, file):
        self.aws("s3", "cp", "--only-show-errors", str(file), f"s3://{bucket}/{key}")

    def copy(self, bucket, source, destination):
        self.s3api("copy-object", bucket, "--key", destination, "--copy-source", f"{bucket}/{source}")

    def tagging(self, bucket, key, tags):
        wanted = [{"Key": name, "Value": value} for name, value in tags.items()]
        self.s3api("put-object-tagging", bucket, "--key", key, "--tagging", json.dumps({"TagSet": wanted}))
        found = self.s3api("get-object-tagging", bucket, "--key", key)["TagSet"]
        assert sorted(found, key=lambda tag: tag["Key"]) == wanted

    def delete(self, bucket, key):
        self.s3api("delete-object", bucket, "--key", key)

    def delete_many(self, bucket, prefix, keys):
        batch = json.dumps({"Objects": [{"Key": key} for key in keys]})
        answer = self.s3api("delete-objects", bucket, "--delete", batch)
        assert "Errors" not in answer, answer

    def presigned_get(self, bucket, key, into):
        self.fetch(self.aws("s3", "presign", f"s3://{bucket}/{key}").decode().strip(), into)
