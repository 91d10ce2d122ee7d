//! Verification, in the order in which S3 refuses: form, then time, then key and signature. Each step
//! consumes what the last one returned, so none can be left out.

use std::cell::RefCell;

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq;

use super::alternatives::{Alternative, Forgiven, Forgiveness};
use super::canonical::{Canonical, MissingHeader, write_string_to_sign};
use super::chunk_signature::ChunkVerifier;
use super::payload::{Payload, PayloadSource};
use super::refusal::{mismatch, signature_version_2, unknown_access_key, unsigned};
use super::scope::{AcceptedRegion, Scope, SigningTime};
use super::signed_headers::SignedHeaders;
use super::{SigningKey, header_form, query_form};
use crate::identity::AccessKeyId;
use crate::s3::percent;
use crate::s3::{ErrorCode, RequestHead, S3Error};

/// Where the signature stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the fields of a form, whose policy is good until `expiration`.
    Post {
        /// The end of the policy's life.
        expiration: Timestamp,
    },
    /// In the query of a presigned URL that is good for `expires`.
    Presigned {
        /// The life of the URL from its signing time.
        expires: SignedDuration,
    },
}

/// What a request claims of its signature. Well-formed, and not believed.
#[derive(Debug)]
pub struct UnverifiedSignature {
    pub(super) form: Form,
    pub(super) access_key_id: AccessKeyId,
    pub(super) scope: Scope,
    pub(super) signed_headers: SignedHeaders,
    pub(super) signature: [u8; 32],
    pub(super) time: SigningTime,
    pub(super) payload: Payload,
    pub(super) payload_hash: String,
    /// The policy of a form: what is signed there, in place of a request.
    pub(super) policy: Option<String>,
}

/// A signature that was made with the secret of `access_key_id` over the request it came with.
/// Only [`UnverifiedSignature::verify`] makes one.
#[derive(Debug)]
pub struct VerifiedSignature {
    access_key_id: AccessKeyId,
    form: Form,
    payload: Payload,
    time: SigningTime,
    forgiven: Option<Forgiven>,
    chunks: Option<ChunkVerifier>,
}

impl UnverifiedSignature {
    /// Reads the signature of `head`, from its `Authorization` header or its query.
    ///
    /// # Errors
    /// `AccessDenied` if there is none; `InvalidArgument` if there are two; `NotImplemented` and
    /// `InvalidRequest` for other signature versions; `AuthorizationHeaderMalformed` or
    /// `AuthorizationQueryParametersError` for one that is not well-formed or for another scope;
    /// `AccessDenied` if `host` or an `x-amz-*` header is not signed.
    pub fn read(head: &RequestHead, region: &AcceptedRegion) -> Result<Self, S3Error> {
        Self::read_for(PayloadSource::Claim, head, region)
    }

    /// Reads the signature of `head`, which has to be one for the security token service and to cover a
    /// body with the hash `body_sha256`.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_for_sts(head: &RequestHead, region: &AcceptedRegion, body_sha256: [u8; 32]) -> Result<Self, S3Error> {
        Self::read_for(PayloadSource::Body(body_sha256), head, region)
    }

    /// Whether `head` means to be signed, rightly or not.
    #[must_use]
    pub fn is_claimed_by(head: &RequestHead) -> bool {
        head.headers.contains_key("authorization")
            || query_form::is_present(head)
            || query_form::is_signature_version_2(head)
    }

    fn read_for(source: PayloadSource, head: &RequestHead, region: &AcceptedRegion) -> Result<Self, S3Error> {
        let mut values = head.headers.get_all("authorization").iter();
        let presigned = query_form::is_present(head) && !crate::fault::check_is_off("one_mechanism");
        let unverified = match (values.next(), presigned) {
            (Some(_), true) => {
                return Err(S3Error::new(
                    ErrorCode::InvalidArgument,
                    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization \
                     header should be specified.",
                ));
            }
            (Some(value), false) => {
                let text = value.to_str().map_err(|_| {
                    S3Error::new(ErrorCode::AuthorizationHeaderMalformed, "The authorization header is not ASCII.")
                })?;
                header_form::read(head, text, source)?
            }
            (None, _) if query_form::is_present(head) => query_form::read(head, source)?,
            (None, _) if query_form::is_signature_version_2(head) => return Err(signature_version_2()),
            (None, _) => {
                return Err(unsigned());
            }
        };
        unverified.scope_is_ours(region)?;
        unverified.headers_are_signed(head)?;
        Ok(unverified)
    }

    /// The key the request claims to be signed with.
    #[must_use]
    pub fn access_key_id(&self) -> &AccessKeyId {
        &self.access_key_id
    }

    /// The scope the request claims to be signed for.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Verifies the signature over `head`, or over the policy of a form, with `key`, which is derived for this
    /// very scope.
    ///
    /// `known` says whether the key belongs to a real secret: an unknown key goes through the same
    /// MAC and the same comparison with a decoy, and then fails as unknown.
    ///
    /// # Errors
    /// `InvalidAccessKeyId` for an unknown key; `SignatureDoesNotMatch`, with what was signed here, for
    /// a signature that was not made with this key over this request.
    pub fn verify(self, head: &RequestHead, key: &SigningKey, known: bool) -> Result<VerifiedSignature, S3Error> {
        self.verify_forgiving(head, key, known, None)
    }

    /// The same; a signature that does not match is tried again with what proxies in front may have changed,
    /// as often for an unknown key as for a known one. What is refused is told of the request as received.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify).
    pub fn verify_forgiving(
        self,
        head: &RequestHead,
        key: &SigningKey,
        known: bool,
        forgiveness: Option<&Forgiveness>,
    ) -> Result<VerifiedSignature, S3Error> {
        CANONICAL.with_borrow_mut(|(canonical_request, string_to_sign)| {
            let (complete, matches) = self.matches(head, None, key, (canonical_request, string_to_sign));
            // A form's signature covers no header: there is nothing in it that a proxy could have changed.
            let forgiveness = forgiveness.filter(|_| !matches && self.policy.is_none());
            let forgiven = forgiveness.and_then(|forgiveness| self.forgiven(head, key, forgiveness));
            if !known {
                return Err(unknown_access_key().with("AWSAccessKeyId", self.access_key_id.as_str()));
            }
            if matches || forgiven.is_some() || crate::fault::check_is_off("signature") {
                let Self { access_key_id, form, payload, time, scope, signature, .. } = self;
                let has_chunks = payload.has_signed_chunks();
                let chunks = has_chunks.then(|| ChunkVerifier::new(key, time, &scope, signature));
                return Ok(VerifiedSignature { access_key_id, form, payload, time, forgiven, chunks });
            }
            Err(mismatch(&self, complete, canonical_request, string_to_sign))
        })
    }

    /// Which alternative `head` was signed as, if any.
    fn forgiven(&self, head: &RequestHead, key: &SigningKey, forgiveness: &Forgiveness) -> Option<Forgiven> {
        let mut buffers = (Vec::new(), Vec::new());
        let alternatives = forgiveness.alternatives(head, self.signed_headers.contain("accept-encoding"));
        let mut tried = alternatives.iter();
        let won =
            tried.find(|alternative| self.matches(head, Some(alternative), key, (&mut buffers.0, &mut buffers.1)).1);
        won.map(Alternative::what)
    }

    /// Whether this is the signature of `head`, and whether every header is there that it covers. Leaves the
    /// canonical request and the string to sign in the buffers.
    fn matches(
        &self,
        head: &RequestHead,
        alternative: Option<&Alternative>,
        key: &SigningKey,
        (canonical_request, string_to_sign): (&mut Vec<u8>, &mut Vec<u8>),
    ) -> (Result<(), MissingHeader>, bool) {
        canonical_request.clear();
        string_to_sign.clear();
        let complete = if let Some(policy) = &self.policy {
            string_to_sign.extend_from_slice(policy.as_bytes());
            Ok(())
        } else {
            let complete = self.write_canonical(head, alternative, canonical_request);
            write_string_to_sign(string_to_sign, self.time, &self.scope, canonical_request);
            complete
        };
        let matches = bool::from(key.mac(string_to_sign).ct_eq(&self.signature)) && complete.is_ok();
        (complete, matches)
    }

    /// Appends the canonical request of `head` to `out`, with the headers that this signature claims to
    /// cover.
    ///
    /// # Errors
    /// [`MissingHeader`] if one of them is not there; what was written up to it stays.
    pub fn write_canonical_request(&self, head: &RequestHead, out: &mut Vec<u8>) -> Result<(), MissingHeader> {
        self.write_canonical(head, None, out)
    }

    /// The same, with what an `alternative` says in place of what was received.
    fn write_canonical(
        &self,
        head: &RequestHead,
        alternative: Option<&Alternative>,
        out: &mut Vec<u8>,
    ) -> Result<(), MissingHeader> {
        let path = percent::decode(&head.raw_path).expect("the address was decoded from the same path");
        let presigned = matches!(self.form, Form::Presigned { .. });
        let query = head
            .query
            .parameters()
            .iter()
            .filter(|(name, _)| !(presigned && name == "X-Amz-Signature"))
            .map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or_default()));
        Canonical {
            method: &head.method,
            path: &path,
            query,
            headers: &head.headers,
            host: alternative.and_then(Alternative::host).unwrap_or(&head.host),
            accept_encoding: alternative.and_then(Alternative::accept_encoding),
            signed_headers: self.signed_headers.as_str(),
            payload_hash: &self.payload_hash,
        }
        .write(out)
    }

    pub(super) fn scope_is_ours(&self, region: &AcceptedRegion) -> Result<(), S3Error> {
        let AcceptedRegion::Only(expected) = region else { return Ok(()) };
        if region.accepts(&self.scope.region) || crate::fault::check_is_off("scope") {
            return Ok(());
        }
        let (code, what) = match self.form {
            Form::Header => (ErrorCode::AuthorizationHeaderMalformed, "The authorization header is malformed"),
            Form::Post { .. } | Form::Presigned { .. } => {
                (ErrorCode::AuthorizationQueryParametersError, "Error parsing the X-Amz-Credential parameter")
            }
        };
        let message = format!("{what}: the region '{}' is wrong; expecting '{expected}'.", self.scope.region);
        Err(S3Error::new(code, message).with("Region", expected.clone()))
    }

    /// `host` and every `x-amz-*` header have to be signed: what nobody signed must not act. A form signs no
    /// header at all; its policy names the bucket.
    pub(super) fn headers_are_signed(&self, head: &RequestHead) -> Result<(), S3Error> {
        let signed = |name: &str| self.signed_headers.contain(name);
        let unsigned = |names: &str| {
            S3Error::new(ErrorCode::AccessDenied, "There were headers present in the request which were not signed")
                .with("HeadersNotSigned", names)
        };
        let is_form = matches!(self.form, Form::Post { .. });
        if !signed("host") && !is_form && !crate::fault::check_is_off("host_signed") {
            return Err(unsigned("host"));
        }
        // x-amz-cf-id is what a CDN adds; it is dropped without effect.
        let names = head.headers.keys().map(http::HeaderName::as_str);
        let missing: Vec<&str> =
            names.filter(|name| name.starts_with("x-amz-") && *name != "x-amz-cf-id" && !signed(name)).collect();
        if missing.is_empty() || crate::fault::check_is_off("unsigned_amz_headers") {
            return Ok(());
        }
        Err(unsigned(&missing.join(", ")))
    }
}

thread_local! {
    /// The canonical request and string to sign of the request at hand, reused from one to the next.
    static CANONICAL: RefCell<(Vec<u8>, Vec<u8>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

impl VerifiedSignature {
    /// The key that signed.
    #[must_use]
    pub fn access_key_id(&self) -> &AccessKeyId {
        &self.access_key_id
    }

    /// Where the signature stood.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// What the signature says of the body.
    #[must_use]
    pub fn payload(&self) -> Payload {
        self.payload
    }

    /// What of the request is other than it was signed, if it is.
    #[must_use]
    pub fn forgiven(&self) -> Option<Forgiven> {
        self.forgiven
    }

    /// When the request was signed.
    #[must_use]
    pub fn time(&self) -> SigningTime {
        self.time
    }

    /// What verifies the chunks of the body, where it comes in signed chunks.
    #[must_use]
    pub fn into_chunk_verifier(self) -> Option<ChunkVerifier> {
        self.chunks
    }

    /// Takes the authentication parameters and the hoisted headers of a presigned URL out of the query
    /// of `head`, and returns the latter with their names in lower case.
    ///
    /// # Errors
    /// `InvalidArgument` if a hoisted header stands twice or is also sent as a header.
    pub fn take_signed_parameters(&self, head: &mut RequestHead) -> Result<Vec<(String, String)>, S3Error> {
        if !matches!(self.form, Form::Presigned { .. }) {
            return Ok(Vec::new());
        }
        let is_amz = |name: &str| name.get(..6).is_some_and(|prefix| prefix.eq_ignore_ascii_case("x-amz-"));
        let taken = head.query.take(is_amz);
        let mut hoisted: Vec<(String, String)> = Vec::new();
        for (name, value) in taken.into_iter().filter(|(name, _)| !query_form::is_authentication(name)) {
            let name = name.to_ascii_lowercase();
            if head.headers.contains_key(name.as_str()) || hoisted.iter().any(|(known, _)| *known == name) {
                return Err(S3Error::new(
                    ErrorCode::InvalidArgument,
                    format!("{name} stands in the query of the presigned URL and once more in the request."),
                ));
            }
            hoisted.push((name, value.unwrap_or_default()));
        }
        Ok(hoisted)
    }
}

/// 64 lower-case hexadecimal digits.
pub(super) fn parse_signature(text: &str) -> Option<[u8; 32]> {
    let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut signature = [0_u8; 32];
    (text.len() == 64 && lower && const_hex::decode_to_slice(text, &mut signature).is_ok()).then_some(signature)
}
