"""curl with `--aws-sigv4`: the S3 protocol by hand, unsigned payloads."""

import base64
import hashlib
import re
from urllib.parse import quote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from drivers.client import Client
from endpoint import REGION

MIB = 1024 * 1024


class Curl(Client):
    def curl(self, path: str, *arguments: str) -> bytes:
        signing = ["--aws-sigv4", f"aws:amz:{REGION}:s3", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"]
        user = ["--user", f"{self.endpoint.access_key_id}:{self.endpoint.secret_access_key}"]
        return self.plain_curl(*signing, *user, *arguments, f"{self.endpoint.url}/{path}")

    def object(self, bucket: str, key: str) -> str:
        return f"{bucket}/{quote(key, safe='/~')}"

    def post(self, path: str, document: str) -> bytes:
        checksum = base64.b64encode(hashlib.md5(document.encode()).digest()).decode()
        headers = ["-H", f"content-md5: {checksum}", "-H", "content-type: application/xml"]
        return self.curl(path, *headers, "--data-binary", document)

    def texts(self, document: bytes, path: str) -> list[str]:
        root = ElementTree.fromstring(document)
        namespace = root.tag.partition("}")[0] + "}" if "}" in root.tag else ""
        return [found.text for found in root.findall("/".join(namespace + part for part in path.split("/")))]

    def make_bucket(self, bucket):
        self.curl(bucket, "-X", "PUT")

    def remove_bucket(self, bucket):
        self.curl(bucket, "-X", "DELETE")

    def put(self, bucket, key, file):
        self.curl(self.object(bucket, key), "--upload-file", str(file))

    def get(self, bucket, key, into):
        self.curl(self.object(bucket, key), "--output", str(into))

    def get_range(self, bucket, key, first, last):
        return self.curl(self.object(bucket, key), "--range", f"{first}-{last}")

    def head(self, bucket, key):
        said = self.curl(self.object(bucket, key), "--head").decode()
        return int(re.search(r"(?im)^content-length: *(\d+)", said)[1])

    def list_v1(self, bucket, prefix):
        return self.texts(self.curl(f"{bucket}?prefix={quote(prefix, safe='')}"), "Contents/Key")

    def list_v2(self, bucket, prefix):
        return self.texts(self.curl(f"{bucket}?list-type=2&prefix={quote(prefix, safe='')}"), "Contents/Key")

    def list_paged(self, bucket, prefix):
        keys, token = [], ""
        while True:
            query = f"list-type=2&max-keys=100&prefix={quote(prefix, safe='')}"
            page = self.curl(f"{bucket}?{token}{query}")
            keys += self.texts(page, "Contents/Key")
            following = self.texts(page, "NextContinuationToken")
            if not following:
                return keys
            token = f"continuation-token={quote(following[0], safe='')}&"

    def list_delimiter(self, bucket, prefix):
        page = self.curl(f"{bucket}?delimiter=%2F&list-type=2&prefix={quote(prefix, safe='')}")
        return self.texts(page, "Contents/Key"), self.texts(page, "CommonPrefixes/Prefix")

    def multipart(self, bucket, key, file):
        path = self.object(bucket, key)
        upload = quote(self.texts(self.curl(f"{path}?uploads=", "-X", "POST"), "UploadId")[0], safe="")
        data, piece, listed = file.read_bytes(), self.home / "part", ""
        for number, start in enumerate(range(0, len(data), 8 * MIB), start=1):
            piece.write_bytes(data[start : start + 8 * MIB])
            query = f"partNumber={number}&uploadId={upload}"
            said = self.curl(f"{path}?{query}", "--upload-file", str(piece), "--dump-header", "-").decode()
            tag = re.search(r'(?im)^etag: *"?([^"\r\n]+)', said)[1]
            listed += f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
        document = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>"
        assert self.texts(self.post(f"{path}?uploadId={upload}", document), "ETag")

    def copy(self, bucket, source, destination):
        header = f"x-amz-copy-source: /{self.object(bucket, source)}"
        assert self.texts(self.curl(self.object(bucket, destination), "-X", "PUT", "-H", header), "ETag")

    def tagging(self, bucket, key, tags):
        path = f"{self.object(bucket, key)}?tagging="
        wanted = "".join(f"<Tag><Key>{name}</Key><Value>{value}</Value></Tag>" for name, value in tags.items())
        (self.home / "tags").write_text(f"<Tagging><TagSet>{wanted}</TagSet></Tagging>")
        self.curl(path, "--upload-file", str(self.home / "tags"))
        found = self.curl(path)
        assert dict(zip(self.texts(found, "TagSet/Tag/Key"), self.texts(found, "TagSet/Tag/Value"), strict=True)) == tags

    def delete(self, bucket, key):
        self.curl(self.object(bucket, key), "-X", "DELETE")

    def delete_many(self, bucket, prefix, keys):
        objects = "".join(f"<Object><Key>{escape(key)}</Key></Object>" for key in keys)
        answer = self.post(f"{bucket}?delete=", f"<Delete>{objects}</Delete>")
        assert sorted(self.texts(answer, "Deleted/Key")) == sorted(keys), answer
