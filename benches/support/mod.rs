//! Requests as clients send them, for the benches: a GET with the three headers that every SDK signs,
//! and a PUT with five more.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use portcullis::identity::SecretAccessKey;
use portcullis::s3::{Domains, RequestHead};
use portcullis::sigv4::{Scope, Service, SigningKey, SigningTime, UpstreamPayload, sign};
use zeroize::Zeroizing;

pub(crate) const ID: &str = "CWABCDEFGHIJKLMNOPQR";
pub(crate) const HOST: &str = "s3.example.com";
pub(crate) const REGION: &str = "us-east-1";
const SECRET: &str = "cwoSecretSecretSecretSecretSecretSecretSecr";
const HASH: [u8; 32] = [7; 32];

pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("a time")
}

pub(crate) fn key() -> SigningKey {
    let secret = SecretAccessKey::parse(Zeroizing::new(SECRET.to_owned())).expect("a secret");
    SigningKey::derive(&secret, SigningTime::at(now()).date(), REGION, "s3")
}

pub(crate) fn scope() -> Scope {
    Scope { date: SigningTime::at(now()).date(), region: REGION.to_owned(), service: Service::S3 }
}

/// A signed GET with host, x-amz-content-sha256 and x-amz-date.
pub(crate) fn get() -> RequestHead {
    signed(Method::GET, HeaderMap::new(), UpstreamPayload::Empty)
}

/// A signed PUT with eight signed headers.
pub(crate) fn put() -> RequestHead {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("x-amz-checksum-crc32", "AAAAAA=="),
        ("x-amz-meta-author", "somebody"),
        ("x-amz-meta-purpose", "a bench"),
        ("x-amz-storage-class", "STANDARD"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    signed(Method::PUT, headers, UpstreamPayload::Sha256(HASH))
}

fn signed(method: Method, mut headers: HeaderMap, payload: UpstreamPayload) -> RequestHead {
    let path = "/my-bucket/some/folder/an-object-of-usual-name.parquet";
    let time = SigningTime::at(now());
    sign(&method, HOST, path, [].into_iter(), &mut headers, payload, (ID, &key()), &scope(), time);
    headers.insert("host", HeaderValue::from_static(HOST));
    headers.insert("user-agent", HeaderValue::from_static("aws-sdk-rust/1.3 os/linux lang/rust/1.95"));
    let uri = path.parse().expect("a target");
    RequestHead::parse(method, &uri, headers, &Domains::default()).expect("a request")
}
