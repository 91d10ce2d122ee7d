//! OIDC tokens: discovery, keys, claims.
