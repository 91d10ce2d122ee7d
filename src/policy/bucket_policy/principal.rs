//! The `Principal` element of a bucket policy.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>, with the
//! principals that there are here.

use super::read::texts;
use crate::identity::OrganizationId;
use crate::policy::PolicyError;
use crate::policy::json::{Json, Members};
use crate::policy::principals::PrincipalPattern;

/// Whom the element at `place` names: `"*"`, or an object whose member `AWS` or `CW` is one or several of
/// them.
pub(super) fn principals(
    value: Json,
    organization: &OrganizationId,
    place: &str,
) -> Result<Vec<PrincipalPattern>, PolicyError> {
    let expected = format!("expected \"*\" or {{\"AWS\": \"arn:aws:iam::{organization}:saml/Admin\"}}");
    let mut members = match value {
        Json::Text(text) if text == "*" => return Ok(vec![PrincipalPattern::Everybody]),
        Json::Text(text) => {
            return Err(PolicyError::at(place, format!("Invalid principal in policy: {text}; {expected}")));
        }
        object @ Json::Object(_) => Members::of(object, place)?,
        other => {
            return Err(PolicyError::at(place, format!("Invalid principal in policy: {}; {expected}", other.what())));
        }
    };
    let mut patterns = Vec::new();
    for kind in ["AWS", "CW"] {
        let place = members.place(kind);
        let Some(listed) = members.take(kind) else { continue };
        for (place, text) in texts(listed, &place)? {
            patterns.push(
                principal(&text, organization)
                    .map_err(|problem| PolicyError::at(&place, format!("Invalid principal in policy: {problem}")))?,
            );
        }
    }
    if let Some(other) = members.rest().next() {
        let problem = format!("Invalid principal in policy: there are no principals of the kind {other}; {expected}");
        return Err(PolicyError::at(&members.place(other), problem));
    }
    if patterns.is_empty() {
        return Err(PolicyError::at(place, format!("Invalid principal in policy: it names nobody; {expected}")));
    }
    Ok(patterns)
}

fn principal(text: &str, organization: &OrganizationId) -> Result<PrincipalPattern, String> {
    if text == "*" {
        return Ok(PrincipalPattern::Everybody);
    }
    if text == organization.as_str() {
        return Ok(PrincipalPattern::Authenticated);
    }
    let Some((account, name)) = text.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(':')) else {
        return Err(format!("{text} is neither * nor {organization} nor an ARN arn:aws:iam::{organization}:..."));
    };
    match (account, name) {
        (account, "root") if account == organization.as_str() => Ok(PrincipalPattern::Authenticated),
        (account, name) if account == organization.as_str() => {
            PrincipalPattern::parse(name).map_err(|problem| format!("{text}: {problem}"))
        }
        // Services of a hosted object storage write with these. Nobody here is one of them.
        ("coreweave", name) if name.starts_with("static/") => Ok(PrincipalPattern::Nobody),
        ("static", name) if name.starts_with("role/static/") => Ok(PrincipalPattern::Nobody),
        _ => Err(format!("{text} is of another organization; the one here is {organization}")),
    }
}
