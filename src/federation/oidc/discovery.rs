//! Where an issuer says that its keys are: `OpenID` Connect Discovery 1.0, section 4.

use serde_json::Value;

use crate::federation::fetch::ProviderUrl;
use crate::federation::strict_json::read_object;

/// Where the issuer's document is. Section 4.1: a slash at the end of the issuer is dropped first.
pub(super) fn discovery_url(issuer: &str) -> Result<ProviderUrl, String> {
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    let url = format!("{base}/.well-known/openid-configuration");
    ProviderUrl::parse(&url).map_err(|error| format!("the issuer is no address: {error}"))
}

/// Where the issuer's keys are, by its document.
///
/// # Errors
/// What is wrong, without any of it.
pub(super) fn jwks_url(issuer: &str, document: &[u8]) -> Result<ProviderUrl, String> {
    let document = read_object(document).map_err(|error| format!("the discovery document is wrong: {error}"))?;
    // Section 4.3: byte for byte. Else one issuer could speak for another.
    if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err("the discovery document is another issuer's: its issuer is not the configured one".to_owned());
    }
    let url = document.get("jwks_uri").and_then(Value::as_str).ok_or("the discovery document has no jwks_uri")?;
    let url = ProviderUrl::parse(url).map_err(|error| format!("the jwks_uri of the discovery document: {error}"))?;
    let issuer_is_here = ProviderUrl::parse(issuer).is_ok_and(|issuer| issuer.is_loopback());
    if url.is_loopback() && !issuer_is_here {
        return Err("the jwks_uri of the discovery document is on this machine, and its issuer is not".to_owned());
    }
    Ok(url)
}
