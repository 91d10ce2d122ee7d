"""oidc-provider-mock, on Authlib: ID tokens for whoever logs in, without `kid`, and one key without `alg` or `use`."""

from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from idp.provider import Idp, Server
from ports import free_ports
from tools import tool

BACK = "http://127.0.0.1:1/back"


class OidcProviderMock(Idp):
    def __init__(self, directory: Path):
        directory.mkdir(parents=True)
        port = free_ports(1)[0]
        self.issuer = f"http://127.0.0.1:{port}"
        command = [tool("oidc-mock", "oidc-provider-mock"), "--port", str(port), "--token-max-age", "600"]
        self.server = Server(command, directory, self.issuer, "/.well-known/openid-configuration")

    def token(self, audience, subject, **claims):
        """The authorization code flow: a person logs in at the client `audience`, which any text may name."""
        self.server.send("PUT", f"/users/{quote(subject, safe='')}", claims)
        asked = {"response_type": "code", "scope": "openid", "client_id": audience, "redirect_uri": BACK}
        redirect = self.server.form(f"/oauth2/authorize?{urlencode(asked)}", sub=subject)
        code = parse_qs(urlsplit(redirect.headers["Location"]).query)["code"][0]
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "client_id": audience}
        return self.server.form("/oauth2/token", **fields, client_secret="any").json()["id_token"]

    def rotate(self):
        """It starts again with a new key at the same address; the old key is gone, as after an emergency."""
        self.server.stop()
        self.server.start()

    def stop(self):
        self.server.stop()
