"""oidc-provider, a certified OpenID provider for node, behind `server.mjs`: many algorithms, and keys that rotate."""

import json
from pathlib import Path

from idp.provider import Idp, Server
from ports import free_ports
from tools import node_modules

SECRET = "not-a-secret-but-long-enough-for-a-client"
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]


class OidcProvider(Idp):
    def __init__(self, directory: Path):
        directory.mkdir(parents=True)
        port = free_ports(1)[0]
        self.issuer = f"http://127.0.0.1:{port}"
        # Modules resolve from the program's own folder upwards, so it runs as a copy beside them.
        program = node_modules().parent / "oidc-provider-server.mjs"
        program.write_text((Path(__file__).parent / "server.mjs").read_text())
        command = ["node", program, str(port), self.issuer]
        self.server = Server(command, directory, self.issuer, "/.well-known/openid-configuration")

    def token(self, audience, subject, *, algorithm="RS256", lifetime=600, **claims):
        """Client credentials: the subject is the client. The audience must be an absolute URI (RFC 8707)."""
        chosen = {"x-algorithm": algorithm, "x-lifetime": str(lifetime), "x-claims": json.dumps(claims)}
        fields = {"grant_type": "client_credentials", "client_id": subject, "client_secret": SECRET, "resource": audience}
        return self.server.form("/token", chosen, **fields).json()["access_token"]

    def rotate(self):
        """The old keys stay published."""
        self.server.send("POST", "/control/rotate", {})

    def withdraw(self) -> None:
        """Only the keys that sign now are published."""
        self.server.send("POST", "/control/withdraw", {})

    def key_fetches(self) -> int:
        """How often the key set was fetched."""
        return self.server.get("/control/key-fetches").json()

    def stop(self):
        self.server.stop()
