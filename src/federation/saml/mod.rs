//! SAML responses: signatures, and what they are about.
