"""Drives pyarrow's S3 file system: one operation, described on standard input."""

import json
import sys

from pyarrow.fs import AwsStandardS3RetryStrategy, FileSelector, FileType, S3FileSystem

request = json.load(sys.stdin)
s3 = S3FileSystem(
    access_key=request["access_key_id"],
    secret_key=request["secret_access_key"],
    region=request["region"],
    scheme="https" if request["secure"] else "http",
    endpoint_override=request["host"],
    tls_ca_file_path=request["authority"],
    allow_bucket_creation=True,
    allow_bucket_deletion=True,
    retry_strategy=AwsStandardS3RetryStrategy(max_attempts=1),
)
bucket = request["bucket"]
path = f"{bucket}/{request.get('key')}"


def upload():
    with open(request["file"], "rb") as source, s3.open_output_stream(path) as out:
        while piece := source.read(4 * 1024 * 1024):
            out.write(piece)


def download():
    with open(request["into"], "wb") as into, s3.open_input_stream(path) as source:
        while piece := source.read(4 * 1024 * 1024):
            into.write(piece)


def get_range():
    with open(request["into"], "wb") as into, s3.open_input_file(path) as source:
        into.write(source.read_at(request["last"] - request["first"] + 1, request["first"]))


def listed(recursive):
    found = s3.get_file_info(FileSelector(f"{bucket}/{request['prefix']}", recursive=recursive))
    keys = [info.path.split("/", 1)[1] for info in found if info.type == FileType.File]
    return keys, [info.path.split("/", 1)[1] + "/" for info in found if info.type == FileType.Directory]


operations = {
    "make_bucket": lambda: s3.create_dir(bucket),
    "remove_bucket": lambda: s3.delete_dir(bucket),
    "put": upload,
    "get": download,
    "get_range": get_range,
    "head": lambda: s3.get_file_info(path).size,
    "list_v2": lambda: listed(recursive=True)[0],
    "list_paged": lambda: listed(recursive=True)[0],
    "list_delimiter": lambda: listed(recursive=False),
    "multipart": upload,
    "copy": lambda: s3.copy_file(f"{bucket}/{request['source']}", f"{bucket}/{request['destination']}"),
    "delete": lambda: s3.delete_file(path),
    "delete_many": lambda: s3.delete_dir_contents(f"{bucket}/{request['prefix']}"),
}
json.dump(operations[request["operation"]](), sys.stdout)
