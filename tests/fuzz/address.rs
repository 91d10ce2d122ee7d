//! The bucket and the key that Host and path name.

use portcullis::s3::percent::{Slash, decode, encode};
use portcullis::s3::{Address, BucketName, Domains, ObjectKey};

use crate::request_text::domains;

#[test]
fn address() {
    // Host, line feed, path.
    crate::engine::run("address", |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        let Some((host, path)) = text.split_once('\n') else { return };
        check(host, path);
    });
}

fn check(host: &str, path: &str) {
    let Ok(address) = Address::parse(host, path, &domains()) else { return };
    let name = host.split(':').next().unwrap().trim_end_matches('.').to_ascii_lowercase();
    let decoded = decode(path).unwrap();
    let before = |domain: &str| name.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.')).map(str::to_owned);
    let label = before("s3.example.com").or_else(|| before("storage.example.org"));
    // The bucket ends at a label of the host or at the first slash of the decoded path, and nowhere else.
    let expected = match &label {
        Some(label) => format!("/{label}{decoded}"),
        None => decoded.to_string(),
    };
    let shown = address.to_string();
    assert_eq!(shown.trim_end_matches('/'), expected.trim_end_matches('/'), "{host} {path}");
    if let Some(bucket) = address.bucket() {
        assert_eq!(BucketName::parse(bucket.as_str()).unwrap(), *bucket);
        assert!(bucket.as_str().len() <= 63 && !bucket.as_str().contains(['/', '\\', '%', ':', '@']));
    }
    if let Some(key) = address.key() {
        assert!((1..=ObjectKey::MAX_BYTES).contains(&key.as_str().len()));
        assert_eq!(ObjectKey::parse(key.as_str()).unwrap(), *key);
    }
    // Written anew, in either style, it is the same address.
    let path_style = encode(&shown, Slash::Keep);
    for domains in [domains(), Domains::default()] {
        assert_eq!(Address::parse("localhost", &path_style, &domains).unwrap(), address);
    }
    if let Some(bucket) = address.bucket() {
        let host = format!("{}.s3.example.com:8443", bucket.as_str());
        let key = address.key().map(ObjectKey::as_str).unwrap_or_default();
        let path = format!("/{}", encode(key, Slash::Keep));
        assert_eq!(Address::parse(&host, &path, &domains()).unwrap(), address);
    }
}
