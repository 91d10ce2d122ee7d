//! The signature in the `Authorization` header.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html>

use super::canonical::ALGORITHM;
use super::payload::{Payload, PayloadSource};
use super::scope::{CredentialError, Scope, SigningTime};
use super::signed_headers::SignedHeaders;
use super::verify::{Form, UnverifiedSignature};
use crate::s3::{ErrorCode, RequestHead, S3Error};

/// Reads the `Authorization` header of `head`, whose value is `authorization`.
pub(super) fn read(
    head: &RequestHead,
    authorization: &str,
    source: PayloadSource,
) -> Result<UnverifiedSignature, S3Error> {
    let fields = scheme(authorization)?;
    let (mut credential, mut signed_headers, mut signature) = (None, None, None);
    for field in fields.split(',') {
        let (name, value) = field.trim().split_once('=').ok_or_else(|| malformed("a field has no '='"))?;
        let slot = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed_headers,
            "Signature" => &mut signature,
            _ if name.starts_with(ALGORITHM) => return Err(two_signatures()),
            _ => return Err(malformed(format!("the field '{name}' is unknown"))),
        };
        if slot.replace(value).is_some() {
            return Err(two_signatures());
        }
    }
    let missing = |name| malformed(format!("the field {name} is missing"));
    let credential = credential.ok_or_else(|| missing("Credential"))?;
    let (access_key_id, scope) =
        Scope::parse_credential(credential, source.service()).map_err(|error| match error {
            CredentialError::Length(_) => super::refusal::unknown_access_key(),
            error => malformed(format!("the Credential is wrong: {error}")),
        })?;
    let signed_headers = SignedHeaders::parse(signed_headers.ok_or_else(|| missing("SignedHeaders"))?)
        .map_err(|error| malformed(error.to_string()))?;
    let signature = super::verify::parse_signature(signature.ok_or_else(|| missing("Signature"))?)
        .ok_or_else(|| malformed("the Signature is not 64 lower-case hexadecimal digits"))?;
    let time = signing_time(head)?;
    if scope.date != time.date() && !crate::fault::check_is_off("scope") {
        return Err(malformed("the date of the Credential is not the day of x-amz-date"));
    }
    let (payload, payload_hash) = source.read(head, claimed_payload)?;
    Ok(UnverifiedSignature {
        form: Form::Header,
        access_key_id,
        scope,
        signed_headers,
        signature,
        time,
        payload,
        payload_hash,
        policy: None,
    })
}

fn claimed_payload(head: &RequestHead) -> Result<(Payload, String), S3Error> {
    match head.single_header("x-amz-content-sha256")? {
        Some(value) => Ok((Payload::parse(value)?, value.to_owned())),
        None => Ok((Payload::Empty, super::payload::EMPTY_SHA256.to_owned())),
    }
}

/// Strips the one scheme that is verified here, and refuses the others by name.
fn scheme(authorization: &str) -> Result<&str, S3Error> {
    let (scheme, fields) = authorization.trim().split_once(' ').unwrap_or((authorization.trim(), ""));
    match scheme {
        ALGORITHM => Ok(fields),
        "" => Err(S3Error::new(ErrorCode::AccessDenied, "Access Denied: the Authorization header is empty.")),
        "AWS" => Err(super::refusal::signature_version_2()),
        "AWS4-ECDSA-P256-SHA256" => Err(super::refusal::signature_version_4a()),
        _ => Err(S3Error::new(
            ErrorCode::InvalidArgument,
            "Unsupported Authorization type. Sign the request with AWS4-HMAC-SHA256 (Signature Version 4).",
        )
        .with("ArgumentName", "Authorization")),
    }
}

/// `x-amz-date`, or the `Date` header where that is absent. Either stands in the string to sign.
fn signing_time(head: &RequestHead) -> Result<SigningTime, S3Error> {
    let time = match head.single_header("x-amz-date")? {
        Some(value) => SigningTime::parse(value),
        None => match head.single_header("date")? {
            Some(value) => SigningTime::parse_http_date(value).or_else(|| SigningTime::parse(value)),
            None => None,
        },
    };
    time.ok_or_else(|| {
        S3Error::new(
            ErrorCode::AccessDenied,
            "AWS authentication requires a valid x-amz-date (YYYYMMDD'T'HHMMSS'Z') or Date header.",
        )
    })
}

fn two_signatures() -> S3Error {
    S3Error::new(ErrorCode::InvalidArgument, "The Authorization header holds two signatures.")
}

fn malformed(reason: impl AsRef<str>) -> S3Error {
    S3Error::new(
        ErrorCode::AuthorizationHeaderMalformed,
        format!("The authorization header is malformed: {}.", reason.as_ref()),
    )
}
