"""Real identity providers: who a workload or a person is, said and signed by software that is not ours.

`NanoIdp` speaks OIDC and SAML over HTTP, `OidcProvider` and `OidcProviderMock` speak OIDC. `Pysaml2Idp` and `SignxmlIdp`
are libraries that write SAML responses: in ways that no server offers, such as signing the response alone.
"""

from idp.nanoidp import NanoIdp
from idp.oidc_provider import OidcProvider
from idp.oidc_provider_mock import OidcProviderMock
from idp.provider import Idp, Refused, SamlIdp
from idp.saml_documents import Pysaml2Idp, SignxmlIdp

__all__ = ["Idp", "NanoIdp", "OidcProvider", "OidcProviderMock", "Pysaml2Idp", "Refused", "SamlIdp", "SignxmlIdp"]
