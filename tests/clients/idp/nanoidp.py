"""NanoIDP: OIDC and SAML from one small server. It signs with RS256, and the assertion rather than the response."""

import base64
import html
import json
import re
from pathlib import Path
from xml.sax.saxutils import quoteattr

from idp.provider import PRINCIPAL_NAME, ROLE, Idp, SamlIdp, Server
from ports import free_ports
from tools import tool

SECRET = "nanoidp-client-secret"


class NanoIdp(Idp, SamlIdp):
    def __init__(self, directory: Path):
        directory.mkdir(parents=True)
        port = free_ports(1)[0]
        self.issuer = f"http://127.0.0.1:{port}"
        self.entity_id = f"{self.issuer}/saml"
        # YAML takes JSON. Persona mode logs in by choosing a name: passwords are no business of these tests.
        settings = {
            "config_version": 1,
            "server": {"host": "127.0.0.1", "port": port},
            "oauth": {"issuer": self.issuer, "audience": "nobody", "clients": [], "token_expiry_minutes": 10},
            "jwt": {"keys_dir": str(directory / "keys"), "max_previous_keys": 1},
            "saml": {"entity_id": self.entity_id},
            "login": {"mode": "persona"},
        }
        (directory / "settings.yaml").write_text(json.dumps(settings))
        (directory / "users.yaml").write_text(json.dumps({"config_version": 1, "users": {}}))
        command = [tool("nanoidp", "nanoidp"), "--config", directory, "--strict-config"]
        self.server = Server(command, directory, self.issuer, "/.well-known/openid-configuration")
        self.clients: set[str] = set()
        self.logins = 0

    def token(self, audience, subject, **claims):
        """Client credentials: the subject is the client. The audience must be an absolute URI (RFC 8707)."""
        if subject not in self.clients:
            client = {"client_id": subject, "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_post"}
            self.server.send("POST", "/api/runtime/clients", client)
            self.clients.add(subject)
        fields = {"grant_type": "client_credentials", "client_id": subject, "client_secret": SECRET, "resource": audience}
        return self.server.form("/token", **fields, extra=json.dumps(claims)).json()["access_token"]

    def rotate(self):
        """The key before stays published, the one before that does not. The SAML certificate changes with the key."""
        self.server.send("POST", "/api/keys/rotate", {})

    @property
    def certificate_pem(self):
        return self.server.get("/saml/cert.pem").data.decode()

    def metadata(self):
        return self.server.get("/saml/metadata").data.decode()

    def response(self, acs_url, audience, role, principal_name):
        """Logs a new user in. Without an ID in the request the response is as unsolicited as one that the IdP begins."""
        self.logins += 1
        user = {"username": f"user-{self.logins}", "attributes": {ROLE: role, PRINCIPAL_NAME: principal_name}}
        self.server.send("POST", "/api/runtime/users", user)
        request = AUTHN_REQUEST.format(acs_url=quoteattr(acs_url), issuer=html.escape(audience))
        encoded = base64.b64encode(request.encode()).decode()
        # Each login is a browser of its own: no cookie is kept.
        page = self.server.form("/saml/sso", SAMLRequest=encoded, username=user["username"]).data.decode()
        return re.search(r'name="SAMLResponse" value="([^"]+)"', page)[1]

    def stop(self):
        self.server.stop()


AUTHN_REQUEST = """\
<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" \
Version="2.0" IssueInstant="2026-01-01T00:00:00Z" AssertionConsumerServiceURL={acs_url}>\
<saml:Issuer>{issuer}</saml:Issuer></samlp:AuthnRequest>"""
