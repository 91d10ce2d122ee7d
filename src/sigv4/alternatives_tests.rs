//! What is forgiven, what is not, and how much work that is.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::alternatives::{Forgiven, Forgiveness};
use super::scope::{Scope, Service, SigningTime};
use super::signing_key::MACS;
use super::{AcceptedRegion, SigningKey, UnverifiedSignature};
use crate::identity::SecretAccessKey;
use crate::s3::{Domains, ErrorCode, RequestHead};

const HASH: &str = "UNSIGNED-PAYLOAD";

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn key() -> SigningKey {
    let secret = SecretAccessKey::parse(Zeroizing::new("cwoSecretSecretSecretSecretSecretSecretSecr".into())).unwrap();
    SigningKey::derive(&secret, SigningTime::at(now()).date(), "us-east-1", "s3")
}

fn domains() -> Vec<String> {
    vec!["s3.example.com".to_owned()]
}

fn external(hosts: &[(&str, Option<u16>)]) -> Forgiveness {
    let hosts: Vec<_> = hosts.iter().map(|(name, port)| ((*name).to_owned(), *port)).collect();
    Forgiveness::new(&hosts, &domains(), 443)
}

/// A request as a proxy sends it on.
#[derive(Clone)]
struct Sent {
    host: &'static str,
    path: &'static str,
    accept_encoding: Option<&'static str>,
    served: Vec<String>,
}

fn sent(host: &'static str, path: &'static str) -> Sent {
    Sent { host, path, accept_encoding: None, served: domains() }
}

impl Sent {
    fn encoded(self, accept_encoding: &'static str) -> Self {
        Self { accept_encoding: Some(accept_encoding), ..self }
    }

    fn head(&self, authorization: &str) -> RequestHead {
        let mut headers = HeaderMap::new();
        let date = now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let fields = [
            ("host", self.host),
            ("x-amz-date", &date),
            ("x-amz-content-sha256", HASH),
            ("authorization", authorization),
        ];
        for (name, value) in fields.into_iter().chain(self.accept_encoding.map(|value| ("accept-encoding", value))) {
            headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        RequestHead::parse(Method::GET, &self.path.parse().unwrap(), headers, &Domains::new(self.served.clone()))
            .unwrap()
    }

    /// Judges a signature that was made for `signed_host` and `signed_encoding`.
    fn judge(
        &self,
        signed_host: &str,
        signed_encoding: Option<&str>,
        forgiveness: Option<&Forgiveness>,
        known: bool,
    ) -> Result<Option<Forgiven>, ErrorCode> {
        let names = if signed_encoding.is_some() { "accept-encoding;host" } else { "host" };
        let list = format!("{names};x-amz-content-sha256;x-amz-date");
        let encoding = signed_encoding.map(|value| format!("accept-encoding:{value}\n")).unwrap_or_default();
        let date = now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let canonical = format!(
            "GET\n{}\n\n{encoding}host:{signed_host}\nx-amz-content-sha256:{HASH}\nx-amz-date:{date}\n\n{list}\n{HASH}",
            self.path
        );
        let time = SigningTime::at(now());
        let scope = Scope { date: time.date(), region: "us-east-1".to_owned(), service: Service::S3 };
        let mut to_sign = Vec::new();
        super::canonical::write_string_to_sign(&mut to_sign, time, &scope, canonical.as_bytes());
        let signature = const_hex::encode(key().mac(&to_sign));
        let day = &date[..8];
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=CWABCDEFGHIJKLMNOPQR/{day}/us-east-1/s3/aws4_request, SignedHeaders={list}, \
             Signature={signature}"
        );
        let head = self.head(&authorization);
        let unverified = UnverifiedSignature::read(&head, &AcceptedRegion::Any).unwrap();
        MACS.set(0);
        let verified = unverified.verify_forgiving(&head, &key(), known, forgiveness);
        verified.map(|verified| verified.forgiven()).map_err(|error| error.code)
    }
}

#[test]
fn a_host_that_a_proxy_rewrote_is_forgiven() {
    let one = external(&[("s3.example.com", None)]);
    let with_port = external(&[("s3.example.com", Some(8443)), ("files.example.org", None)]);
    let cases = [
        // The name of an inner host.
        (sent("127.0.0.1:8333", "/bucket/k"), "s3.example.com", &one, Forgiven::Host),
        (sent("localhost", "/bucket/k"), "s3.example.com:443", &one, Forgiven::Host),
        (sent("localhost", "/bucket/k"), "s3.example.com:8443", &with_port, Forgiven::Host),
        (sent("localhost", "/bucket/k"), "files.example.org", &with_port, Forgiven::Host),
        (sent("localhost", "/bucket/k"), "files.example.org:443", &with_port, Forgiven::Host),
        // A port that is left out, or added.
        (sent("s3.example.com", "/bucket/k"), "s3.example.com:443", &one, Forgiven::Port),
        (sent("s3.example.com:8333", "/bucket/k"), "s3.example.com", &with_port, Forgiven::Port),
        (sent("[::1]:8333", "/bucket/k"), "[::1]", &one, Forgiven::Port),
        (sent("s3.example.com", "/bucket/k"), "s3.example.com:8443", &with_port, Forgiven::Host),
        // The bucket stays in front.
        (sent("bucket.s3.example.com", "/k"), "bucket.s3.example.com:8443", &with_port, Forgiven::Host),
        (sent("bucket.s3.example.com", "/k"), "bucket.files.example.org", &with_port, Forgiven::Host),
        (sent("bucket.s3.example.com:8333", "/k"), "bucket.s3.example.com", &one, Forgiven::Host),
    ];
    for (sent, signed, forgiveness, what) in cases {
        assert_eq!(sent.judge(signed, None, Some(forgiveness), true), Ok(Some(what)), "{} for {signed}", sent.host);
        assert_eq!(sent.judge(signed, None, Some(forgiveness), false), Err(ErrorCode::InvalidAccessKeyId));
        assert_eq!(sent.judge(signed, None, None, true), Err(ErrorCode::SignatureDoesNotMatch), "{signed}");
    }
    let as_it_is = sent("s3.example.com", "/bucket/k").judge("s3.example.com", None, Some(&one), true);
    assert_eq!((as_it_is, MACS.get()), (Ok(None), 1));
}

#[test]
fn accept_encoding_is_forgiven_where_it_is_signed() {
    let one = external(&[("s3.example.com", None)]);
    let at = |host| sent(host, "/bucket/k");
    for (received, signed) in [
        (at("s3.example.com").encoded("gzip, br"), "identity"),
        (at("s3.example.com").encoded("gzip, br"), "gzip"),
        (at("s3.example.com").encoded("gzip"), "identity"),
        (at("s3.example.com").encoded("gzip"), ""),
        (at("s3.example.com"), "identity"),
    ] {
        let judged = received.judge("s3.example.com", Some(signed), Some(&one), true);
        assert_eq!(judged, Ok(Some(Forgiven::AcceptEncoding)), "{signed}");
        let without = received.judge("s3.example.com", Some(signed), None, true);
        assert_eq!(without, Err(ErrorCode::SignatureDoesNotMatch), "{signed}");
    }
    let both = at("localhost").encoded("gzip, br").judge("s3.example.com", Some("identity"), Some(&one), true);
    assert_eq!(both, Ok(Some(Forgiven::HostAndAcceptEncoding)));
    let other = at("s3.example.com").encoded("gzip").judge("s3.example.com", Some("zstd"), Some(&one), true);
    assert_eq!(other, Err(ErrorCode::SignatureDoesNotMatch));
}

#[test]
fn another_bucket_key_or_style_is_never_forgiven() {
    let hosts = external(&[("s3.example.com", None), ("files.example.org", None)]);
    for (sent, signed) in [
        // The bucket in front is another one, is missing, or comes from nowhere.
        (sent("other.s3.example.com", "/k"), "bucket.s3.example.com"),
        (sent("bucket.s3.example.com", "/k"), "s3.example.com"),
        (sent("localhost", "/bucket/k"), "bucket.s3.example.com"),
        (sent("localhost", "/bucket/k"), "bucket.files.example.org"),
        (sent("localhost", "/bucket/k"), "evil.example.net"),
        (sent("localhost", "/bucket/k"), "s3.example.com:80"),
        (sent("localhost", "/bucket/k"), "s3.example.com:8443"),
    ] {
        let judged = sent.judge(signed, None, Some(&hosts), true);
        assert_eq!(judged, Err(ErrorCode::SignatureDoesNotMatch), "{} for {signed}", sent.host);
        assert!(MACS.get() <= 6, "{}", MACS.get());
    }
}

#[test]
fn a_name_below_another_does_not_turn_a_bucket_into_a_part_of_it() {
    // Who signs for abc.example.com means the bucket in the path: here it would be the bucket abc.
    let served = vec!["abc.example.com".to_owned()];
    let forgiveness = Forgiveness::new(&[("example.com".to_owned(), None)], &served, 443);
    let crossing = Sent { served: served.clone(), ..sent("abc.abc.example.com", "/secret/k") };
    let judged = crossing.judge("abc.example.com", None, Some(&forgiveness), true);
    assert_eq!(judged, Err(ErrorCode::SignatureDoesNotMatch));
    let right = Sent { served, ..sent("other.abc.example.com", "/k") };
    assert_eq!(right.judge("other.example.com", None, Some(&forgiveness), true), Ok(Some(Forgiven::Host)));
}

#[test]
fn of_two_names_that_clients_know_the_one_below_the_other_is_no_bucket_of_it() {
    // Who signs for store.example.com means the bucket in the path: here it would be the bucket store.
    for order in [["example.com", "store.example.com"], ["store.example.com", "example.com"]] {
        let forgiveness = external(&order.map(|name| (name, None)));
        let judged =
            sent("store.s3.example.com", "/photos/k").judge("store.example.com", None, Some(&forgiveness), true);
        assert_eq!(judged, Err(ErrorCode::SignatureDoesNotMatch), "{order:?}");
        for signed in ["photos.store.example.com", "photos.example.com"] {
            let right = sent("photos.s3.example.com", "/k").judge(signed, None, Some(&forgiveness), true);
            assert_eq!(right, Ok(Some(Forgiven::Host)), "{order:?} {signed}");
        }
    }
}

#[test]
fn six_signatures_at_most_and_as_many_for_unknown_keys() {
    let sets = [
        external(&[]),
        external(&[("s3.example.com", None)]),
        external(&[("a.example.net", Some(8443)), ("b.example.net", None)]),
        external(&[("a.example.net", None), ("b.example.net", Some(443))]),
    ];
    let mut most = 0;
    for forgiveness in &sets {
        for host in ["localhost", "s3.example.com:8333", "bucket.s3.example.com", "127.0.0.1:80"] {
            for received in [None, Some("gzip"), Some("identity"), Some("gzip, br"), Some("")] {
                for signed in [None, Some("deflate")] {
                    let mut sent = sent(host, "/bucket/k");
                    sent.accept_encoding = received;
                    let known = sent.judge("evil.example.net", signed, Some(forgiveness), true);
                    assert_eq!(known, Err(ErrorCode::SignatureDoesNotMatch));
                    let tried = MACS.get();
                    let unknown = sent.judge("evil.example.net", signed, Some(forgiveness), false);
                    assert_eq!(unknown, Err(ErrorCode::InvalidAccessKeyId));
                    assert_eq!(MACS.get(), tried, "{host} {received:?}: known and unknown keys cost the same");
                    assert!((2..=6).contains(&tried), "{host} {received:?} {tried}");
                    most = most.max(tried);
                }
            }
        }
    }
    assert_eq!(most, 6, "the bound is reached");
}
