//! Who signed a request: the data plane's verifier, for the service `sts`, with AWS STS's words for what
//! is wrong.

use std::fmt::Write as _;
use std::sync::Arc;

use http::HeaderValue;
use sha2::{Digest, Sha256};

use super::error::StsError;
use crate::control::Services;
use crate::keys::{LiveKey, Lookup};
use crate::s3::{ErrorCode, RequestHead, S3Error};
use crate::sigv4::UnverifiedSignature;

/// Somebody who signed a request with a living access key. Only [`Services::authenticate_signer`] makes
/// one.
pub(super) struct Signer(Arc<LiveKey>);

impl Signer {
    pub(super) fn key(&self) -> &LiveKey {
        &self.0
    }
}

impl Services {
    /// Finds out who signed a request, in the order of the data plane: form, time, key and signature,
    /// session token, expiry and suspension.
    pub(super) async fn authenticate_signer(&self, head: &RequestHead, body: &[u8]) -> Result<Signer, StsError> {
        if !UnverifiedSignature::is_claimed_by(head) {
            return Err(StsError::NotSigned);
        }
        let body_sha256 = Sha256::digest(body).into();
        let unverified =
            UnverifiedSignature::read_for_sts(head, &self.region, body_sha256).map_err(|error| malformed(&error))?;
        let now = self.clock.now();
        unverified.judge_time(now).map_err(|error| wrong_time(&error))?;
        let (key, known) = match self.keys.find(unverified.access_key_id()).await? {
            Lookup::Known(key) => (key, true),
            Lookup::Unknown(decoy) => (decoy, false),
        };
        let scope = unverified.scope();
        let signing_key = key.signing_key(scope.date, &scope.region, scope.service.as_str());
        match unverified.verify(head, &signing_key, known) {
            Err(error) if !crate::fault::check_is_off("sts_signature") => return Err(wrong_signature(error)),
            _ => {}
        }
        let in_query = head.query.parameters().iter().find(|(name, _)| name.eq_ignore_ascii_case(SESSION_TOKEN));
        let in_query = in_query.map(|(_, value)| value.as_deref().unwrap_or_default().as_bytes());
        let session_token = in_query.or_else(|| head.headers.get(SESSION_TOKEN).map(HeaderValue::as_bytes));
        key.judge_session_token(session_token).map_err(|_| StsError::UnknownKey)?;
        if key.expires_at.is_some_and(|end| end <= now) {
            return Err(StsError::ExpiredKey);
        }
        if self.keys.is_suspended(&key.principal) {
            return Err(StsError::UnknownKey);
        }
        self.keys.note_use(&key);
        Ok(Signer(key))
    }
}

fn malformed(error: &S3Error) -> StsError {
    let element = |wanted| error.elements.iter().find(|(name, _)| *name == wanted).map(|(_, text)| text);
    if let Some(names) = element("HeadersNotSigned") {
        return StsError::WrongSignature(format!("{names} must be among the SignedHeaders of the signature."));
    }
    if let Some(region) = element("Region") {
        return StsError::WrongSignature(format!("Credential should be scoped to the region '{region}'."));
    }
    match error.code {
        ErrorCode::InvalidAccessKeyId => StsError::UnknownKey,
        _ => StsError::IncompleteSignature(error.message.clone().into_owned()),
    }
}

fn wrong_time(error: &S3Error) -> StsError {
    let element = |wanted| error.elements.iter().find(|(name, _)| *name == wanted).map(|(_, text)| text.as_str());
    let now = element("ServerTime").unwrap_or("unknown");
    StsError::WrongSignature(format!("Signature expired or not yet current; it is now {now}. {}", error.message))
}

fn wrong_signature(error: S3Error) -> StsError {
    if error.code != ErrorCode::SignatureDoesNotMatch {
        return StsError::UnknownKey;
    }
    let mut message = error.message.into_owned();
    for (name, text) in error.elements {
        let title = match name {
            "CanonicalRequest" => "The Canonical String for this request should have been",
            "StringToSign" => "The String-to-Sign should have been",
            _ => continue,
        };
        // A session token is nobody's to print, even for the one who sent it.
        if !text.to_ascii_lowercase().contains(SESSION_TOKEN) {
            let _ = write!(message, "\n\n{title}\n'{text}'");
        }
    }
    StsError::WrongSignature(message)
}

const SESSION_TOKEN: &str = "x-amz-security-token";
