//! What a configuration has to be to be kept: alone, and beside the others.

use super::fetch::ProviderUrl;
use super::{ApiAccess, FederationError, OidcConfiguration, SigningAlgorithm};
use crate::identity::Principal;

/// The most configurations of one kind.
pub(super) const MOST_CONFIGURATIONS: usize = 1000;

/// Checks an OIDC configuration by itself, and puts its algorithms in order.
pub(super) fn check_oidc(configuration: &mut OidcConfiguration) -> Result<(), FederationError> {
    check_name(&configuration.name)?;
    check_description(configuration.description.as_deref())?;
    check_issuer(&configuration.issuer_url)?;
    let audience = &configuration.audience;
    if !(1..=1024).contains(&audience.chars().count()) || audience.chars().any(char::is_control) {
        return Err(invalid("audience: it has to have 1 to 1024 characters, and no control characters"));
    }
    let algorithms = &mut configuration.algorithms;
    if algorithms.is_empty() {
        *algorithms = SigningAlgorithm::ALL.to_vec();
    }
    algorithms.sort_unstable();
    algorithms.dedup();
    let permission_claim = configuration.api_access.as_ref().map(|ApiAccess { permission_claim, .. }| permission_claim);
    check_member("api_access.permission_claim", permission_claim)?;
    check_member("groups_claim", configuration.groups_claim.as_ref())
}

/// The name of what to read in a token or an assertion, if there is one.
pub(super) fn check_member(field: &str, name: Option<&String>) -> Result<(), FederationError> {
    match name {
        Some(name) if !(1..=255).contains(&name.len()) || name.chars().any(char::is_control) => {
            Err(invalid(&format!("{field}: it has to have 1 to 255 characters, and no control characters")))
        }
        _ => Ok(()),
    }
}

/// Checks an OIDC configuration beside all others.
pub(super) fn check_oidc_beside<'a>(
    configuration: &OidcConfiguration,
    others: impl Iterator<Item = &'a OidcConfiguration>,
) -> Result<(), FederationError> {
    let (mine, mut count) = (&configuration.issuer_url, 0);
    for other in others {
        let theirs = &other.issuer_url;
        if theirs == mine && other.audience == configuration.audience {
            return Err(FederationError::AlreadyExists(format!(
                "the configuration {} ({}) has the same issuer and audience",
                other.uid, other.name
            )));
        }
        if continues(mine, theirs) || continues(theirs, mine) {
            return Err(invalid(&format!(
                "issuer: beside the issuer {theirs} of the configuration {}, nobody could tell whose subjects \
                 role/<issuer>:<subject> names; give that issuer another address, or remove that configuration",
                other.uid
            )));
        }
        count += 1;
    }
    check_count(count)
}

/// The name: 1 to 255 characters of `A-Z a-z 0-9 _ -`.
pub(super) fn check_name(name: &str) -> Result<(), FederationError> {
    let right = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=255).contains(&name.len()) && name.bytes().all(right) {
        return Ok(());
    }
    Err(invalid("name: it has to have 1 to 255 characters of A-Z, a-z, 0-9, _ and -"))
}

pub(super) fn check_description(description: Option<&str>) -> Result<(), FederationError> {
    match description {
        Some(text) if text.chars().count() > 1024 => Err(invalid("description: it has more than 1024 characters")),
        _ => Ok(()),
    }
}

/// Checks that one more would not be too many.
pub(super) fn check_count(others: usize) -> Result<(), FederationError> {
    if others < MOST_CONFIGURATIONS {
        return Ok(());
    }
    Err(invalid(&format!("there are {MOST_CONFIGURATIONS} configurations; remove one that is not needed")))
}

pub(super) fn invalid(what: &str) -> FederationError {
    FederationError::Invalid(what.to_owned())
}

fn check_issuer(issuer: &str) -> Result<(), FederationError> {
    if issuer.len() > 1024 {
        return Err(invalid("issuer: it has more than 1024 characters"));
    }
    ProviderUrl::parse(issuer).map_err(|error| invalid(&format!("issuer: {error}")))?;
    // The issuer is a part of identities, and `*` and `?` are wildcards in policies.
    if issuer.contains(['?', '*']) {
        return Err(invalid("issuer: it has to be without query, ? and *"));
    }
    Principal::for_oidc_subject(issuer, "subject").map(|_| ()).map_err(|error| invalid(&format!("issuer: {error}")))
}

/// Whether `longer` is `shorter`, a colon and more: then `role/<longer>:<sub>` could be a subject of both.
fn continues(longer: &str, shorter: &str) -> bool {
    longer.strip_prefix(shorter).is_some_and(|rest| rest.starts_with(':'))
}
