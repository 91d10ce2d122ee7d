//! Presigned URLs.

use jiff::{SignedDuration, Timestamp};
use portcullis::s3::{ErrorCode, RequestHead};
use portcullis::sigv4::{AcceptedRegion, Form, SigningTime, UnverifiedSignature};

use crate::request_text::{self, Parts};
use crate::signatures::{DAY, REGION, key, right_signature, with_value};

#[test]
fn presigned() {
    crate::engine::run("presigned", check);
}

fn check(input: &[u8]) {
    let Some(parts) = request_text::parts(input) else { return };
    let Ok(head) = parts.head() else { return };
    let unverified = match UnverifiedSignature::read(&head, &AcceptedRegion::Any) {
        Ok(unverified) => unverified,
        Err(error) => {
            assert!(error.message.len() <= 3 * input.len() + 400, "an error longer than what it complains of");
            return;
        }
    };
    if head.headers.contains_key("authorization") {
        return;
    }
    // Each parameter that authenticates stands once, and in one spelling.
    let one = |name: &str| {
        let same: Vec<_> =
            head.query.parameters().iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).collect();
        assert_eq!(same.len(), 1, "{name}");
        assert_eq!(same[0].0, name);
        same[0].1.clone().unwrap()
    };
    let scope = unverified.scope();
    let date = scope.date.strftime("%Y%m%d").to_string();
    let credential = format!("{}/{date}/{}/s3/aws4_request", unverified.access_key_id(), scope.region);
    assert_eq!(one("X-Amz-Credential"), credential);
    assert_eq!(one("X-Amz-Algorithm"), "AWS4-HMAC-SHA256");
    let life: i64 = one("X-Amz-Expires").parse().unwrap();
    assert!((0..=604_800).contains(&life));
    let signed_at = SigningTime::parse(&one("X-Amz-Date")).unwrap();
    assert_eq!(signed_at.date(), scope.date);
    judge_times(&unverified, signed_at.timestamp(), life);

    let expected = right_signature(&unverified, &head, signed_at);
    let sent = one("X-Amz-Signature");
    let matches = expected.as_ref() == Some(&sent);
    assert_eq!(unverified.verify(&head, key(), true).is_ok(), matches);
    if let (Some(expected), true) = (expected, date == DAY && scope_region_is_ours(&credential)) {
        right_one_passes(&parts, &sent, &expected);
    }
}

fn scope_region_is_ours(credential: &str) -> bool {
    credential.split('/').nth(2) == Some(REGION)
}

/// Good from 15 minutes before until its life is over, to the second.
fn judge_times(unverified: &UnverifiedSignature, signed_at: Timestamp, life: i64) {
    for (offset, good) in [(-901, false), (-900, life > -900), (life - 1, true), (life, false)] {
        if let Ok(now) = signed_at.checked_add(SignedDuration::from_secs(offset)) {
            assert_eq!(unverified.judge_time(now).is_ok(), good, "{offset} seconds after");
        }
    }
}

fn right_one_passes(parts: &Parts, sent: &str, signature: &str) {
    let target = parts.uri.to_string();
    // Written with escapes, it is a signature all the same, but none that is as easily replaced.
    let Some(target) = with_value(&target, &format!("X-Amz-Signature={sent}"), &['&'], "") else { return };
    let target = target.replacen(&format!("X-Amz-Signature={sent}"), &format!("X-Amz-Signature={signature}"), 1);
    let mut parts = parts.clone();
    parts.uri = target.parse().unwrap();
    let mut head: RequestHead = parts.head().unwrap();
    let verified = UnverifiedSignature::read(&head, &AcceptedRegion::Only(REGION.into())).unwrap();
    let verified = verified.verify(&head, key(), true).unwrap();
    assert!(matches!(verified.form(), Form::Presigned { .. }));
    match verified.take_signed_parameters(&mut head) {
        Ok(hoisted) => {
            for (name, _) in &hoisted {
                assert!(name.starts_with("x-amz-") && *name == name.to_ascii_lowercase(), "{name}");
                assert!(!head.headers.contains_key(name.as_str()));
                assert_eq!(hoisted.iter().filter(|(other, _)| other == name).count(), 1);
            }
        }
        Err(error) => assert_eq!(error.code, ErrorCode::InvalidArgument),
    }
    let left = head.query.parameters().iter().map(|(name, _)| name.to_ascii_lowercase());
    assert!(left.into_iter().all(|name| !name.starts_with("x-amz-")));
}
