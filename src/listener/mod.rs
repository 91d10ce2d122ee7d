//! Accepts, terminates TLS, limits and drains connections; yields peer and request to whatever service it was given.
