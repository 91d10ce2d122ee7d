//! OIDC tokens as evidence.
//!
//! ```text
//! token --> read --> configuration by iss and aud --> algorithm allowed --> key of that issuer --> signature
//!                                                                                                     |
//!                                     evidence <-- configuration unchanged <-- times <-- subject <----+
//! ```
//! A token chooses among what administrators configured, and nothing else: no address, no key, no
//! algorithm comes from it.

mod claims;
mod discovery;
mod jwks;
mod provider;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use super::in_force::{InForce, OidcInForce};
use super::{LoginError, VerifiedOidcToken};
use crate::clock::Clock;
use crate::fault::check_is_off;
use crate::identity::{Evidence, Groups, Origin, Principal};

use claims::ClaimsError;
pub(super) use provider::{Provider, Surroundings};
use token::{TokenError, UnverifiedToken};

/// Checks a token by the configuration in force for its issuer and audience.
pub(super) async fn verify(
    in_force: &InForce,
    clock: &dyn Clock,
    unverified: &str,
) -> Result<VerifiedOidcToken, LoginError> {
    let unverified = UnverifiedToken::read(unverified)?;
    let entry = select(in_force, unverified.issuer()?, unverified.audience()?)?;
    let configuration = &entry.configuration;
    let algorithm = unverified.algorithm();
    if !configuration.algorithms.contains(&algorithm) && !check_is_off("jwt_algorithm") {
        let refusal = format!("the configuration {:?} does not allow {algorithm:?}", configuration.name);
        return Err(LoginError::Refused(refusal));
    }
    let key = entry.provider.key(unverified.key_id(), algorithm).await?;
    let claims = match unverified.verified_by(&key, algorithm) {
        Ok(claims) => claims,
        // Some issuers put a new key in the place of the old one, under the same name or none.
        Err(unverified) => {
            let successor = entry.provider.successor(unverified.key_id(), algorithm).await?;
            let successor = successor.ok_or(TokenError::Signature)?;
            unverified.verified_by(&successor, algorithm).map_err(|_| TokenError::Signature)?
        }
    };

    let subject = claims.subject()?;
    let principal = Principal::for_oidc_subject(&configuration.issuer_url, subject)
        .map_err(|error| LoginError::Refused(format!("the token's claim sub: {error}")))?;
    let token_id = claims.token_id()?;
    claims.check_forms()?;
    claims.check_times(clock.now())?;
    let groups = match &configuration.groups_claim {
        Some(claim) => claims.groups(claim)?,
        None => Groups::default(),
    };
    // Fetching keys takes a while. A change that was acknowledged meanwhile counts.
    if !in_force.current()?.holds(&entry) {
        return Err(LoginError::Refused("the configuration was changed while the token was verified".to_owned()));
    }
    let origin = Origin::Oidc {
        configuration: configuration.uid.clone(),
        issuer: configuration.issuer_url.clone(),
        audience: configuration.audience.clone(),
        subject: subject.to_owned(),
        token_id: token_id.map(str::to_owned),
    };
    let api_access = configuration.api_access.as_ref().and_then(|access| claims.api_access(access));
    Ok(VerifiedOidcToken { evidence: Evidence::verified(principal, origin).in_groups(groups), api_access })
}

/// The active configuration for an issuer and an audience, each byte for byte.
fn select(in_force: &InForce, issuer: &str, audience: &str) -> Result<Arc<OidcInForce>, LoginError> {
    let set = in_force.current()?;
    let mut entries = set.active_oidc().filter(|entry| {
        let configuration = &entry.configuration;
        (configuration.issuer_url == issuer || check_is_off("jwt_issuer"))
            && (configuration.audience == audience || check_is_off("jwt_audience"))
    });
    entries.next().cloned().ok_or_else(|| {
        let (issuer, audience) = (excerpt(issuer), excerpt(audience));
        LoginError::Refused(format!("no active OIDC configuration has the issuer {issuer} and the audience {audience}"))
    })
}

/// What an unverified token says, harmless in a log.
fn excerpt(unverified: &str) -> String {
    let start: String = unverified.chars().take(128).collect();
    format!("{start:?}{}", if start.len() < unverified.len() { "..." } else { "" })
}

impl From<TokenError> for LoginError {
    fn from(error: TokenError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<ClaimsError> for LoginError {
    fn from(error: ClaimsError) -> Self {
        match error {
            ClaimsError::Expired => Self::Expired,
            other => Self::Refused(other.to_string()),
        }
    }
}
