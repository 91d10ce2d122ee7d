"""The identity providers that other tests rely on do by themselves what they are used for.

Each is asked by its protocol, and what it signed is verified by a library that is neither its own nor Portcullis's.
"""

import base64
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from idp import NanoIdp, OidcProvider, OidcProviderMock, Pysaml2Idp, SignxmlIdp
from idp.oidc_provider import ALGORITHMS
from idp.provider import PRINCIPAL_NAME, ROLE
from tools import run, tool

PROGRAMS = Path(__file__).parent / "idp" / "programs"
AUDIENCE = "https://portcullis.example.org/iam"
SUBJECT = "system:serviceaccount:training:trainer"
ACS_URL = "https://portcullis.example.org/acs"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


def ask(program: str, **request):
    """One of the verifiers, in the environment that has them."""
    return json.loads(run([tool("signxml", "python"), str(PROGRAMS / program)], {}, json.dumps(request).encode()))


def verify(idp, token, algorithm="RS256", audience=AUDIENCE):
    return ask("verify_token.py", token=token, issuer=idp.issuer, audience=audience, algorithms=[algorithm])


@pytest.fixture(scope="module", params=[NanoIdp, OidcProvider, OidcProviderMock], ids=lambda kind: kind.__name__)
def oidc(request, tmp_path_factory):
    idp = request.param(tmp_path_factory.mktemp("oidc") / request.param.__name__)
    yield idp
    idp.stop()


@pytest.fixture(scope="module", params=[NanoIdp, Pysaml2Idp, SignxmlIdp], ids=lambda kind: kind.__name__)
def saml(request, tmp_path_factory):
    idp = request.param(tmp_path_factory.mktemp("saml") / request.param.__name__)
    yield idp
    idp.stop()


def test_a_token_verifies_against_the_keys_that_discovery_names(oidc):
    found = verify(oidc, oidc.token(AUDIENCE, SUBJECT, team="vision"))
    assert found["verified"], found
    claims = found["claims"]
    assert (claims["iss"], claims["sub"], claims["team"]) == (oidc.issuer, SUBJECT, "vision")
    assert claims["aud"] in (AUDIENCE, [AUDIENCE])
    assert 0 < claims["exp"] - claims["iat"] <= 600
    assert not verify(oidc, oidc.token(AUDIENCE, SUBJECT), audience="https://elsewhere.example.org")["verified"]


def test_a_rotation_changes_the_key(oidc):
    before = oidc.token(AUDIENCE, SUBJECT)
    old = verify(oidc, before)
    assert old["verified"], old
    oidc.rotate()
    new = verify(oidc, oidc.token(AUDIENCE, SUBJECT))
    assert new["verified"], new
    assert new["key_ids"] != old["key_ids"]
    if isinstance(oidc, OidcProviderMock):
        assert "kid" not in new["header"], "it names no key, which the providers beside it do"
        assert not verify(oidc, before)["verified"], "its old key is gone"
    else:
        assert new["header"]["kid"] != old["header"]["kid"]
        assert verify(oidc, before)["verified"], "the old key is still published"


def test_a_withdrawn_key_verifies_nothing_any_more(tmp_path):
    idp = OidcProvider(tmp_path / "idp")
    try:
        before = idp.token(AUDIENCE, SUBJECT)
        idp.rotate()
        assert verify(idp, before)["verified"]
        idp.withdraw()
        assert not verify(idp, before)["verified"]
        for algorithm in ALGORITHMS:
            found = verify(idp, idp.token(AUDIENCE, SUBJECT, algorithm=algorithm), algorithm)
            assert found["verified"] and found["header"]["alg"] == algorithm, found
    finally:
        idp.stop()


def test_a_response_is_signed_and_says_who_it_is_about(saml):
    response = saml.response(ACS_URL, AUDIENCE, "trainer", "ana@example.org")
    found = ask("verify_response.py", response=response, certificate_pem=saml.certificate_pem)
    assert found["covers"] == "Assertion"
    assert found["algorithm"] == RSA_SHA256
    assert (found["issuer"], found["audience"], found["recipient"]) == (saml.entity_id, AUDIENCE, ACS_URL)
    assert found["attributes"][ROLE] == ["trainer"]
    assert found["attributes"][PRINCIPAL_NAME] == ["ana@example.org"]
    assert xmlsec1_verifies(response, saml.certificate_pem)
    assert not xmlsec1_verifies(changed(response, b"trainer", b"emperor"), saml.certificate_pem)


def test_metadata_names_the_entity_and_the_certificate(saml):
    metadata = saml.metadata()
    assert f'entityID="{saml.entity_id}"' in metadata
    encoded = "".join(saml.certificate_pem.split("-----")[2].split())
    assert encoded in "".join(metadata.split())


@pytest.mark.parametrize("kind", [Pysaml2Idp, SignxmlIdp])
def test_a_library_signs_the_response_alone_or_both(kind, tmp_path):
    idp = kind(tmp_path / "idp")
    document = {"acs_url": ACS_URL, "audience": AUDIENCE, "role": "trainer", "principal_name": "ana@example.org"}
    alone, both = idp.responses([{**document, "sign": "response"}, {**document, "sign": "both"}])
    assert ask("verify_response.py", response=alone, certificate_pem=idp.certificate_pem)["covers"] == "Response"
    assert [base64.b64decode(response).count(b"SignatureValue>") for response in (alone, both)] == [2, 4]
    for response in (alone, both):
        assert xmlsec1_verifies(response, idp.certificate_pem)
        assert not xmlsec1_verifies(changed(response, b"trainer", b"emperor"), idp.certificate_pem)


def changed(response: str, old: bytes, new: bytes) -> str:
    document = base64.b64decode(response)
    assert old in document
    return base64.b64encode(document.replace(old, new)).decode()


def xmlsec1_verifies(response: str, certificate_pem: str) -> bool:
    """Whether the first signature of the document holds under that key, said by xmlsec1."""
    with tempfile.TemporaryDirectory() as directory:
        certificate, document = Path(directory, "certificate.pem"), Path(directory, "response.xml")
        certificate.write_text(certificate_pem)
        document.write_bytes(base64.b64decode(response))
        command = [shutil.which("xmlsec1"), "--verify", "--enabled-key-data", "rsa", "--pubkey-cert-pem", certificate]
        for name in ("protocol:Response", "assertion:Assertion"):
            command += ["--id-attr:ID", f"urn:oasis:names:tc:SAML:2.0:{name}"]
        done = subprocess.run([*command, document], capture_output=True, timeout=30, check=False)
    return done.returncode == 0
