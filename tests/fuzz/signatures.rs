//! A key for the targets that read signatures, and the signature that a request should have had.

use std::sync::LazyLock;

use http::HeaderValue;
use portcullis::identity::SecretAccessKey;
use portcullis::s3::RequestHead;
use portcullis::sigv4::{SigningKey, SigningTime, UnverifiedSignature};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub(crate) const ID: &str = "CWABCDEFGHIJKLMNOPQR";
pub(crate) const SECRET: &str = "cwoSecretSecretSecretSecretSecretSecretSecr";
/// The day and the region that the kept inputs are signed for.
pub(crate) const DAY: &str = "20260102";
pub(crate) const REGION: &str = "us-east-1";

/// The key of that day and region. Deriving one for each input would cost more than all the rest.
static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    let secret = SecretAccessKey::parse(Zeroizing::new(SECRET.into())).unwrap();
    SigningKey::derive(&secret, jiff::civil::date(2026, 1, 2), REGION, "s3")
});

pub(crate) fn key() -> &'static SigningKey {
    &KEY
}

/// The signature, in hexadecimal, that `unverified` should have been; `time` is when it says it was made.
/// `None` if a header that it claims to cover is missing.
pub(crate) fn right_signature(
    unverified: &UnverifiedSignature,
    head: &RequestHead,
    time: SigningTime,
) -> Option<String> {
    let mut canonical = Vec::new();
    unverified.write_canonical_request(head, &mut canonical).ok()?;
    let mut string_to_sign = b"AWS4-HMAC-SHA256\n".to_vec();
    time.write(&mut string_to_sign);
    let scope = unverified.scope();
    let service = scope.service.as_str();
    let rest = format!("\n{}/{}/{service}/aws4_request\n", scope.date.strftime("%Y%m%d"), scope.region);
    string_to_sign.extend_from_slice(rest.as_bytes());
    string_to_sign.extend_from_slice(const_hex::encode(Sha256::digest(&canonical)).as_bytes());
    Some(const_hex::encode(key().mac(&string_to_sign)))
}

/// `text` with what stands between `before` and the next of `ends` replaced.
pub(crate) fn with_value(text: &str, before: &str, ends: &[char], value: &str) -> Option<String> {
    let start = text.find(before)? + before.len();
    let end = text[start..].find(ends).map_or(text.len(), |end| start + end);
    Some(format!("{}{value}{}", &text[..start], &text[end..]))
}

/// The value of a header as a text.
pub(crate) fn header<'a>(head: &'a RequestHead, name: &str) -> Option<&'a str> {
    head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok())
}
