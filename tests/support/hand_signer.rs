//! A second signer, written out step by step from the specification, for shapes that a library refuses
//! to make: a wrong scope, an unsorted list of signed headers, no host, two headers of one name.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::Sha256;

use super::app::{BACKEND_KEY_ID, BACKEND_SECRET};
use super::recording_backend::RecordedRequest;
use super::request::{Payload, Request, sha256_hex};
use super::sign::TestKey;

/// Every part of a signature, each of which a test may set to what it should not be.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) algorithm: String,
    pub(crate) access_key_id: String,
    pub(crate) secret: String,
    /// The time, as in `x-amz-date`.
    pub(crate) amz_date: String,
    pub(crate) scope_date: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) terminator: String,
    /// The names in `SignedHeaders`, in the order they are listed.
    pub(crate) signed_headers: Vec<String>,
    pub(crate) payload_hash: String,
    /// The path in the canonical request.
    pub(crate) canonical_path: String,
    /// `X-Amz-Expires`, for the presigned form.
    pub(crate) expires: String,
}

impl Recipe {
    /// The right recipe for `request`: every header is signed.
    pub(crate) fn right(request: &Request, key: &TestKey, time: Timestamp) -> Self {
        let utc = time.to_zoned(TimeZone::UTC);
        let mut signed_headers: Vec<String> =
            request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        signed_headers.sort();
        signed_headers.dedup();
        Self {
            algorithm: "AWS4-HMAC-SHA256".into(),
            access_key_id: key.id.clone(),
            secret: key.secret.clone(),
            amz_date: utc.strftime("%Y%m%dT%H%M%SZ").to_string(),
            scope_date: utc.strftime("%Y%m%d").to_string(),
            region: "us-east-1".into(),
            service: "s3".into(),
            terminator: "aws4_request".into(),
            signed_headers,
            payload_hash: request.payload_hash(),
            canonical_path: canonical_path(&request.target),
            expires: "600".into(),
        }
    }

    pub(crate) fn scope(&self) -> String {
        format!("{}/{}/{}/{}", self.scope_date, self.region, self.service, self.terminator)
    }

    /// The signature over `request` as it stands.
    pub(crate) fn signature(&self, request: &Request) -> String {
        let names = self.signed_headers.join(";");
        let mut canonical = format!("{}\n{}\n", request.method, self.canonical_path);
        let _ = writeln!(canonical, "{}", canonical_query(&request.target));
        for name in &self.signed_headers {
            let values: Vec<String> = request
                .headers
                .iter()
                .filter(|(have, _)| have.eq_ignore_ascii_case(name))
                .map(|(_, value)| String::from_utf8_lossy(value).split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
            let _ = writeln!(canonical, "{}:{}", name.to_ascii_lowercase(), values.join(","));
        }
        let _ = write!(canonical, "\n{names}\n{}", self.payload_hash);
        let hash = sha256_hex(canonical.as_bytes());
        let string_to_sign = format!("{}\n{}\n{}\n{hash}", self.algorithm, self.amz_date, self.scope());
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in [&self.scope_date, &self.region, &self.service, &self.terminator] {
            key = mac(&key, part.as_bytes());
        }
        hex(&mac(&key, string_to_sign.as_bytes()))
    }
}

impl Request {
    /// Signs in the Authorization header by a recipe that `change` may spoil.
    pub(crate) fn sign_by_hand(self, key: &TestKey, time: Timestamp, change: impl FnOnce(&mut Recipe)) -> Self {
        let request = if self.payload == Payload::Absent {
            self
        } else {
            let hash = self.payload_hash();
            self.header("x-amz-content-sha256", hash)
        };
        let mut recipe = Recipe::right(&request.clone().header("x-amz-date", "set below"), key, time);
        change(&mut recipe);
        let request = request.header("x-amz-date", &recipe.amz_date);
        request.authorize(&recipe)
    }

    /// Adds the Authorization header of `recipe` and nothing else.
    pub(crate) fn authorize(self, recipe: &Recipe) -> Self {
        let value = format!(
            "{} Credential={}/{}, SignedHeaders={}, Signature={}",
            recipe.algorithm,
            recipe.access_key_id,
            recipe.scope(),
            recipe.signed_headers.join(";"),
            recipe.signature(&self),
        );
        self.header("Authorization", value)
    }

    /// Makes a presigned URL by a recipe that `change` may spoil.
    pub(crate) fn presign_by_hand(self, key: &TestKey, time: Timestamp, change: impl FnOnce(&mut Recipe)) -> Self {
        let request = if self.payload == Payload::Hashed { self.unsigned_payload() } else { self };
        let mut recipe = Recipe::right(&request, key, time);
        change(&mut recipe);
        let credential = format!("{}/{}", recipe.access_key_id, recipe.scope());
        let request = request
            .append_query(&format!("X-Amz-Algorithm={}", encode(recipe.algorithm.as_bytes(), false)))
            .append_query(&format!("X-Amz-Credential={}", encode(credential.as_bytes(), false)))
            .append_query(&format!("X-Amz-Date={}", recipe.amz_date))
            .append_query(&format!("X-Amz-Expires={}", recipe.expires))
            .append_query(&format!("X-Amz-SignedHeaders={}", recipe.signed_headers.join("%3B")));
        let signature = recipe.signature(&request);
        request.append_query(&format!("X-Amz-Signature={signature}"))
    }
}

impl RecordedRequest {
    /// Checks the signature that Portcullis made for the backend, from nothing but the recorded bytes.
    pub(crate) fn assert_signed_by_us(&self) {
        let authorization = self.header("authorization").expect("the request to the backend is signed");
        let field = |name: &str| {
            let start = authorization.find(name).expect("the field is there") + name.len();
            authorization[start..].split(',').next().expect("split yields one piece").to_owned()
        };
        let credential = field("Credential=");
        let parts: Vec<&str> = credential.split('/').collect();
        let [id, scope_date, region, service, terminator] = parts[..] else { panic!("no credential: {credential}") };
        assert_eq!((id, region, service), (BACKEND_KEY_ID, "eu-backend-1", "s3"));
        let signed_headers: Vec<String> = field("SignedHeaders=").split(';').map(str::to_owned).collect();
        for (name, _) in &self.headers {
            let must = name.eq_ignore_ascii_case("host") || name.to_ascii_lowercase().starts_with("x-amz-");
            assert!(!must || signed_headers.contains(&name.to_ascii_lowercase()), "{name} is signed: {self:?}");
        }
        let mut request = Request::new(&self.method, &self.target);
        request.headers.clone_from(&self.headers);
        let recipe = Recipe {
            algorithm: "AWS4-HMAC-SHA256".into(),
            access_key_id: id.into(),
            secret: BACKEND_SECRET.into(),
            amz_date: self.header("x-amz-date").expect("it is dated").into(),
            scope_date: scope_date.into(),
            region: region.into(),
            service: service.into(),
            terminator: terminator.into(),
            signed_headers,
            payload_hash: self.header("x-amz-content-sha256").expect("the payload is named").into(),
            canonical_path: canonical_path(&self.target),
            expires: String::new(),
        };
        assert_eq!(field("Signature="), recipe.signature(&request), "the backend would accept {self:?}");
    }
}

/// Percent-encoding by AWS's rules; `/` stays as it is in paths.
pub(crate) fn encode(bytes: &[u8], slash_stays: bool) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || (slash_stays && *byte == b'/') {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// One percent-decoding; a broken sequence stays as it is.
fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut index = 0;
    while index < bytes.len() {
        let hex = text.get(index + 1..index + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[index], hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                index += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                index += 1;
            }
        }
    }
    decoded
}

/// The path of a target: decoded once and encoded once, so that every spelling has one form. An encoded
/// slash counts as a slash, since both are the same key.
pub(crate) fn canonical_path(target: &str) -> String {
    encode(&decode(target.split('?').next().unwrap_or_default()), true)
}

fn canonical_query(target: &str) -> String {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(&decode(name), false), encode(&decode(value), false)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

pub(super) fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
