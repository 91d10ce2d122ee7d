"""Whom the tests' identity providers speak of, and what Portcullis calls them."""

import uuid
from dataclasses import dataclass, field
from pathlib import Path

from idp import Idp

AUDIENCE = "https://portcullis.example.org/iam"


@dataclass
class Identity:
    """A workload that an OpenID provider vouches for; each has a name that no other test uses."""

    idp: Idp
    subject: str = field(default_factory=lambda: f"system:serviceaccount:tests:{uuid.uuid4()}")

    @property
    def principal(self) -> str:
        return f"role/{self.idp.issuer}:{self.subject}"

    def token(self, **how) -> str:
        return self.idp.token(AUDIENCE, self.subject, **how)

    def token_file(self, directory: Path) -> Path:
        """A new token as Kubernetes mounts it: the token and nothing else, no line end."""
        path = directory / "oidc-token"
        path.write_text(self.token())
        return path
