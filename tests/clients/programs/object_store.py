"""Drives obstore, Python's face of the Rust crate object_store: one operation, described on standard input."""

import json
import sys
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.store import S3Store

MIB = 1024 * 1024
request = json.load(sys.stdin)
trust = {"root_certificate": Path(request["authority"]).read_bytes()} if request["authority"] else {"allow_http": True}
s3 = S3Store(
    request["bucket"],
    access_key_id=request["access_key_id"],
    secret_access_key=request["secret_access_key"],
    region=request["region"],
    endpoint=request["url"],
    virtual_hosted_style_request=False,
    client_options=trust,
    retry_config={"max_retries": 0},
)
key, prefix = request.get("key"), request.get("prefix")


def download():
    with open(request["into"], "wb") as into:
        for piece in obstore.get(s3, key).stream():
            into.write(piece)


def get_range():
    Path(request["into"]).write_bytes(obstore.get_range(s3, key, start=request["first"], end=request["last"] + 1))


def listed():
    return [item["path"] for page in obstore.list(s3, prefix) for item in page]


def list_delimiter():
    found = obstore.list_with_delimiter(s3, prefix)
    return [item["path"] for item in found["objects"]], [path + "/" for path in found["common_prefixes"]]


operations = {
    "put": lambda: obstore.put(s3, key, Path(request["file"]), use_multipart=False) and None,
    "get": download,
    "get_range": get_range,
    "head": lambda: obstore.head(s3, key)["size"],
    "list_v2": listed,
    "list_paged": listed,
    "list_delimiter": list_delimiter,
    "multipart": lambda: obstore.put(s3, key, Path(request["file"]), use_multipart=True, chunk_size=8 * MIB) and None,
    "copy": lambda: obstore.copy(s3, request["source"], request["destination"]),
    "tagging": lambda: obstore.put(s3, key, Path(request["file"]), tags=request["tags"], use_multipart=False) and None,
    "delete": lambda: obstore.delete(s3, key),
    "delete_many": lambda: obstore.delete(s3, request["keys"]),
    "presigned_get": lambda: obstore.sign(s3, "GET", key, timedelta(minutes=5)),
    "presigned_put": lambda: obstore.sign(s3, "PUT", key, timedelta(minutes=5)),
}
json.dump(operations[request["operation"]](), sys.stdout)
