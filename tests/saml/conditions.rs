//! Signed, but not for us, not now, or not a success (I11), and used twice (I12).

use portcullis::federation::saml::SamlError;

use crate::build::{ACS, AUDIENCE, ISSUER, NOW, element, once, sign_assertion, unsigned};
use crate::case::{Case, SIGNED_ASSERTION, time, verify};
use crate::keys::TRUSTED;

/// The identity provider signs a response with this change.
fn signed(from: &'static str, to: &'static str) -> Case {
    Case::before_signing(move |response| once(response, from, to))
}

fn without(name: &'static str) -> Case {
    Case::before_signing(move |response| once(response, element(response, name), ""))
}

const UNTIL_CONFIRMATION: &str = r#"NotOnOrAfter="2026-03-01T12:05:00Z""#;
const UNTIL_CONDITIONS: &str = r#"NotOnOrAfter="2026-03-01T12:10:00Z""#;
const FROM: &str = r#"NotBefore="2026-03-01T11:59:00Z""#;

attacks! {
    i11_conditions_that_ended: signed(UNTIL_CONDITIONS, r#"NotOnOrAfter="2026-03-01T11:59:00Z""#)
        => SamlError::Expired("NotOnOrAfter of the conditions");
    i11_a_confirmation_that_ended: signed(UNTIL_CONFIRMATION, r#"NotOnOrAfter="2026-03-01T11:59:00Z""#)
        => SamlError::Expired("NotOnOrAfter of the confirmation");
    i11_a_session_that_ended: signed("2026-03-01T20:00:00Z", "2026-03-01T11:59:00Z") => SamlError::Expired("SessionNotOnOrAfter");
    i11_issued_long_ago: signed(r#"_assertion-1" Version="2.0" IssueInstant="2026-03-01T11:59:30Z""#, r#"_assertion-1" Version="2.0" IssueInstant="2026-02-28T11:59:00Z""#)
        => SamlError::Expired("IssueInstant");
    i11_issued_in_the_future: signed(r#"_assertion-1" Version="2.0" IssueInstant="2026-03-01T11:59:30Z""#, r#"_assertion-1" Version="2.0" IssueInstant="2026-03-01T12:01:01Z""#)
        => SamlError::NotYetValid("IssueInstant");
    i11_conditions_that_begin_later: signed(FROM, r#"NotBefore="2026-03-01T12:01:01Z""#)
        => SamlError::NotYetValid("NotBefore of the conditions");
    i11_a_confirmation_that_begins_later: signed(UNTIL_CONFIRMATION, r#"NotBefore="2026-03-01T12:02:00Z" NotOnOrAfter="2026-03-01T12:05:00Z""#)
        => SamlError::NotYetValid("NotBefore of the confirmation");
    i11_no_conditions: without("saml:Conditions") => SamlError::Conditions;
    i11_conditions_twice: Case::before_signing(|response| {
        let conditions = element(response, "saml:Conditions");
        once(response, conditions, &conditions.repeat(2))
    }) => SamlError::Conditions;
    i11_an_unknown_condition: signed("<saml:AudienceRestriction>", "<saml:Condition/><saml:AudienceRestriction>")
        => SamlError::Shape("there is an element where the profile has no place for it");
    i11_conditions_without_end: signed(UNTIL_CONDITIONS, "") => SamlError::Time("NotOnOrAfter of the conditions");
    i11_a_confirmation_without_end: signed(UNTIL_CONFIRMATION, "") => SamlError::Time("NotOnOrAfter of the confirmation");
    i11_an_end_in_local_time: signed(UNTIL_CONDITIONS, r#"NotOnOrAfter="2026-03-01T12:10:00""#)
        => SamlError::Time("NotOnOrAfter of the conditions");
    i11_an_end_in_another_zone: signed(UNTIL_CONDITIONS, r#"NotOnOrAfter="2026-03-01T12:10:00+14:00""#)
        => SamlError::Time("NotOnOrAfter of the conditions");
    i11_an_end_that_is_no_time: signed(UNTIL_CONDITIONS, r#"NotOnOrAfter="never""#) => SamlError::Time("NotOnOrAfter of the conditions");
    i11_an_empty_end: signed(UNTIL_CONFIRMATION, r#"NotOnOrAfter="""#) => SamlError::Time("NotOnOrAfter of the confirmation");
    i11_no_issue_instant: signed(r#"_assertion-1" Version="2.0" IssueInstant="2026-03-01T11:59:30Z""#, r#"_assertion-1" Version="2.0""#)
        => SamlError::Time("IssueInstant of the assertion");
    i11_another_audience: signed(AUDIENCE, "urn:example:other") => SamlError::Audience;
    i11_an_audience_that_begins_alike: signed(AUDIENCE, "urn:example:portcullis2") => SamlError::Audience;
    i11_an_audience_in_other_letters: signed(AUDIENCE, "urn:example:Portcullis") => SamlError::Audience;
    i11_an_audience_with_a_space: signed(AUDIENCE, "urn:example:portcullis ") => SamlError::Audience;
    i11_no_audience: signed("<saml:Audience>urn:example:portcullis</saml:Audience>", "") => SamlError::Audience;
    i11_no_audience_restriction: without("saml:AudienceRestriction") => SamlError::Audience;
    i11_a_second_restriction_without_us: signed("</saml:AudienceRestriction>", "</saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>urn:example:other</saml:Audience></saml:AudienceRestriction>")
        => SamlError::Audience;
    i11_another_recipient: signed(r#"Recipient="https://keys.example.test/v1/saml""#, r#"Recipient="https://other.example.test/v1/saml""#)
        => SamlError::Recipient;
    i11_a_recipient_with_a_slash: signed(r#"Recipient="https://keys.example.test/v1/saml""#, r#"Recipient="https://keys.example.test/v1/saml/""#)
        => SamlError::Recipient;
    i11_no_recipient: signed(r#" Recipient="https://keys.example.test/v1/saml""#, "") => SamlError::Recipient;
    i11_another_destination: signed(r#"Destination="https://keys.example.test/v1/saml""#, r#"Destination="https://other.example.test/""#)
        => SamlError::Destination;
    i11_an_empty_destination: signed(r#"Destination="https://keys.example.test/v1/saml""#, r#"Destination="""#) => SamlError::Destination;
    i11_no_destination_on_a_signed_response: {
        let response = once(&unsigned(), r#" Destination="https://keys.example.test/v1/saml""#, "");
        let attack = crate::build::sign_response(&response, &TRUSTED);
        Case::after_signing_the_response(|_| attack.clone())
    } => SamlError::Destination;
    i11_no_confirmation: without("saml:SubjectConfirmation") => SamlError::Confirmation;
    i11_no_confirmation_data: Case::before_signing(|response| {
        let (start, rest) = response.split_once("<saml:SubjectConfirmationData").unwrap();
        format!("{start}{}", rest.split_once("/>").unwrap().1)
    }) => SamlError::Confirmation;
    i11_a_confirmation_by_key: signed("cm:bearer", "cm:holder-of-key") => SamlError::Confirmation;
    i11_a_confirmation_by_vouching: signed("cm:bearer", "cm:sender-vouches") => SamlError::Confirmation;
    i11_two_confirmations: Case::before_signing(|response| {
        let confirmation = element(response, "saml:SubjectConfirmation");
        once(response, confirmation, &confirmation.repeat(2))
    }) => SamlError::Confirmation;
    i11_no_subject: without("saml:Subject") => SamlError::NameId;
    i11_no_name: without("saml:NameID") => SamlError::NameId;
    i11_an_empty_name: signed(">alice@example.test</saml:NameID>", "></saml:NameID>") => SamlError::NameId;
    i11_two_names: Case::before_signing(|response| {
        let name = element(response, "saml:NameID");
        once(response, name, &name.repeat(2))
    }) => SamlError::NameId;
    i11_an_element_in_the_name: signed(">alice@example.test</saml:NameID>", ">alice@example.test<x/></saml:NameID>") => SamlError::NameId;
    i11_the_answer_to_a_request: signed("Destination=", r#"InResponseTo="_request-1" Destination="#) => SamlError::InResponseTo;
    i11_a_confirmation_of_a_request: signed("Recipient=", r#"InResponseTo="_request-1" Recipient="#) => SamlError::InResponseTo;
    i11_the_answer_to_an_empty_request: signed("Recipient=", r#"InResponseTo="" Recipient="#) => SamlError::InResponseTo;
    i11_a_login_that_failed: signed("status:Success", "status:Responder") => SamlError::Status;
    i11_no_status: without("samlp:Status") => SamlError::Status;
    i11_two_status_codes: signed("<samlp:StatusCode ", r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/><samlp:StatusCode "#) => SamlError::Status;
    i11_a_status_that_begins_alike: signed("status:Success", "status:SuccessNot") => SamlError::Status;
    i11_another_issuer_of_the_assertion: Case::before_signing(|response| {
        let (start, end) = response.rsplit_once(ISSUER).unwrap();
        format!("{start}https://other.example.test/{end}")
    }) => SamlError::Issuer;
    i11_another_issuer_of_the_response: signed(ISSUER, "https://other.example.test/") => SamlError::Issuer;
    i11_an_issuer_with_a_slash: Case::before_signing(|response| response.replace(ISSUER, "https://idp.example.test/metadata/")) => SamlError::Issuer;
    i11_an_issuer_in_other_letters: Case::before_signing(|response| response.replace(ISSUER, "https://IDP.example.test/metadata")) => SamlError::Issuer;
    i11_another_version_of_saml: signed(r#"_assertion-1" Version="2.0""#, r#"_assertion-1" Version="1.1""#) => SamlError::Shape("Version is not 2.0");
}

#[test]
fn i11_clocks_may_differ_by_a_minute_and_no_more() {
    let signed = sign_assertion(&unsigned(), &TRUSTED);
    for (now, fine) in [
        ("2026-03-01T11:58:29Z", false),
        ("2026-03-01T11:58:30Z", true),
        (NOW, true),
        ("2026-03-01T12:05:59.999Z", true),
        ("2026-03-01T12:06:00Z", false),
    ] {
        assert_eq!(verify(&SIGNED_ASSERTION, &signed, now).is_ok(), fine, "at {now}");
    }
}

/// Whether it was used before is recorded by the caller, for as long as this says.
#[test]
fn i12_the_record_of_an_assertion_outlives_every_moment_at_which_it_verifies() {
    let end_changes = [
        ("2026-03-01T12:05:00Z", "2026-03-01T12:04:00Z"),
        ("2026-03-01T12:10:00Z", "2026-03-01T12:03:00Z"),
        ("2026-03-01T20:00:00Z", "2026-03-01T12:02:00Z"),
        ("2026-03-01T12:05:00Z", "9999-12-30T20:00:00Z"),
    ];
    for (from, to) in end_changes {
        let signed = sign_assertion(&once(&unsigned(), from, to), &TRUSTED);
        let first = verify(&SIGNED_ASSERTION, &signed, NOW).unwrap();
        let again = verify(&SIGNED_ASSERTION, &signed, NOW).unwrap();
        assert_eq!(first.assertion_id(), "_assertion-1");
        assert_eq!(first, again, "nothing in here remembers");
        let end = first.not_on_or_after();
        let last = end - jiff::SignedDuration::from_nanos(1);
        assert!(verify(&SIGNED_ASSERTION, &signed, &last.to_string()).is_ok(), "{to}: {last}");
        assert!(verify(&SIGNED_ASSERTION, &signed, &end.to_string()).is_err(), "{to}: {end}");
    }
}

#[test]
fn i12_no_record_has_to_be_kept_for_longer_than_a_day() {
    let far = "2026-04-01T00:00:00Z";
    let response = unsigned().replace("2026-03-01T12:05:00Z", far).replace("2026-03-01T12:10:00Z", far);
    let signed = sign_assertion(&response.replace("2026-03-01T20:00:00Z", far), &TRUSTED);
    let verified = verify(&SIGNED_ASSERTION, &signed, NOW).unwrap();
    assert_eq!(verified.not_on_or_after(), time("2026-03-02T12:00:30Z"));
    assert!(verify(&SIGNED_ASSERTION, &signed, "2026-03-02T12:00:29Z").is_ok());
    assert_eq!(verify(&SIGNED_ASSERTION, &signed, "2026-03-02T12:00:30Z"), Err(SamlError::Expired("IssueInstant")));
    assert_eq!(ACS, crate::case::service().acs_url);
}
