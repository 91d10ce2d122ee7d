"""With a wrong secret each client is refused, at the same request that the right one is granted."""

import pytest
from botocore.exceptions import ClientError

from contents import keys_under, random_file
from drivers import CLIENTS
from tools import ToolFailed

REFUSED = r"(?i)\b403\b|SignatureDoesNotMatch|signature_does_not_match|forbidden"


@pytest.mark.parametrize("name", CLIENTS)
def test_wrong_secret_is_refused(name, endpoint, stored, bucket, tmp_path):
    sent = random_file(tmp_path, 1000)
    wrong = endpoint.with_secret(endpoint.secret_access_key[:-1] + "#")
    prefix = f"wrong-secret/{name}/"
    with pytest.raises((ToolFailed, ClientError), match=REFUSED):
        CLIENTS[name](wrong, tmp_path / "wrong").put(bucket, prefix + "key", sent)
    assert keys_under(stored, bucket, prefix) == []
    CLIENTS[name](endpoint, tmp_path / "right").put(bucket, prefix + "key", sent)
    assert keys_under(stored, bucket, prefix) == [prefix + "key"]
