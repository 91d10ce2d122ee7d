"""One driver per client: the same operations, each said in that client's own words."""

from drivers.aws_cli import AwsCli
from drivers.boto3_sdk import Boto3
from drivers.curl import Curl
from drivers.programs import JavaScript, MinioPy, Obstore, PyArrow, SignedChunks, SignedChunksHttp2, SignedTrailer, SignedTrailerHttp2
from drivers.rclone import Rclone
from drivers.s5cmd import S5cmd

CLIENTS = {
    "boto3": Boto3,
    "aws_cli": AwsCli,
    "s5cmd": S5cmd,
    "rclone": Rclone,
    "curl": Curl,
    "minio_py": MinioPy,
    "javascript": JavaScript,
    "pyarrow": PyArrow,
    "obstore": Obstore,
    "signed_chunks": SignedChunks,
    "signed_chunks_http2": SignedChunksHttp2,
    "signed_trailer": SignedTrailer,
    "signed_trailer_http2": SignedTrailerHttp2,
}
