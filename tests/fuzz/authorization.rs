//! The `Authorization` header.

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use portcullis::s3::ErrorCode;
use portcullis::sigv4::{AcceptedRegion, Form, SigningTime, UnverifiedSignature};

use crate::request_text::{self, Parts};
use crate::signatures::{DAY, REGION, header, key, right_signature, with_value};

#[test]
fn authorization() {
    crate::engine::run("authorization", check);
}

fn check(input: &[u8]) {
    let Some(parts) = request_text::parts(input) else { return };
    let Ok(head) = parts.head() else { return };
    let region = AcceptedRegion::Any;
    let read = || UnverifiedSignature::read(&head, &region);
    let unverified = match read() {
        Ok(unverified) => unverified,
        Err(error) => {
            assert!(error.message.len() <= 3 * input.len() + 400, "an error longer than what it complains of");
            return;
        }
    };
    assert!(UnverifiedSignature::is_claimed_by(&head));
    let Some(text) = header(&head, "authorization") else { return };

    // Every part of what was accepted stands in the header, in the one spelling that there is.
    let scope = unverified.scope();
    let day = scope.date.strftime("%Y%m%d").to_string();
    let is_for_our_key = day == DAY && scope.region == REGION;
    let credential = format!("Credential={}/{day}/{}/s3/aws4_request", unverified.access_key_id(), scope.region);
    assert_eq!(text.matches(&credential).count(), 1, "{credential} in {text}");
    for name in ["Credential=", "SignedHeaders=", "Signature="] {
        assert_eq!(text.matches(name).count(), 1, "{name} in {text}");
    }
    let names = text.split("SignedHeaders=").nth(1).unwrap().split([',', ' ']).next().unwrap();
    let names: Vec<&str> = names.split(';').collect();
    assert!(names.is_sorted() && names.contains(&"host"));
    for name in head.headers.keys().filter(|name| name.as_str().starts_with("x-amz-")) {
        assert!(name == "x-amz-cf-id" || names.contains(&name.as_str()), "{name} acts and is not signed");
    }

    let time = header(&head, "x-amz-date").and_then(SigningTime::parse);
    for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
        let near = time.is_none_or(|time| now.duration_since(time.timestamp()).abs() <= SignedDuration::from_mins(15));
        let judged = unverified.judge_time(now).map_err(|error| error.code);
        assert!(near || judged == Err(ErrorCode::RequestTimeTooSkewed), "{judged:?} at {now}");
    }

    // The right signature is accepted, and the one that was sent only if it is that one.
    let expected = time.and_then(|time| right_signature(&unverified, &head, time));
    let sent = text.split("Signature=").nth(1).unwrap().split([',', ' ']).next().unwrap();
    let verified = unverified.verify(&head, key(), true);
    match (&verified, &expected) {
        (Ok(_), Some(expected)) => assert_eq!(sent, expected),
        (Ok(_), None) => assert!(time.is_none(), "a signature over a header that is not there"),
        (Err(error), Some(expected)) => {
            assert_eq!(error.code, ErrorCode::SignatureDoesNotMatch);
            assert_ne!(sent, expected);
        }
        (Err(error), None) => assert_eq!(error.code, ErrorCode::SignatureDoesNotMatch),
    }
    assert_eq!(read().unwrap().verify(&head, key(), false).unwrap_err().code, ErrorCode::InvalidAccessKeyId);
    if let (Some(expected), true) = (expected, is_for_our_key) {
        right_one_passes(&parts, text, &expected);
    }
}

fn right_one_passes(parts: &Parts, text: &str, signature: &str) {
    let mut parts = parts.clone();
    let text = with_value(text, "Signature=", &[',', ' '], signature).unwrap();
    parts.headers.insert("authorization", HeaderValue::try_from(text).unwrap());
    let head = parts.head().unwrap();
    let verified = UnverifiedSignature::read(&head, &AcceptedRegion::Only(REGION.into())).unwrap();
    let verified = verified.verify(&head, key(), true).unwrap();
    assert_eq!(verified.form(), Form::Header);
    let mut head = head;
    assert_eq!(verified.take_signed_parameters(&mut head).unwrap(), []);
}
