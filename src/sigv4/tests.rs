//! Agreement with the `aws-sigv4` crate in both directions, over random requests. `PROPTEST_CASES`
//! sets how many; the full run takes 100,000.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign as oracle_sign,
};
use aws_sigv4::sign::v4;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::identity::SecretAccessKey;
use crate::s3::percent::{Slash, encode};
use crate::s3::{Domains, ErrorCode, RequestHead, S3Error};

const ID: &str = "CWABCDEFGHIJKLMNOPQR";
const SECRET: &str = "cwoSecretSecretSecretSecretSecretSecretSecr";
const HOST: &str = "s3.example.com:8443";
const REGION: &str = "us-east-1";
const HELLO_SHA256: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/// A request to be signed: decoded path and query, headers in lower case.
#[derive(Clone, Debug)]
struct Plain {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    time: Timestamp,
    payload_hash: String,
}

impl Plain {
    fn uri(&self) -> String {
        let mut uri = encode(&self.path, Slash::Keep);
        for (index, (name, value)) in self.query.iter().enumerate() {
            uri.push(if index == 0 { '?' } else { '&' });
            uri.push_str(&encode(name, Slash::Encode));
            uri.push('=');
            uri.push_str(&encode(value, Slash::Encode));
        }
        uri
    }

    /// The request as a client with the `aws-sigv4` crate sends it.
    fn signed_by_oracle(&self, location: SignatureLocation) -> http::Request<()> {
        self.signed_by_oracle_for("s3", location)
    }

    fn signed_by_oracle_for(&self, service: &str, location: SignatureLocation) -> http::Request<()> {
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = match location {
            SignatureLocation::QueryParams => PayloadChecksumKind::NoHeader,
            _ if service == "sts" => PayloadChecksumKind::NoHeader,
            _ => PayloadChecksumKind::XAmzSha256,
        };
        settings.expires_in = matches!(location, SignatureLocation::QueryParams).then(|| Duration::from_hours(1));
        settings.signature_location = location;
        let identity = Credentials::for_tests_with(ID, SECRET).into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(service)
            .time(SystemTime::from(self.time))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let uri = format!("https://{HOST}{}", self.uri());
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let body = SignableBody::Precomputed(self.payload_hash.clone());
        let signable = SignableRequest::new(self.method.as_str(), uri.as_str(), headers, body).unwrap();
        let (instructions, _) = oracle_sign(signable, &params).unwrap().into_parts();
        let mut request = http::Request::builder().method(self.method.clone()).uri(uri);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut request = request.body(()).unwrap();
        instructions.apply_to_request_http1x(&mut request);
        request.headers_mut().insert("host", HeaderValue::from_static(HOST));
        request
    }
}

trait ForTests {
    fn for_tests_with(id: &str, secret: &str) -> Self;
}

impl ForTests for Credentials {
    fn for_tests_with(id: &str, secret: &str) -> Self {
        Credentials::new(id, secret, None, None, "test")
    }
}

fn head_of(request: &http::Request<()>) -> RequestHead {
    let (parts, ()) = request.clone().into_parts();
    RequestHead::parse(parts.method, &parts.uri, parts.headers, &Domains::default()).unwrap()
}

fn verify(head: &RequestHead, now: Timestamp) -> Result<VerifiedSignature, S3Error> {
    let unverified = UnverifiedSignature::read(head, &AcceptedRegion::Only(REGION.into()))?;
    unverified.judge_time(now)?;
    let secret = SecretAccessKey::parse(Zeroizing::new(SECRET.into())).unwrap();
    let key = SigningKey::derive(&secret, unverified.scope().date, &unverified.scope().region, "s3");
    unverified.verify(head, &key, true)
}

fn verify_for_sts(head: &RequestHead, now: Timestamp, body_sha256: &str) -> Result<(), ErrorCode> {
    let region = AcceptedRegion::Only(REGION.into());
    let hash = const_hex::decode_to_array(body_sha256).unwrap();
    let unverified = UnverifiedSignature::read_for_sts(head, &region, hash).map_err(|error| error.code)?;
    unverified.judge_time(now).map_err(|error| error.code)?;
    let secret = SecretAccessKey::parse(Zeroizing::new(SECRET.into())).unwrap();
    let key = SigningKey::derive(&secret, unverified.scope().date, &unverified.scope().region, "sts");
    unverified.verify(head, &key, true).map(|_| ()).map_err(|error| error.code)
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 /+=&%~.!'()*,:@;$?#\u{e4}\u{6f22}\u{308}-]{1,12}"
}

fn plain() -> impl Strategy<Value = Plain> {
    let method =
        prop_oneof![Just(Method::GET), Just(Method::PUT), Just(Method::POST), Just(Method::HEAD), Just(Method::DELETE)];
    let path = ("[a-z0-9]{3,20}", proptest::option::of(name())).prop_map(|(bucket, key)| match key {
        Some(key) => format!("/{bucket}/{key}"),
        None => format!("/{bucket}"),
    });
    let query = proptest::collection::vec((name(), name()), 0..5);
    let headers = proptest::collection::btree_map("x-amz-meta-[a-z0-9]{1,8}", "[!-~]([ -~]{0,20}[!-~])?", 0..5);
    let payload = prop_oneof![Just("UNSIGNED-PAYLOAD"), Just(HELLO_SHA256)];
    // 2001 to 2099, every second of it.
    let time = 978_307_200_i64..4_070_908_800;
    (method, path, query, headers, payload, time).prop_map(|(method, path, query, headers, payload, time)| Plain {
        method,
        path,
        query: query.into_iter().map(|(name, value)| (format!("q{name}"), value)).collect(),
        headers: headers.into_iter().collect(),
        time: Timestamp::from_second(time).unwrap(),
        payload_hash: payload.to_owned(),
    })
}

proptest! {
    #[test]
    fn what_the_oracle_signs_in_the_header_verifies_here(plain in plain()) {
        let head = head_of(&plain.signed_by_oracle(SignatureLocation::Headers));
        let verified = verify(&head, plain.time);
        prop_assert!(verified.is_ok(), "{:?}", verified.err());
    }

    #[test]
    fn what_the_oracle_presigns_verifies_here(mut plain in plain()) {
        plain.payload_hash = "UNSIGNED-PAYLOAD".into();
        let head = head_of(&plain.signed_by_oracle(SignatureLocation::QueryParams));
        let verified = verify(&head, plain.time);
        prop_assert!(verified.is_ok(), "{:?}", verified.err());
    }

    #[test]
    fn what_the_oracle_signs_for_sts_verifies_for_sts_and_its_body_only(mut plain in plain(), in_query: bool) {
        plain.payload_hash = HELLO_SHA256.into();
        let location = if in_query { SignatureLocation::QueryParams } else { SignatureLocation::Headers };
        let head = head_of(&plain.signed_by_oracle_for("sts", location));
        prop_assert_eq!(verify_for_sts(&head, plain.time, HELLO_SHA256), Ok(()));
        let other = HELLO_SHA256.replace("2cf2", "2cf3");
        prop_assert_eq!(verify_for_sts(&head, plain.time, &other), Err(ErrorCode::SignatureDoesNotMatch));
        let malformed =
            if in_query { ErrorCode::AuthorizationQueryParametersError } else { ErrorCode::AuthorizationHeaderMalformed };
        prop_assert_eq!(verify(&head, plain.time).unwrap_err().code, malformed);
        let for_s3 = head_of(&plain.signed_by_oracle(location));
        prop_assert_eq!(verify_for_sts(&for_s3, plain.time, HELLO_SHA256), Err(malformed));
    }

    #[test]
    fn what_is_signed_here_is_what_the_oracle_signs(plain in plain()) {
        let expected = plain.signed_by_oracle(SignatureLocation::Headers);
        let mut headers = HeaderMap::new();
        for (name, value) in &plain.headers {
            headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        }
        let time = SigningTime::at(plain.time);
        let scope = Scope { date: time.date(), region: REGION.into(), service: Service::S3 };
        let secret = SecretAccessKey::parse(Zeroizing::new(SECRET.into())).unwrap();
        let key = SigningKey::derive(&secret, scope.date, REGION, "s3");
        let payload = if plain.payload_hash == HELLO_SHA256 {
            UpstreamPayload::Sha256(const_hex::decode_to_array(HELLO_SHA256).unwrap())
        } else {
            UpstreamPayload::Unsigned
        };
        let query = plain.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        sign(&plain.method, HOST, &plain.path, query, &mut headers, payload, (ID, &key), &scope, time);
        prop_assert_eq!(headers.get("authorization"), expected.headers().get("authorization"));
        prop_assert_eq!(headers.get("x-amz-date"), expected.headers().get("x-amz-date"));
    }

    #[test]
    fn any_change_to_a_signed_request_is_noticed(plain in plain(), change in 0_usize..7) {
        let mut request = plain.signed_by_oracle(SignatureLocation::Headers);
        match change {
            0 => *request.method_mut() = Method::PATCH,
            1 => *request.uri_mut() = format!("{}x", request.uri().path()).parse().unwrap(),
            2 => *request.uri_mut() = format!("{}?acl", request.uri().path()).parse().unwrap(),
            3 => {
                request.headers_mut().insert("host", HeaderValue::from_static("s3.example.com:8444"));
                *request.uri_mut() = request.uri().path_and_query().unwrap().as_str().parse().unwrap();
            }
            4 => {
                let other = if plain.payload_hash == HELLO_SHA256 { "UNSIGNED-PAYLOAD" } else { HELLO_SHA256 };
                request.headers_mut().insert("x-amz-content-sha256", HeaderValue::from_static(other));
            }
            5 => {
                let mut later = Vec::new();
                SigningTime::at(plain.time + jiff::SignedDuration::from_secs(if plain.time.as_second() % 86_400 == 86_399 { -1 } else { 1 })).write(&mut later);
                request.headers_mut().insert("x-amz-date", HeaderValue::from_bytes(&later).unwrap());
            }
            _ => {
                let value = request.headers()["authorization"].to_str().unwrap().to_owned();
                let digit = if value.ends_with('0') { "1" } else { "0" };
                let changed = format!("{}{digit}", &value[..value.len() - 1]);
                request.headers_mut().insert("authorization", HeaderValue::try_from(changed).unwrap());
            }
        }
        let verified = verify(&head_of(&request), plain.time);
        prop_assert_eq!(verified.map_err(|error| error.code).err(), Some(ErrorCode::SignatureDoesNotMatch));
    }
}

#[test]
fn an_unknown_key_goes_through_the_same_steps_and_is_refused_even_with_a_matching_decoy() {
    let plain = Plain {
        method: Method::GET,
        path: "/bucket/key".into(),
        query: Vec::new(),
        headers: Vec::new(),
        time: Timestamp::from_second(1_800_000_000).unwrap(),
        payload_hash: "UNSIGNED-PAYLOAD".into(),
    };
    let head = head_of(&plain.signed_by_oracle(SignatureLocation::Headers));
    assert!(verify(&head, plain.time).is_ok());
    let unverified = UnverifiedSignature::read(&head, &AcceptedRegion::Any).unwrap();
    let secret = SecretAccessKey::parse(Zeroizing::new(SECRET.into())).unwrap();
    let key = SigningKey::derive(&secret, unverified.scope().date, REGION, "s3");
    assert_eq!(unverified.verify(&head, &key, false).unwrap_err().code, ErrorCode::InvalidAccessKeyId);
}

#[test]
fn repeated_spaces_inside_a_signed_value_count_as_one() {
    let plain = Plain {
        method: Method::PUT,
        path: "/bucket/key".into(),
        query: Vec::new(),
        headers: vec![("x-amz-meta-a".into(), "one two three".into())],
        time: Timestamp::from_second(1_800_000_000).unwrap(),
        payload_hash: "UNSIGNED-PAYLOAD".into(),
    };
    let mut request = plain.signed_by_oracle(SignatureLocation::Headers);
    request.headers_mut().insert("x-amz-meta-a", HeaderValue::from_static("  one   two    three "));
    assert!(verify(&head_of(&request), plain.time).is_ok());
    request.headers_mut().insert("x-amz-meta-a", HeaderValue::from_static("onetwo three"));
    assert!(verify(&head_of(&request), plain.time).is_err());
}
