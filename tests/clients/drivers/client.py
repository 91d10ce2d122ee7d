"""What all drivers share: an endpoint, a home directory, and a plain HTTP client for presigned URLs."""

from pathlib import Path

from endpoint import Endpoint
from tools import run


class Client:
    """A client of S3 with one method for each operation that it can do.

    make_bucket(bucket), remove_bucket(bucket)
    put(bucket, key, file), get(bucket, key, into), get_range(bucket, key, first, last) -> bytes
    head(bucket, key) -> size, copy(bucket, source, destination)
    list_v1, list_v2, list_paged(bucket, prefix) -> keys; list_delimiter(bucket, prefix) -> (keys, prefixes)
    multipart(bucket, key, file), tagging(bucket, key, tags), delete(bucket, key)
    delete_many(bucket, prefix, keys): the keys are all there is under the prefix
    presigned_get(bucket, key, into), presigned_put(bucket, key, file)
    """

    def __init__(self, endpoint: Endpoint, home: Path):
        home.mkdir(parents=True, exist_ok=True)
        self.endpoint = endpoint
        self.home = home
        self.environment = endpoint.environment(home)

    def plain_curl(self, *arguments: str) -> bytes:
        """curl without any signing of its own, for URLs that carry their signature."""
        authority = ["--cacert", str(self.endpoint.authority)] if self.endpoint.authority else []
        command = ["curl", "--silent", "--show-error", "--fail-with-body", "--globoff", "--path-as-is", *authority]
        return run([*command, *arguments], self.environment)

    def fetch(self, url: str, into: Path) -> None:
        self.plain_curl("--output", str(into), url)

    def send(self, url: str, file: Path) -> None:
        self.plain_curl("--upload-file", str(file), url)
