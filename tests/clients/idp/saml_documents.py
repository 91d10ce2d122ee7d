"""SAML responses written by libraries: pysaml2, an identity provider without a server, and signxml, which signs any XML."""

import json
import os
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from idp.provider import SamlIdp
from tools import run, tool

PROGRAMS = Path(__file__).parent / "programs"


class LibraryIdp(SamlIdp):
    """A key of its own and a library that signs with it, in the library's own environment."""

    environment: str
    program: str

    def __init__(self, directory: Path):
        directory.mkdir(parents=True)
        self.entity_id = f"https://{self.environment}.example.org/{uuid.uuid4()}"
        self.key_file, self.certificate_file = make_signing_key(directory)
        self.described: str | None = None

    @property
    def certificate_pem(self):
        return self.certificate_file.read_text()

    def response(self, acs_url, audience, role, principal_name, **how):
        """`how` says what is signed (`sign`: assertion, response, both) and more: see the program."""
        document = {"acs_url": acs_url, "audience": audience, "role": role, "principal_name": principal_name, **how}
        return self.responses([document])[0]

    def responses(self, documents: list[dict]) -> list[str]:
        """Many at once: starting the library takes longer than a signature."""
        return self.ask({"documents": documents})["responses"]

    def metadata(self):
        return self.described or self.ask({"documents": []})["metadata"]

    def ask(self, request: dict) -> dict:
        request |= {"entity_id": self.entity_id, "key_file": str(self.key_file), "certificate_file": str(self.certificate_file)}
        command = [tool(self.environment, "python"), "-W", "ignore", str(PROGRAMS / self.program)]
        answer = json.loads(run(command, {"PATH": os.environ["PATH"]}, json.dumps(request).encode()))
        self.described = answer["metadata"]
        return answer


class Pysaml2Idp(LibraryIdp):
    """Signs with xmlsec1."""

    environment, program = "pysaml2", "pysaml2_response.py"


class SignxmlIdp(LibraryIdp):
    """Signs with lxml and signxml; times, audiences and algorithms are free to be wrong."""

    environment, program = "signxml", "signxml_response.py"


def make_signing_key(directory: Path) -> tuple[Path, Path]:
    """Writes an RSA key and a certificate that it signed itself, as identity providers have them; returns their paths."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Identity provider of the client tests")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=2))
    paths = directory / "signing.key", directory / "signing.pem"
    private = serialization.PrivateFormat.PKCS8
    paths[0].touch(mode=0o600)
    paths[0].write_bytes(key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()))
    paths[1].write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return paths
