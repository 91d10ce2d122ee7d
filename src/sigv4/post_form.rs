//! The signature in the fields of a form: over its policy, as it stands there.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html>

use super::canonical::ALGORITHM;
use super::payload::Payload;
use super::scope::{AcceptedRegion, CredentialError, Scope, Service, SigningTime};
use super::signed_headers::SignedHeaders;
use super::verify::{Form, UnverifiedSignature};
use crate::s3::post_form::Fields;
use crate::s3::{ErrorCode, PostPolicy, RequestHead, S3Error};

impl UnverifiedSignature {
    /// Reads the signature in the `fields` of a form, and the policy that it is said to be over. The policy
    /// counts for nothing until the signature has been verified.
    ///
    /// # Errors
    /// `AccessDenied` if nothing is signed, or a header acts beside the form; `InvalidArgument` if a part of
    /// the signature or the policy is missing; `InvalidRequest` and `NotImplemented` for other signature
    /// versions; `InvalidPolicyDocument`; `AuthorizationQueryParametersError` for a credential that is not
    /// well-formed or for another scope.
    pub fn read_form(
        head: &RequestHead,
        fields: &Fields,
        region: &AcceptedRegion,
    ) -> Result<(Self, PostPolicy), S3Error> {
        if fields.get("awsaccesskeyid").is_some() || fields.get("signature").is_some() {
            return Err(super::refusal::signature_version_2());
        }
        let [policy, algorithm, credential, date, signature] = FIELDS.map(|name| fields.get(name));
        if [policy, algorithm, credential, date, signature].iter().all(Option::is_none) {
            return Err(S3Error::new(ErrorCode::AccessDenied, "Access Denied: the form is not signed."));
        }
        let required = |value: Option<_>, name: &str| {
            value.ok_or_else(|| {
                S3Error::new(
                    ErrorCode::InvalidArgument,
                    format!(
                        "Bucket POST must contain a field named '{name}'. If it is specified, please check the order \
                         of the fields: those after the file do not count."
                    ),
                )
                .with("ArgumentName", name)
            })
        };
        let policy = required(policy, "policy")?;
        let signature = required(signature, "x-amz-signature")?;
        match required(algorithm, "x-amz-algorithm")? {
            ALGORITHM => {}
            "AWS4-ECDSA-P256-SHA256" => return Err(super::refusal::signature_version_4a()),
            _ => return Err(invalid("x-amz-algorithm", "only AWS4-HMAC-SHA256 is supported")),
        }
        let (access_key_id, scope) = Scope::parse_credential(required(credential, "x-amz-credential")?, Service::S3)
            .map_err(|error| match error {
                CredentialError::Length(_) => super::refusal::unknown_access_key(),
                error => S3Error::new(
                    ErrorCode::AuthorizationQueryParametersError,
                    format!("Error parsing the X-Amz-Credential field: {error}."),
                ),
            })?;
        let time = SigningTime::parse(required(date, "x-amz-date")?)
            .ok_or_else(|| invalid("x-amz-date", "it is not in the form yyyyMMdd'T'HHmmss'Z'"))?;
        if scope.date != time.date() && !crate::fault::check_is_off("scope") {
            return Err(invalid("x-amz-date", "it is not on the day that x-amz-credential names"));
        }
        let signature = super::verify::parse_signature(signature)
            .ok_or_else(|| invalid("x-amz-signature", "it is not 64 lower-case hexadecimal digits"))?;
        let unverified_policy = PostPolicy::parse(policy)?;
        let unverified = Self {
            form: Form::Post { expiration: unverified_policy.expiration() },
            access_key_id,
            scope,
            signed_headers: SignedHeaders::none(),
            signature,
            time,
            payload: Payload::Unsigned,
            payload_hash: String::new(),
            policy: Some(policy.to_owned()),
        };
        unverified.scope_is_ours(region)?;
        unverified.headers_are_signed(head)?;
        Ok((unverified, unverified_policy))
    }
}

/// The fields that sign, as [`UnverifiedSignature::read_form`] takes them.
const FIELDS: [&str; 5] = ["policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"];

fn invalid(name: &'static str, what: &str) -> S3Error {
    S3Error::new(ErrorCode::InvalidArgument, format!("The form field {name} is wrong: {what}."))
        .with("ArgumentName", name)
}
