"""Drives signxml as a verifier: reads a response and a certificate; prints what the signature covers and says."""

import base64
import json
import sys

from lxml import etree
from signxml import SignatureConfiguration, XMLVerifier

NAMES = {"saml": "urn:oasis:names:tc:SAML:2.0:assertion", "ds": "http://www.w3.org/2000/09/xmldsig#"}

request = json.load(sys.stdin)
root = etree.fromstring(base64.b64decode(request["response"]))
verified = XMLVerifier().verify(
    root, x509_cert=request["certificate_pem"], expect_config=SignatureConfiguration(location=".//"), id_attribute="ID"
)
covered = verified.signed_xml


def one(path):
    (found,) = covered.xpath(path, namespaces=NAMES)
    return found


json.dump(
    {
        "covers": etree.QName(covered).localname,
        "algorithm": verified.signature_xml.find(".//ds:SignatureMethod", NAMES).get("Algorithm"),
        "issuer": one("saml:Issuer").text,
        "audience": one(".//saml:Audience").text,
        "recipient": one(".//saml:SubjectConfirmationData/@Recipient"),
        "attributes": {
            attribute.get("Name"): [value.text for value in attribute]
            for attribute in covered.iterfind(".//saml:Attribute", NAMES)
        },
    },
    sys.stdout,
)
