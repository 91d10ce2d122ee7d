"""Drives minio-py: one operation, described on standard input."""

import json
import sys
from datetime import timedelta

import urllib3
from minio import Minio
from minio.commonconfig import CopySource, Tags
from minio.deleteobjects import DeleteObject

MIB = 1024 * 1024
request = json.load(sys.stdin)
pool = urllib3.PoolManager(ca_certs=request["authority"], cert_reqs="CERT_REQUIRED", retries=False)
s3 = Minio(
    request["host"],
    access_key=request["access_key_id"],
    secret_key=request["secret_access_key"],
    region=request["region"],
    secure=request["secure"],
    http_client=pool,
)
bucket, key = request["bucket"], request.get("key")


def into_file(answer):
    with open(request["into"], "wb") as into:
        into.write(answer.read())


def names(**options):
    return [item.object_name for item in s3.list_objects(bucket, prefix=request["prefix"], **options)]


def list_delimiter():
    found = names()
    return [name for name in found if name[-1] != "/"], [name for name in found if name[-1] == "/"]


def copy():
    s3.copy_object(bucket, request["destination"], CopySource(bucket, request["source"]))


def tagging():
    tags = Tags.new_object_tags()
    tags.update(request["tags"])
    s3.set_object_tags(bucket, key, tags)
    return dict(s3.get_object_tags(bucket, key))


def delete_many():
    errors = list(s3.remove_objects(bucket, [DeleteObject(key) for key in request["keys"]]))
    assert not errors, errors


operations = {
    "make_bucket": lambda: s3.make_bucket(bucket),
    "remove_bucket": lambda: s3.remove_bucket(bucket),
    "put": lambda: s3.fput_object(bucket, key, request["file"]) and None,
    "get": lambda: into_file(s3.get_object(bucket, key)),
    "get_range": lambda: into_file(
        s3.get_object(bucket, key, offset=request["first"], length=request["last"] - request["first"] + 1)
    ),
    "head": lambda: s3.stat_object(bucket, key).size,
    "list_v1": lambda: names(recursive=True, use_api_v1=True),
    "list_v2": lambda: names(recursive=True),
    "list_paged": lambda: names(recursive=True),
    "list_delimiter": list_delimiter,
    "multipart": lambda: s3.fput_object(bucket, key, request["file"], part_size=8 * MIB) and None,
    "copy": copy,
    "tagging": tagging,
    "delete": lambda: s3.remove_object(bucket, key),
    "delete_many": delete_many,
    "presigned_get": lambda: s3.presigned_get_object(bucket, key, expires=timedelta(minutes=5)),
    "presigned_put": lambda: s3.presigned_put_object(bucket, key, expires=timedelta(minutes=5)),
}
json.dump(operations[request["operation"]](), sys.stdout)
