//! The signature in the query: presigned URLs.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>

use jiff::SignedDuration;

use super::canonical::ALGORITHM;
use super::payload::{Payload, PayloadSource};
use super::scope::{CredentialError, Scope, SigningTime};
use super::signed_headers::SignedHeaders;
use super::verify::{Form, UnverifiedSignature};
use crate::s3::{ErrorCode, RequestHead, S3Error};

/// The parameters that authenticate; each other `X-Amz-*` parameter is a hoisted header.
const AUTHENTICATION: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// Seven days, the longest life of a presigned URL, in seconds.
const LONGEST: u32 = 604_800;

/// Whether `name`, in any case, is a parameter that authenticates.
pub(super) fn is_authentication(name: &str) -> bool {
    AUTHENTICATION.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether any parameter shows that the query means to authenticate.
pub(super) fn is_present(head: &RequestHead) -> bool {
    head.query.parameters().iter().any(|(name, _)| is_authentication(name))
}

/// Whether the query carries a Signature Version 2 signature.
pub(super) fn is_signature_version_2(head: &RequestHead) -> bool {
    let has = |wanted: &str| head.query.parameters().iter().any(|(name, _)| name == wanted);
    has("AWSAccessKeyId") && has("Signature")
}

/// Reads the authentication parameters of `head`.
pub(super) fn read(head: &RequestHead, source: PayloadSource) -> Result<UnverifiedSignature, S3Error> {
    let [algorithm, credential, date, expires, _token, signature, signed_headers] = parameters(head)?;
    let required = |value: Option<_>, name| {
        value.ok_or_else(|| {
            malformed(format!(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, \
                 X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters; {name} is missing."
            ))
        })
    };
    match required(algorithm, "X-Amz-Algorithm")? {
        ALGORITHM => {}
        "AWS4-ECDSA-P256-SHA256" => return Err(super::refusal::signature_version_4a()),
        _ => return Err(malformed("X-Amz-Algorithm only supports AWS4-HMAC-SHA256.")),
    }
    let credential = required(credential, "X-Amz-Credential")?;
    let (access_key_id, scope) =
        Scope::parse_credential(credential, source.service()).map_err(|error| match error {
            CredentialError::Length(_) => super::refusal::unknown_access_key(),
            error => malformed(format!("Error parsing the X-Amz-Credential parameter: {error}.")),
        })?;
    let time = SigningTime::parse(required(date, "X-Amz-Date")?)
        .ok_or_else(|| malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"."))?;
    let expires = life(required(expires, "X-Amz-Expires")?)?;
    let signed_headers = SignedHeaders::parse(required(signed_headers, "X-Amz-SignedHeaders")?)
        .map_err(|error| malformed(format!("X-Amz-SignedHeaders: {error}.")))?;
    let signature = super::verify::parse_signature(required(signature, "X-Amz-Signature")?)
        .ok_or_else(|| malformed("X-Amz-Signature must be 64 lower-case hexadecimal digits."))?;
    if scope.date != time.date() && !crate::fault::check_is_off("scope") {
        return Err(malformed("The date in X-Amz-Credential is not the day of X-Amz-Date."));
    }
    let (payload, payload_hash) = source.read(head, |head| {
        let hash = payload_hash(head)?;
        Ok((Payload::parse(&hash)?, hash))
    })?;
    let form = Form::Presigned { expires };
    let policy = None;
    Ok(UnverifiedSignature {
        form,
        access_key_id,
        scope,
        signed_headers,
        signature,
        time,
        payload,
        payload_hash,
        policy,
    })
}

/// The values of [`AUTHENTICATION`], in that order. A second one of the same name, or another spelling
/// of it, is refused: two readers would take different ones.
fn parameters(head: &RequestHead) -> Result<[Option<&str>; 7], S3Error> {
    let mut found = [None; 7];
    for (name, value) in head.query.parameters() {
        let Some(index) = AUTHENTICATION.iter().position(|known| known.eq_ignore_ascii_case(name)) else { continue };
        if AUTHENTICATION[index] != name {
            return Err(malformed(format!("The parameter '{name}' must be written {}.", AUTHENTICATION[index])));
        }
        if found[index].replace(value.as_deref().unwrap_or_default()).is_some() {
            return Err(malformed(format!("The parameter {name} stands more than once.")));
        }
        if head.headers.contains_key(name.as_str()) {
            return Err(malformed(format!("{name} stands in the query and in a header.")));
        }
    }
    Ok(found)
}

fn life(text: &str) -> Result<SignedDuration, S3Error> {
    let plain =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if !plain {
        return Err(malformed("X-Amz-Expires should be a number of seconds between 0 and 604800."));
    }
    match text.parse::<u32>() {
        Ok(seconds) if seconds <= LONGEST || crate::fault::check_is_off("expires_range") => {
            Ok(SignedDuration::from_secs(i64::from(seconds)))
        }
        _ => Err(malformed("X-Amz-Expires must be less than a week (in seconds); that is, at most 604800.")),
    }
}

/// `UNSIGNED-PAYLOAD`, unless the URL or a header says otherwise. A streaming sentinel has no place
/// here: nothing unsigned may choose how the body is read.
fn payload_hash(head: &RequestHead) -> Result<String, S3Error> {
    let mut in_query =
        head.query.parameters().iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-amz-content-sha256"));
    let value = match (in_query.next(), head.single_header("x-amz-content-sha256")?) {
        (None, None) => return Ok("UNSIGNED-PAYLOAD".to_owned()),
        (Some((_, value)), None) if in_query.next().is_none() => value.clone().unwrap_or_default(),
        (None, Some(value)) => value.to_owned(),
        _ => return Err(malformed("x-amz-content-sha256 stands more than once.")),
    };
    if value.starts_with("STREAMING-") && !crate::fault::check_is_off("presigned_sentinel") {
        return Err(S3Error::new(
            ErrorCode::InvalidRequest,
            "A presigned URL cannot be used with a streaming x-amz-content-sha256.",
        ));
    }
    Ok(value)
}

fn malformed(message: impl Into<String>) -> S3Error {
    S3Error::new(ErrorCode::AuthorizationQueryParametersError, message.into())
}
