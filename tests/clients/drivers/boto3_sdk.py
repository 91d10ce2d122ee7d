"""boto3, the AWS SDK for Python, in this process."""

from pathlib import Path

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from drivers.client import Client
from endpoint import REGION, Endpoint

MIB = 1024 * 1024


class Boto3(Client):
    def __init__(self, endpoint: Endpoint, home: Path):
        super().__init__(endpoint, home)
        self.s3 = boto3.client(
            "s3",
            endpoint_url=endpoint.url,
            region_name=REGION,
            aws_access_key_id=endpoint.access_key_id,
            aws_secret_access_key=endpoint.secret_access_key,
            verify=str(endpoint.authority) if endpoint.authority else None,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )

    def make_bucket(self, bucket):
        self.s3.create_bucket(Bucket=bucket)

    def remove_bucket(self, bucket):
        self.s3.delete_bucket(Bucket=bucket)

    def put(self, bucket, key, file):
        with file.open("rb") as body:
            self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    def get(self, bucket, key, into):
        into.write_bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def get_range(self, bucket, key, first, last):
        return self.s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={first}-{last}")["Body"].read()

    def head(self, bucket, key):
        return self.s3.head_object(Bucket=bucket, Key=key)["ContentLength"]

    def list_v1(self, bucket, prefix):
        return [item["Key"] for item in self.s3.list_objects(Bucket=bucket, Prefix=prefix)["Contents"]]

    def list_v2(self, bucket, prefix):
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]

    def list_paged(self, bucket, prefix):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": 100})
        return [item["Key"] for page in pages for item in page["Contents"]]

    def list_delimiter(self, bucket, prefix):
        page = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/")
        return [item["Key"] for item in page["Contents"]], [item["Prefix"] for item in page["CommonPrefixes"]]

    def multipart(self, bucket, key, file):
        parts = TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=8 * MIB, max_concurrency=4)
        self.s3.upload_file(str(file), bucket, key, Config=parts)

    def copy(self, bucket, source, destination):
        self.s3.copy_object(Bucket=bucket, Key=destination, CopySource={"Bucket": bucket, "Key": source})

    def tagging(self, bucket, key, tags):
        wanted = [{"Key": name, "Value": value} for name, value in tags.items()]
        self.s3.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": wanted})
        found = self.s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        assert sorted(found, key=lambda tag: tag["Key"]) == wanted

    def delete(self, bucket, key):
        self.s3.delete_object(Bucket=bucket, Key=key)

    def delete_many(self, bucket, prefix, keys):
        answer = self.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
        assert "Errors" not in answer, answer

    def presigned_get(self, bucket, key, into):
        self.fetch(self.s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}, 300), into)

    def presigned_put(self, bucket, key, file):
        self.send(self.s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": key}, 300), file)
