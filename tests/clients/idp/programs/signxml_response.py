"""Drives signxml: the documents wanted on standard input, base64 of each on standard output."""

import base64
import json
import sys
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from lxml import etree
from signxml import CanonicalizationMethod, XMLSigner

ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
DSIG = "http://www.w3.org/2000/09/xmldsig#"

request = json.load(sys.stdin)
entity_id = request["entity_id"]
key, certificate = (Path(request[name]).read_bytes() for name in ("key_file", "certificate_file"))


def signed(document):
    """Fields: audience, acs_url, role, principal_name; and, where the usual is not wanted, sign (assertion, response, both,
    none), algorithm (as signxml names it), issued and lifetime (seconds: from now, from then)."""
    sign = document.get("sign", "assertion")
    root = etree.fromstring(text(document))
    if sign in ("assertion", "both"):
        assertion = root.find(f"{{{ASSERTION}}}Assertion")
        # Signed as a document of its own, as it will be found: the namespaces around it are not part of it.
        alone = etree.fromstring(etree.tostring(assertion))
        root.replace(assertion, signature_after_issuer(alone, document))
    if sign in ("response", "both"):
        root = signature_after_issuer(root, document)
    return base64.b64encode(etree.tostring(root)).decode()


def signature_after_issuer(element, document):
    # The schema wants the signature right after the issuer; signxml puts it where the placeholder is.
    placeholder = etree.Element(f"{{{DSIG}}}Signature", Id="placeholder", nsmap={"ds": DSIG})
    element.find(f"{{{ASSERTION}}}Issuer").addnext(placeholder)
    signer = XMLSigner(
        signature_algorithm=document.get("algorithm", "rsa-sha256"),
        digest_algorithm="sha256",
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    return signer.sign(element, key=key, cert=certificate.decode(), reference_uri=element.get("ID"))


def text(document):
    issued = datetime.now(timezone.utc) + timedelta(seconds=document.get("issued", 0))
    end = issued + timedelta(seconds=document.get("lifetime", 300))
    now, until = (time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in (issued, end))
    recipient, issuer = quoteattr(document["acs_url"]), f"<saml:Issuer>{escape(entity_id)}</saml:Issuer>"
    attributes = {
        "https://coreweave.com/SAML/Attributes/Role": document["role"],
        "https://coreweave.com/SAML/Attributes/PrincipalName": document["principal_name"],
    }
    said = "".join(
        f"<saml:Attribute Name={quoteattr(name)}><saml:AttributeValue>{escape(value)}</saml:AttributeValue></saml:Attribute>"
        for name, value in attributes.items()
    )
    return f"""<samlp:Response xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}" ID="_{uuid.uuid4().hex}" Version="2.0" \
IssueInstant="{now}" Destination={recipient}>{issuer}\
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>\
<saml:Assertion ID="_{uuid.uuid4().hex}" Version="2.0" IssueInstant="{now}">{issuer}\
<saml:Subject><saml:NameID>{escape(document["principal_name"])}</saml:NameID>\
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">\
<saml:SubjectConfirmationData NotOnOrAfter="{until}" Recipient={recipient}/></saml:SubjectConfirmation></saml:Subject>\
<saml:Conditions NotBefore="{now}" NotOnOrAfter="{until}"><saml:AudienceRestriction>\
<saml:Audience>{escape(document["audience"])}</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
<saml:AuthnStatement AuthnInstant="{now}"><saml:AuthnContext><saml:AuthnContextClassRef>\
urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
<saml:AttributeStatement>{said}</saml:AttributeStatement></saml:Assertion></samlp:Response>"""


def metadata():
    encoded = "".join(line for line in certificate.decode().splitlines() if "CERTIFICATE" not in line)
    return f"""<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID={quoteattr(entity_id)}>\
<md:IDPSSODescriptor protocolSupportEnumeration="{PROTOCOL}"><md:KeyDescriptor use="signing">\
<ds:KeyInfo xmlns:ds="{DSIG}"><ds:X509Data><ds:X509Certificate>{encoded}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
</md:KeyDescriptor><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" \
Location={quoteattr(entity_id + "/sso")}/></md:IDPSSODescriptor></md:EntityDescriptor>"""


answer = {"responses": [signed(document) for document in request["documents"]], "metadata": metadata()}
json.dump(answer, sys.stdout)
