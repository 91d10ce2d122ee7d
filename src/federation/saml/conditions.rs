//! Who a signed assertion is from, whom it is for, and when it holds.
//! SAML core, sections 2.4.1 and 2.5; SAML profiles, section 4.1.4.3.

use jiff::{SignedDuration, Timestamp};
use uppsala::NodeId;

use super::error::SamlError;
use super::shape::Shape;
use super::tree::{ASSERTION, PROTOCOL, Tree};
use crate::config::SamlService;
use crate::fault::check_is_off;

/// How far the clocks of two machines may differ, either way.
pub(super) const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// An assertion is refused this long after it was issued, whatever it says of itself: this bounds how
/// long somebody has to remember that it was used.
const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// Until when what was checked holds.
pub(super) struct Validity {
    /// The moment from which on the same assertion would be refused, clock skew included.
    pub(super) not_on_or_after: Timestamp,
    pub(super) session_not_on_or_after: Option<Timestamp>,
}

/// The result of the login, as the identity provider states it.
pub(super) fn check_status(tree: &Tree<'_>, shape: &Shape) -> Result<(), SamlError> {
    let status = tree.only_child(shape.response, PROTOCOL, "Status");
    let code = status.and_then(|status| tree.only_child(status, PROTOCOL, "StatusCode"));
    let code = code.and_then(|code| tree.attribute(code, "Value"));
    if code != Some(SUCCESS) && !check_is_off("saml_status") {
        return Err(SamlError::Status);
    }
    Ok(())
}

/// Both issuers: the assertion's, and the response's where it names one.
pub(super) fn check_issuer(tree: &Tree<'_>, shape: &Shape, entity_id: &str) -> Result<(), SamlError> {
    let ours = |node| tree.text(node).is_some_and(|issuer| issuer == entity_id);
    let assertion = tree.children_named(shape.assertion, ASSERTION, "Issuer");
    let response = tree.children_named(shape.response, ASSERTION, "Issuer");
    let fine = matches!(assertion[..], [issuer] if ours(issuer))
        && match response[..] {
            [] => true,
            [issuer] => ours(issuer),
            _ => false,
        };
    if fine || check_is_off("saml_issuer") { Ok(()) } else { Err(SamlError::Issuer) }
}

/// The address that the response was sent to. Whoever signs the response has to state it (SAML
/// bindings, section 3.5.5.2).
pub(super) fn check_destination(tree: &Tree<'_>, shape: &Shape, service: &SamlService) -> Result<(), SamlError> {
    let fine = match tree.attribute(shape.response, "Destination") {
        Some(destination) => destination == service.acs_url,
        None => shape.response_signature.is_none(),
    };
    if fine || check_is_off("saml_destination") { Ok(()) } else { Err(SamlError::Destination) }
}

/// The audience, the recipient and every time that the assertion states.
pub(super) fn check_conditions(
    tree: &Tree<'_>,
    shape: &Shape,
    service: &SamlService,
    now: Timestamp,
) -> Result<Validity, SamlError> {
    let conditions = tree.only_child(shape.assertion, ASSERTION, "Conditions").ok_or(SamlError::Conditions)?;
    let restrictions = tree.children_named(conditions, ASSERTION, "AudienceRestriction");
    let for_us = |restriction: &NodeId| {
        let audiences = tree.children_named(*restriction, ASSERTION, "Audience");
        audiences.into_iter().any(|it| tree.text(it).is_some_and(|audience| audience == service.entity_id))
    };
    if (restrictions.is_empty() || !restrictions.iter().all(for_us)) && !check_is_off("saml_audience") {
        return Err(SamlError::Audience);
    }
    let confirmation = confirmation_data(tree, shape)?;
    if tree.attribute(confirmation, "Recipient") != Some(&service.acs_url) && !check_is_off("saml_recipient") {
        return Err(SamlError::Recipient);
    }
    let requests = [(shape.response, "InResponseTo"), (confirmation, "InResponseTo")];
    let answers = requests.into_iter().any(|(node, name)| tree.attribute(node, name).is_some());
    if answers && !check_is_off("saml_in_response_to") {
        return Err(SamlError::InResponseTo);
    }
    let issued = time(tree, shape.assertion, "IssueInstant", "IssueInstant of the assertion")?
        .ok_or(SamlError::Time("IssueInstant of the assertion"))?;
    begins(issued, now, "IssueInstant")?;
    let mut ends = vec![after(issued, LONGEST_LIFE + CLOCK_SKEW, now, "IssueInstant")?];
    for (node, from, until) in [
        (conditions, "NotBefore of the conditions", "NotOnOrAfter of the conditions"),
        (confirmation, "NotBefore of the confirmation", "NotOnOrAfter of the confirmation"),
    ] {
        if let Some(not_before) = time(tree, node, "NotBefore", from)? {
            begins(not_before, now, from)?;
        }
        let not_on_or_after = time(tree, node, "NotOnOrAfter", until)?.ok_or(SamlError::Time(until))?;
        ends.push(after(not_on_or_after, CLOCK_SKEW, now, until)?);
    }
    let session_not_on_or_after = session_end(tree, shape)?;
    if let Some(session) = session_not_on_or_after {
        ends.push(after(session, CLOCK_SKEW, now, "SessionNotOnOrAfter")?);
    }
    let not_on_or_after = ends.into_iter().min().unwrap_or(now);
    Ok(Validity { not_on_or_after, session_not_on_or_after })
}

/// The data of the one confirmation, which has to be by bearer.
fn confirmation_data(tree: &Tree<'_>, shape: &Shape) -> Result<NodeId, SamlError> {
    let subject = tree.only_child(shape.assertion, ASSERTION, "Subject").ok_or(SamlError::NameId)?;
    let confirmation = tree.only_child(subject, ASSERTION, "SubjectConfirmation").ok_or(SamlError::Confirmation)?;
    if tree.attribute(confirmation, "Method") != Some(BEARER) {
        return Err(SamlError::Confirmation);
    }
    tree.only_child(confirmation, ASSERTION, "SubjectConfirmationData").ok_or(SamlError::Confirmation)
}

/// The first end of a session that any statement about the login names.
fn session_end(tree: &Tree<'_>, shape: &Shape) -> Result<Option<Timestamp>, SamlError> {
    let mut first = None;
    for statement in tree.children_named(shape.assertion, ASSERTION, "AuthnStatement") {
        let end = time(tree, statement, "SessionNotOnOrAfter", "SessionNotOnOrAfter")?;
        first = [first, end].into_iter().flatten().min();
    }
    Ok(first)
}

fn begins(start: Timestamp, now: Timestamp, what: &'static str) -> Result<(), SamlError> {
    let late_enough = start.checked_sub(CLOCK_SKEW).is_ok_and(|start| start <= now);
    if late_enough || check_is_off("saml_time") { Ok(()) } else { Err(SamlError::NotYetValid(what)) }
}

/// The moment `by` after `end`, which has to lie in the future.
fn after(end: Timestamp, by: SignedDuration, now: Timestamp, what: &'static str) -> Result<Timestamp, SamlError> {
    let end = end.checked_add(by).unwrap_or(Timestamp::MAX);
    if now < end || check_is_off("saml_time") { Ok(end) } else { Err(SamlError::Expired(what)) }
}

/// A time in an attribute: in UTC, as the standard demands (SAML core, section 1.3.3).
fn time(tree: &Tree<'_>, node: NodeId, name: &str, what: &'static str) -> Result<Option<Timestamp>, SamlError> {
    let Some(text) = tree.attribute(node, name) else { return Ok(None) };
    let utc = text.len() <= 40 && text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T');
    let time = if utc { text.parse().ok() } else { None };
    time.map(Some).ok_or(SamlError::Time(what))
}

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
