"""Signed requests whose path goes out byte for byte as written, which no SDK would do."""

import http.client
import ssl
from urllib.parse import quote, unquote_to_bytes

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from endpoint import REGION, Endpoint


def send(endpoint: Endpoint, method: str, path: str, body: bytes | None = None, sign_as_sent=False) -> tuple[int, bytes]:
    """Sends `path` raw. The signature covers the usual spelling of the key it stands for, or, `sign_as_sent`, itself."""
    signed_path = path if sign_as_sent else quote(unquote_to_bytes(path), safe="/~")
    request = AWSRequest(method=method, url=endpoint.url + signed_path, data=body)
    request.headers["host"] = endpoint.host
    S3SigV4Auth(Credentials(endpoint.access_key_id, endpoint.secret_access_key), "s3", REGION).add_auth(request)
    if endpoint.secure:
        trust = ssl.create_default_context(cafile=endpoint.authority)
        connection = http.client.HTTPSConnection(endpoint.host, context=trust, timeout=60)
    else:
        connection = http.client.HTTPConnection(endpoint.host, timeout=60)
    try:
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
