"""Drives pysaml2's identity provider: the documents wanted on standard input, base64 of each on standard output."""

import base64
import json
import logging
import shutil
import sys

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, saml
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

SERVICE_PROVIDER = """\
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{audience}">\
<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">\
<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{acs_url}" index="0"/>\
</md:SPSSODescriptor></md:EntityDescriptor>"""

request = json.load(sys.stdin)
logging.disable()
wanted = {(document["audience"], document["acs_url"]) for document in request["documents"]}
configuration = IdPConfig().load(
    {
        "entityid": request["entity_id"],
        "key_file": request["key_file"],
        "cert_file": request["certificate_file"],
        "xmlsec_binary": shutil.which("xmlsec1"),
        "service": {
            "idp": {
                "endpoints": {"single_sign_on_service": [(request["entity_id"] + "/sso", BINDING_HTTP_REDIRECT)]},
                "policy": {"default": {"lifetime": {"minutes": 5}, "name_form": saml.NAME_FORMAT_URI}},
            }
        },
        "metadata": {"inline": [SERVICE_PROVIDER.format(audience=audience, acs_url=url) for audience, url in wanted]},
    }
)
server = Server(config=configuration)


def signed(document):
    """Fields: audience, acs_url, role, principal_name, and sign: assertion (unless said otherwise), response or both."""
    sign = document.get("sign", "assertion")
    attributes = {
        "https://coreweave.com/SAML/Attributes/Role": [document["role"]],
        "https://coreweave.com/SAML/Attributes/PrincipalName": [document["principal_name"]],
    }
    response = server.create_authn_response(
        attributes,
        in_response_to=None,
        destination=document["acs_url"],
        sp_entity_id=document["audience"],
        name_id=saml.NameID(format=saml.NAMEID_FORMAT_PERSISTENT, text=document["principal_name"]),
        authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"},
        sign_assertion=sign in ("assertion", "both"),
        sign_response=sign in ("response", "both"),
        sign_alg=SIG_RSA_SHA256,
        digest_alg=DIGEST_SHA256,
    )
    return base64.b64encode(str(response).encode()).decode()


answer = {
    "responses": [signed(document) for document in request["documents"]],
    "metadata": str(entity_descriptor(configuration)),
}
json.dump(answer, sys.stdout)
