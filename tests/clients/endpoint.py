"""What a client has to know of the server it talks to."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

REGION = "us-east-1"


@dataclass(frozen=True)
class Endpoint:
    """An S3 address with a credential for it; `authority` is the file of the CA to trust, absent for plain HTTP."""

    url: str
    access_key_id: str
    secret_access_key: str
    authority: Path | None = None

    @property
    def host(self) -> str:
        return self.url.split("://", 1)[1]

    @property
    def secure(self) -> bool:
        return self.url.startswith("https://")

    def with_secret(self, secret_access_key: str) -> "Endpoint":
        return replace(self, secret_access_key=secret_access_key)

    def environment(self, home: Path) -> dict[str, str]:
        """A clean environment with the AWS variables that most clients read, and the usual ways to name a CA."""
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(home / "aws-config"),
        }
        if self.authority:
            for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
                variables[name] = str(self.authority)
        return variables
