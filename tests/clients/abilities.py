"""Every operation that the suite asks of every client, and what a client has no way to ask for."""

OPERATIONS = [
    "make_bucket",
    "remove_bucket",
    "put",
    "get",
    "get_range",
    "head",
    "list_v1",
    "list_v2",
    "list_paged",
    "list_delimiter",
    "multipart",
    "copy",
    "tagging",
    "delete",
    "delete_many",
    "presigned_get",
    "presigned_put",
]

# (client, operation): why not. A pair that is not here is a test; `test_abilities.py` checks both ways.
CANNOT = {
    ("aws_cli", "presigned_put"): "`aws s3 presign` signs GET only",
    ("s5cmd", "get_range"): "has no option for a byte range",
    ("s5cmd", "tagging"): "has no command for tags",
    ("s5cmd", "presigned_put"): "`s5cmd presign` signs GET only",
    ("rclone", "tagging"): "has no command for tags",
    ("rclone", "delete_many"): "deletes one object per request",
    ("curl", "presigned_get"): "signs headers only",
    ("curl", "presigned_put"): "signs headers only",
    ("pyarrow", "list_v1"): "always lists with version 2",
    ("pyarrow", "tagging"): "file systems have no tags",
    ("pyarrow", "presigned_get"): "file systems have no URLs",
    ("pyarrow", "presigned_put"): "file systems have no URLs",
    ("obstore", "make_bucket"): "works inside one bucket",
    ("obstore", "remove_bucket"): "works inside one bucket",
    ("obstore", "list_v1"): "always lists with version 2",
}
