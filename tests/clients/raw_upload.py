"""Uploads byte by byte, signed by hand: each way to declare a body, carrying that body or another one.

The signatures follow AWS's pages "Signature Version 4" and "Signature calculations for ... trailing headers".
"""

import base64
import hashlib
import hmac
import http.client
import socket
import ssl
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from endpoint import REGION, Endpoint

UNSIGNED = "UNSIGNED-PAYLOAD"
CHUNK = 64 * 1024


@dataclass
class Upload:
    """A PUT on its way to the wire. `end` is where the data ends in its body, and a trailer may begin."""

    endpoint: Endpoint
    path: str
    query: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    end: int = 0

    def sign(self, payload: str) -> "Signature":
        """Adds the Authorization header."""
        signature = Signature(self.endpoint)
        self.headers |= {"host": self.endpoint.host, "x-amz-content-sha256": payload, "x-amz-date": signature.time}
        seed = signature.of_request(self.path, canonical(self.query), self.headers, payload)
        credential = f"Credential={self.endpoint.access_key_id}/{signature.scope}"
        signed = f"SignedHeaders={';'.join(sorted(self.headers))}"
        self.headers["authorization"] = f"AWS4-HMAC-SHA256 {credential}, {signed}, Signature={seed}"
        return signature

    def presign(self) -> None:
        """Adds the query parameters of a presigned URL."""
        signature = Signature(self.endpoint)
        self.headers["host"] = self.endpoint.host
        self.query |= {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{self.endpoint.access_key_id}/{signature.scope}",
            "X-Amz-Date": signature.time,
            "X-Amz-Expires": "600",
            "X-Amz-SignedHeaders": ";".join(sorted(self.headers)),
        }
        self.query["X-Amz-Signature"] = signature.of_request(self.path, canonical(self.query), self.headers, UNSIGNED)

    def head(self) -> bytes:
        query = canonical(self.query)
        lines = [f"PUT {self.path}{'?' if query else ''}{query} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in {**self.headers, "content-length": str(len(self.body))}.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Signature:
    """The chain of signatures of one request, and of its chunks."""

    def __init__(self, endpoint: Endpoint):
        self.time = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self.scope = f"{self.time[:8]}/{REGION}/s3/aws4_request"
        self.key = b"AWS4" + endpoint.secret_access_key.encode()
        for part in self.scope.split("/"):
            self.key = hmac.digest(self.key, part.encode(), "sha256")
        self.last = ""

    def of_request(self, path: str, query: str, headers: dict[str, str], payload: str) -> str:
        names = sorted(headers)
        lines = ["PUT", path, query, *(f"{name}:{headers[name]}" for name in names), "", ";".join(names), payload]
        return self.next(["AWS4-HMAC-SHA256", self.time, self.scope, sha256("\n".join(lines).encode())])

    def of_chunk(self, data: bytes) -> str:
        return self.next(["AWS4-HMAC-SHA256-PAYLOAD", self.time, self.scope, self.last, sha256(b""), sha256(data)])

    def of_trailer(self, lines: bytes) -> str:
        return self.next(["AWS4-HMAC-SHA256-TRAILER", self.time, self.scope, self.last, sha256(lines)])

    def next(self, string_to_sign: list[str]) -> str:
        self.last = hmac.new(self.key, "\n".join(string_to_sign).encode(), "sha256").hexdigest()
        return self.last


@dataclass(frozen=True)
class Kind:
    """A way to declare a body: `build` fills an upload that declares one and carries another. `altered` are the
    codes for other bytes of the declared length, `resized` those for another length; none if nobody could tell."""

    name: str
    build: Callable[[Upload, bytes, bytes], None]
    altered: tuple[str, ...] = ()
    resized: tuple[str, ...] = ()


def by_sha256(upload: Upload, declared: bytes, sent: bytes) -> None:
    upload.sign(sha256(declared))
    carry(upload, sent)


def by_length(upload: Upload, _declared: bytes, sent: bytes) -> None:
    upload.sign(UNSIGNED)
    carry(upload, sent)


def by_md5(upload: Upload, declared: bytes, sent: bytes) -> None:
    upload.headers["content-md5"] = base64.b64encode(hashlib.md5(declared).digest()).decode()
    upload.sign(UNSIGNED)
    carry(upload, sent)


def by_checksum(upload: Upload, declared: bytes, sent: bytes) -> None:
    upload.headers["x-amz-checksum-crc32"] = crc32(declared)
    upload.sign(UNSIGNED)
    carry(upload, sent)


def by_presigned_md5(upload: Upload, declared: bytes, sent: bytes) -> None:
    upload.headers["content-md5"] = base64.b64encode(hashlib.md5(declared).digest()).decode()
    upload.presign()
    carry(upload, sent)


def by_unsigned_trailer(upload: Upload, declared: bytes, sent: bytes) -> None:
    announce(upload, declared, trailer=True)
    upload.sign("STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    frame(upload, [(piece, "") for piece in pieces(sent)] + [(b"", "")], f"x-amz-checksum-crc32:{crc32(declared)}\r\n")


def by_signed_chunks(upload: Upload, declared: bytes, sent: bytes) -> None:
    announce(upload, declared, trailer=False)
    signature = upload.sign("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    frame(upload, signed(signature, declared, sent), "")


def by_signed_trailer(upload: Upload, declared: bytes, sent: bytes) -> None:
    announce(upload, declared, trailer=True)
    signature = upload.sign("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
    chunks = signed(signature, declared, sent)
    line = f"x-amz-checksum-crc32:{crc32(declared)}"
    last = signature.of_trailer(f"{line}\n".encode())
    frame(upload, chunks, f"{line}\r\nx-amz-trailer-signature:{last}\r\n")


KINDS = [
    Kind("sha256", by_sha256, ("XAmzContentSHA256Mismatch",), ("XAmzContentSHA256Mismatch",)),
    Kind("content_md5", by_md5, ("BadDigest",), ("BadDigest",)),
    Kind("checksum_header", by_checksum, ("BadDigest",), ("BadDigest",)),
    Kind("presigned_md5", by_presigned_md5, ("BadDigest",), ("BadDigest",)),
    Kind("unsigned_trailer", by_unsigned_trailer, ("BadDigest",), ("IncompleteBody",)),
    Kind("signed_chunks", by_signed_chunks, ("SignatureDoesNotMatch",), ("SignatureDoesNotMatch", "IncompleteBody")),
    Kind("signed_trailer", by_signed_trailer, ("SignatureDoesNotMatch",), ("SignatureDoesNotMatch", "IncompleteBody")),
    Kind("length_only", by_length),
]


def carry(upload: Upload, sent: bytes) -> None:
    upload.body, upload.end = sent, len(sent)


def announce(upload: Upload, declared: bytes, trailer: bool) -> None:
    upload.headers |= {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(declared))}
    if trailer:
        upload.headers["x-amz-trailer"] = "x-amz-checksum-crc32"


def signed(signature: Signature, declared: bytes, sent: bytes) -> list[tuple[bytes, str]]:
    """The chunks of `sent`, each under the signature of the declared chunk in its place."""
    extensions = [f";chunk-signature={signature.of_chunk(piece)}" for piece in pieces(declared)]
    last = f";chunk-signature={signature.of_chunk(b'')}"
    carried = pieces(sent)
    extensions += [last] * max(0, len(carried) - len(extensions))
    return [*zip(carried, extensions[: len(carried)], strict=True), (b"", last)]


def frame(upload: Upload, chunks: list[tuple[bytes, str]], trailer: str) -> None:
    for data, extension in chunks:
        upload.end = len(upload.body)
        upload.body += f"{len(data):x}{extension}\r\n".encode() + data + (b"\r\n" if data else b"")
    upload.body += trailer.encode() + b"\r\n"


def pieces(body: bytes) -> list[bytes]:
    return [body[start : start + CHUNK] for start in range(0, len(body), CHUNK)]


def canonical(query: dict[str, str]) -> str:
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def crc32(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4)).decode()


class Connection:
    """One connection, whose owner decides where it breaks off."""

    def __init__(self, endpoint: Endpoint):
        host, port = endpoint.host.rsplit(":", 1)
        self.stream = socket.create_connection((host, int(port)), timeout=60)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if endpoint.secure:
            trust = ssl.create_default_context(cafile=endpoint.authority)
            self.stream = trust.wrap_socket(self.stream, server_hostname=host)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def send(self, data: bytes) -> None:
        """Sends, or stops where a server that refuses early has closed."""
        try:
            self.stream.sendall(data)
        except OSError:
            pass

    def answer(self) -> tuple[int, bytes]:
        answer = http.client.HTTPResponse(self.stream, method="PUT")
        answer.begin()
        return answer.status, answer.read()
