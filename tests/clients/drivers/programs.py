"""Libraries that live in an environment of their own: each is driven by a small program in `programs/`,
which gets the operation and its arguments as JSON and prints its answer as JSON."""

import json
from pathlib import Path

from drivers.client import Client
from endpoint import REGION
from tools import TARGET, node_modules, run, tool

PROGRAMS = Path(__file__).parents[1] / "programs"


class Program(Client):
    def command(self) -> list[str]:
        raise NotImplementedError

    def ask(self, operation: str, bucket: str, **arguments):
        endpoint = self.endpoint
        request = {
            "operation": operation,
            "url": endpoint.url,
            "host": endpoint.host,
            "secure": endpoint.secure,
            "authority": str(endpoint.authority) if endpoint.authority else None,
            "access_key_id": endpoint.access_key_id,
            "secret_access_key": endpoint.secret_access_key,
            "region": REGION,
            "bucket": bucket,
            **{name: str(value) if isinstance(value, Path) else value for name, value in arguments.items()},
        }
        return json.loads(run(self.command(), self.environment, json.dumps(request).encode()))

    def put(self, bucket, key, file):
        self.ask("put", bucket, key=key, file=file)

    def get(self, bucket, key, into):
        self.ask("get", bucket, key=key, into=into)

    def get_range(self, bucket, key, first, last):
        into = self.home / "range"
        self.ask("get_range", bucket, key=key, first=first, last=last, into=into)
        return into.read_bytes()

    def head(self, bucket, key):
        return self.ask("head", bucket, key=key)

    def list_v2(self, bucket, prefix):
        return self.ask("list_v2", bucket, prefix=prefix)

    def list_paged(self, bucket, prefix):
        return self.ask("list_paged", bucket, prefix=prefix)

    def list_delimiter(self, bucket, prefix):
        keys, prefixes = self.ask("list_delimiter", bucket, prefix=prefix)
        return keys, prefixes

    def multipart(self, bucket, key, file):
        self.ask("multipart", bucket, key=key, file=file)

    def copy(self, bucket, source, destination):
        self.ask("copy", bucket, source=source, destination=destination)

    def delete(self, bucket, key):
        self.ask("delete", bucket, key=key)

    def delete_many(self, bucket, prefix, keys):
        self.ask("delete_many", bucket, prefix=prefix, keys=keys)


class MakesBuckets(Program):
    def make_bucket(self, bucket):
        self.ask("make_bucket", bucket)

    def remove_bucket(self, bucket):
        self.ask("remove_bucket", bucket)


class ListsWithVersion1(Program):
    def list_v1(self, bucket, prefix):
        return self.ask("list_v1", bucket, prefix=prefix)


class Tags(Program):
    def tagging(self, bucket, key, tags):
        assert self.ask("tagging", bucket, key=key, tags=tags) == tags


class Presigns(Program):
    def presigned_get(self, bucket, key, into):
        self.fetch(self.ask("presigned_get", bucket, key=key), into)

    def presigned_put(self, bucket, key, file):
        self.send(self.ask("presigned_put", bucket, key=key), file)


class MinioPy(MakesBuckets, ListsWithVersion1, Tags, Presigns):
    def command(self):
        return [tool("minio", "python"), str(PROGRAMS / "minio_py.py")]


class JavaScript(MakesBuckets, ListsWithVersion1, Tags, Presigns):
    def command(self):
        # Modules resolve from the program's own folder upwards, so it runs as a copy beside them.
        copy = node_modules().parent / "javascript.mjs"
        copy.write_text((PROGRAMS / "javascript.mjs").read_text())
        return ["node", str(copy)]

    def presigned_put(self, bucket, key, file):
        self.send(self.presigned_url(bucket, key), file)

    def presigned_url(self, bucket, key, checksums="WHEN_REQUIRED", metadata=None):
        """With its default, WHEN_SUPPORTED, the presigner signs the checksum of an empty body into the URL,
        because it has no other; a server that checks then takes nothing else. WHEN_REQUIRED is the way out."""
        settings = {"requestChecksumCalculation": checksums}
        return self.ask("presigned_put", bucket, key=key, metadata=metadata, settings=settings)


class PyArrow(MakesBuckets):
    def command(self):
        return [tool("pyarrow", "python"), str(PROGRAMS / "arrow.py")]


class Obstore(Presigns, Program):
    def command(self):
        return [tool("obstore", "python"), str(PROGRAMS / "object_store.py")]

    def tagging(self, bucket, key, tags):
        # Tags go along with an upload here, and are not read back.
        (self.home / "tagged").write_bytes(b"tagged")
        self.ask("tagging", bucket, key=key, tags=tags, file=self.home / "tagged")


class SignedChunks(MakesBuckets, ListsWithVersion1, Tags, Presigns):
    """Our own client, whose uploads are signed chunk by chunk, as no stock client's are."""

    http2 = False
    trailer = False

    def command(self):
        path = TARGET / "client-tests" / "signed_chunks"
        assert path.exists(), f"{path} is missing: run tests/run clients, which builds it"
        return [str(path), "--client"]

    def ask(self, operation, bucket, **arguments):
        return super().ask(operation, bucket, http2=self.http2, trailer=self.trailer, **arguments)


class SignedChunksHttp2(SignedChunks):
    http2 = True


class SignedTrailer(SignedChunks):
    trailer = True


class SignedTrailerHttp2(SignedChunks):
    http2 = True
    trailer = True
