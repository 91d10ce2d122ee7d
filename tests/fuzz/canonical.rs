//! The canonical request, against the one that AWS's own crate signs: however a request is spelled, the
//! signature that the crate makes for what it means is the signature that is expected here.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use http::{HeaderName, HeaderValue};
use portcullis::s3::RequestHead;
use portcullis::s3::percent::{Slash, decode, encode};
use portcullis::sigv4::{AcceptedRegion, UnverifiedSignature};

use crate::request_text::{self, Parts, domains};
use crate::signatures::{ID, REGION, SECRET, key};

#[test]
fn canonical() {
    crate::engine::run("canonical", check);
}

fn check(input: &[u8]) {
    let Some(mut parts) = request_text::parts(input) else { return };
    unsign(&mut parts);
    let Ok(head) = parts.head() else { return };
    // AWS's crate takes visible ASCII, and no header that comes twice.
    let plain = |(name, value): (&HeaderName, &HeaderValue)| {
        value.to_str().is_ok_and(|value| !value.contains('\t')) && head.headers.get_all(name).iter().count() == 1
    };
    if !head.headers.iter().all(plain) || parts.uri.path().is_empty() || !has_plain_host(&head) {
        return;
    }
    for location in [SignatureLocation::Headers, SignatureLocation::QueryParams] {
        let Some(signed) = signed_by_oracle(&parts, &head, location) else { return };
        let unverified = UnverifiedSignature::read(&signed, &AcceptedRegion::Any).unwrap();
        let mut canonical = Vec::new();
        unverified.write_canonical_request(&signed, &mut canonical).unwrap();
        let room = 3 * (input.len() + 1000);
        assert!(canonical.len() <= room, "{} bytes from {}", canonical.len(), input.len());
        if let Err(error) = unverified.verify(&signed, key(), true) {
            panic!("{error:?}\n{}", canonical.escape_ascii());
        }
    }
}

/// Host and target are spelled alike for both.
fn has_plain_host(head: &RequestHead) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    head.host.bytes().all(plain)
}

/// What the signature adds is taken away.
fn unsign(parts: &mut Parts) {
    for name in ["authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "date"] {
        parts.headers.remove(name);
    }
    // Those the crate leaves out of the signature; here they are signed if they are named.
    let unsigned = [
        "user-agent",
        "x-amz-user-agent",
        "x-amz-checksum-mode",
        "x-amzn-trace-id",
        "transfer-encoding",
        "connection",
        "expect",
    ];
    for name in &unsigned {
        parts.headers.remove(*name);
    }
}

/// `parts` as they are spelled, with the signature that the oracle makes for what they mean.
fn signed_by_oracle(parts: &Parts, head: &RequestHead, location: SignatureLocation) -> Option<RequestHead> {
    let in_query = matches!(location, SignatureLocation::QueryParams);
    let meant: Vec<String> = head
        .query
        .parameters()
        .iter()
        .map(|(name, value)| {
            let value = value.as_deref().unwrap_or_default();
            format!("{}={}", encode(name, Slash::Encode), encode(value, Slash::Encode))
        })
        .collect();
    if head.query.parameters().iter().any(|(name, _)| name.to_ascii_lowercase().starts_with("x-amz-")) {
        return None;
    }
    let path = encode(&decode(&head.raw_path).unwrap(), Slash::Keep);
    let query = if meant.is_empty() { String::new() } else { format!("?{}", meant.join("&")) };
    let meant = format!("https://{}{path}{query}", head.host);

    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind =
        if in_query { PayloadChecksumKind::NoHeader } else { PayloadChecksumKind::XAmzSha256 };
    settings.expires_in = in_query.then(|| Duration::from_hours(1));
    settings.signature_location = location;
    let identity = Credentials::new(ID, SECRET, None, None, "fuzz").into();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("s3")
        .time(time)
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let headers = head.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let headers: Vec<_> = headers.filter(|(name, _)| *name != "host").collect();
    let signable =
        SignableRequest::new(head.method.as_str(), meant.as_str(), headers.into_iter(), SignableBody::UnsignedPayload)
            .ok()?;
    let (instructions, _) = sign(signable, &params).ok()?.into_parts();
    let mut signed = parts.clone();
    for (name, value) in instructions.headers() {
        signed.headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    }
    let mut target = parts.uri.to_string();
    for (name, value) in instructions.params() {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(name);
        target.push('=');
        target.push_str(&encode(value, Slash::Encode));
    }
    signed.uri = target.parse().ok()?;
    RequestHead::parse(signed.method, &signed.uri, signed.headers, &domains()).ok()
}
