//! Which bucket and key a request names: derived once, from the Host and the path.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::percent;
use super::{ErrorCode, S3Error};

/// A bucket name that follows the naming rules.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BucketName(Arc<str>);

/// An object key: 1 to 1,024 bytes of UTF-8 without control characters that HTTP cannot carry.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ObjectKey(Arc<str>);

/// What a request is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Address {
    /// A bucket itself.
    Bucket(BucketName),
    /// An object in a bucket.
    Object(BucketName, ObjectKey),
    /// No bucket: the list of buckets.
    Service,
}

/// The host names under which buckets are addressed as `<bucket>.<domain>`, the longest first.
#[derive(Clone, Debug, Default)]
pub struct Domains(Vec<String>);

impl BucketName {
    /// Accepts a name that follows
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
    pub fn parse(text: &str) -> Result<Self, S3Error> {
        let label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        let right = (3..=63).contains(&text.len())
            && text.split('.').all(label)
            && text.parse::<IpAddr>().is_err()
            && !text.starts_with("xn--")
            && !text.starts_with("sthree-")
            && !text.ends_with("-s3alias")
            && !text.ends_with("--ol-s3");
        if right {
            Ok(Self(text.into()))
        } else {
            Err(S3Error::new(
                ErrorCode::InvalidBucketName,
                "The bucket name is not valid: 3 to 63 characters of a-z, 0-9, '-' and '.', \
                 each part between dots beginning and ending with a letter or digit.",
            )
            .with("BucketName", text))
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ObjectKey {
    /// The longest key, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 1024;

    /// Accepts a decoded key. Keys are bytes: nothing is normalised, NFC and NFD are two keys.
    pub fn parse(text: &str) -> Result<Self, S3Error> {
        if text.len() > Self::MAX_BYTES {
            return Err(S3Error::new(ErrorCode::KeyTooLongError, "Your key is too long: at most 1024 bytes of UTF-8.")
                .with("Size", text.len().to_string())
                .with("MaxSizeAllowed", Self::MAX_BYTES.to_string()));
        }
        if text.is_empty() || text.bytes().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
            return Err(invalid_uri("An object key cannot be empty or hold NUL, CR or LF."));
        }
        Ok(Self(text.into()))
    }

    /// Whether a backend that cleans paths could take this key for another one: it begins with `/`, has an
    /// empty, `.` or `..` segment, or a `\\`, which some (`SeaweedFS` 4) store as `/`. One trailing `/` is
    /// harmless.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        let body = self.0.strip_suffix('/').unwrap_or(&self.0);
        body.contains('\\') || body.split('/').any(|segment| matches!(segment, "" | "." | ".."))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Accepts the id of an upload or a version unless it is a path: storage that keeps uploads and versions
/// in folders of that name would follow it out of the bucket.
///
/// # Errors
/// `InvalidArgument` for a `.` or `..` segment and for a backslash.
pub(in crate::s3) fn opaque_id(text: String, name: &str) -> Result<String, S3Error> {
    if text.contains('\\') || text.split('/').any(|segment| matches!(segment, "." | "..")) {
        let message = format!("{name} is none that was ever given out: it has a '.' or '..' segment or a '\\'.");
        return Err(S3Error::new(ErrorCode::InvalidArgument, message));
    }
    Ok(text)
}

impl Address {
    /// Reads the address of a request from its Host (or `:authority`) and its raw path.
    ///
    /// # Errors
    /// `InvalidHostHeader`, `InvalidURI`, `InvalidBucketName` or `KeyTooLongError`.
    pub fn parse(host: &str, raw_path: &str, domains: &Domains) -> Result<Self, S3Error> {
        let path = percent::decode(raw_path)
            .map_err(|error| invalid_uri(format!("Couldn't parse the specified URI: {error}.")))?;
        let path = path.strip_prefix('/').ok_or_else(|| invalid_uri("The request path must begin with '/'."))?;
        let (bucket, key) = match domains.bucket_label(host)? {
            Some(bucket) => (bucket, path),
            None if path.is_empty() => return Ok(Self::Service),
            None => path.split_once('/').map_or((path.to_owned(), ""), |(bucket, key)| (bucket.to_owned(), key)),
        };
        let bucket = BucketName::parse(&bucket)?;
        if key.is_empty() {
            return Ok(Self::Bucket(bucket));
        }
        Ok(Self::Object(bucket, ObjectKey::parse(key)?))
    }

    /// The bucket, if the request names one.
    #[must_use]
    pub fn bucket(&self) -> Option<&BucketName> {
        match self {
            Self::Bucket(bucket) | Self::Object(bucket, _) => Some(bucket),
            Self::Service => None,
        }
    }

    /// The resource as S3 error documents name it: `/bucket/key`.
    #[must_use]
    pub fn resource(&self) -> String {
        match self {
            Self::Bucket(bucket) => ["/", &bucket.0].concat(),
            Self::Object(bucket, key) => ["/", &bucket.0, "/", &key.0].concat(),
            Self::Service => "/".to_owned(),
        }
    }

    /// The key, if the request names one.
    #[must_use]
    pub fn key(&self) -> Option<&ObjectKey> {
        match self {
            Self::Object(_, key) => Some(key),
            Self::Bucket(_) | Self::Service => None,
        }
    }
}

impl fmt::Display for Address {
    /// As [`resource`](Self::resource).
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.resource())
    }
}

impl Domains {
    /// The domains of the configuration, in lower case and without a port, in any order: where one lies below
    /// another it is itself, and not a bucket of the other.
    #[must_use]
    pub fn new(mut domains: Vec<String>) -> Self {
        domains.sort_by_key(|domain| std::cmp::Reverse(domain.len()));
        Self(domains)
    }

    /// The part of `host` that names the bucket, with the dot behind it, as it was sent; empty for path-style
    /// requests.
    #[must_use]
    pub fn label<'h>(&self, host: &'h str) -> &'h str {
        let bucket = self.bucket_label(host).ok().flatten();
        bucket.and_then(|bucket| host.get(..=bucket.len())).unwrap_or_default()
    }

    /// The bucket that stands before a configured domain in `host`; `None` for path-style requests:
    /// the domain itself, an IP address, `localhost`, or any name where no domain is configured.
    fn bucket_label(&self, host: &str) -> Result<Option<String>, S3Error> {
        let name = host_name(host)?;
        for domain in &self.0 {
            if name == *domain {
                return Ok(None);
            }
            if let Some(bucket) = name.strip_suffix(domain.as_str()).and_then(|rest| rest.strip_suffix('.')) {
                return Ok(Some(bucket.to_owned()));
            }
        }
        let literal = name.starts_with('[') || name.parse::<IpAddr>().is_ok();
        if literal || name == "localhost" || self.0.is_empty() || crate::fault::check_is_off("host_domain") {
            return Ok(None);
        }
        Err(invalid_host(format!("The host '{name}' is none of the domains this server answers for ([s3] domains).")))
    }
}

/// The host name of a Host header: lower case, without port and without one trailing dot.
fn host_name(host: &str) -> Result<String, S3Error> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (literal, port) =
                rest.split_once(']').ok_or_else(|| invalid_host("The IPv6 literal is not closed."))?;
            if literal.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(invalid_host("The IPv6 literal in the Host header is not an address."));
            }
            (&host[..=literal.len() + 1], port)
        }
        None => host.find(':').map_or((host, ""), |colon| host.split_at(colon)),
    };
    let port_is_right = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| !digits.is_empty() && digits.parse::<u16>().is_ok());
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let right = port_is_right
        && (name.starts_with('[')
            || name.split('.').all(|label| {
                !label.is_empty() && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
            }));
    if right { Ok(name) } else { Err(invalid_host("The Host header is not a host name with an optional port.")) }
}

fn invalid_host(message: impl Into<String>) -> S3Error {
    S3Error::new(ErrorCode::InvalidHostHeader, message.into())
}

fn invalid_uri(message: impl Into<String>) -> S3Error {
    S3Error::new(ErrorCode::InvalidURI, message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(host: &str, path: &str) -> Result<String, ErrorCode> {
        let domains = Domains::new(vec!["s3.example.com".into()]);
        Address::parse(host, path, &domains).map(|address| address.to_string()).map_err(|error| error.code)
    }

    #[test]
    fn path_style_and_virtual_hosted_requests_name_the_same_object() {
        for (host, path) in [
            ("s3.example.com", "/pictures/a/b"),
            ("S3.Example.Com:8443", "/pictures/a/b"),
            ("pictures.s3.example.com", "/a/b"),
            ("PICTURES.s3.example.com.:443", "/a/b"),
            ("127.0.0.1:8443", "/pictures/a/b"),
            ("[::1]:8443", "/pictures/a%2Fb"),
            ("localhost", "/pictures/a/b"),
        ] {
            assert_eq!(address(host, path).as_deref(), Ok("/pictures/a/b"), "{host} {path}");
        }
        assert_eq!(address("s3.example.com", "/").as_deref(), Ok("/"));
        assert_eq!(address("s3.example.com", "/pictures/").as_deref(), Ok("/pictures"));
        assert_eq!(address("a.b.s3.example.com", "/").as_deref(), Ok("/a.b"));
    }

    #[test]
    fn a_domain_below_another_is_no_bucket_of_it() {
        for domains in [["example.com", "store.example.com"], ["store.example.com", "example.com"]] {
            let domains = Domains::new(domains.map(str::to_owned).to_vec());
            let address = |host, path| Address::parse(host, path, &domains).unwrap().to_string();
            assert_eq!(address("store.example.com", "/photos/k"), "/photos/k");
            assert_eq!(address("photos.store.example.com", "/k"), "/photos/k");
            assert_eq!(address("photos.example.com", "/k"), "/photos/k");
            assert_eq!(domains.label("photos.store.example.com"), "photos.");
        }
    }

    #[test]
    fn a_host_outside_the_domains_or_without_a_label_boundary_is_refused() {
        for host in [
            "evil.com",
            "evils3.example.com",
            "user@s3.example.com",
            "s3.example.com:x",
            "s3.example.com:",
            "",
            "s3..example.com",
            "[::1",
            "[zz]",
            "s3.example.com:99999",
            "a b",
        ] {
            assert_eq!(address(host, "/pictures/a"), Err(ErrorCode::InvalidHostHeader), "{host}");
        }
    }

    #[test]
    fn bucket_names_follow_the_published_rules() {
        for name in
            ["..", ".", "ab", "Pictures", "192.168.0.1", "xn--pictures", "-abc", "abc-", "a..b", "a_b", &"a".repeat(64)]
        {
            assert_eq!(address("localhost", &format!("/{name}/k")), Err(ErrorCode::InvalidBucketName), "{name}");
        }
        assert!(address("localhost", &format!("/{}/k", "a".repeat(63))).is_ok());
    }

    #[test]
    fn keys_are_decoded_once_and_bounded() {
        assert_eq!(address("localhost", "/pictures/a%252Fb+c").as_deref(), Ok("/pictures/a%2Fb+c"));
        assert_eq!(address("localhost", &format!("/pictures/{}", "k".repeat(1025))), Err(ErrorCode::KeyTooLongError));
        assert!(address("localhost", &format!("/pictures/{}", "k".repeat(1024))).is_ok());
        for path in ["/pictures/%00", "/pictures/a%0d", "/pictures/%ff", "/pictures/%c0%af", "/pictures/%4"] {
            assert_eq!(address("localhost", path), Err(ErrorCode::InvalidURI), "{path}");
        }
    }

    #[test]
    fn keys_that_a_backend_might_clean_are_named_ambiguous() {
        for key in ["/a", "a//b", "./a", "a/..", "a/../b", "..", ".", "a//", "/", "a\\b", "\\"] {
            assert!(ObjectKey::parse(key).unwrap().is_ambiguous(), "{key}");
        }
        for key in ["a", "a/", "a/b.c", "...", "a/..b", ".a"] {
            assert!(!ObjectKey::parse(key).unwrap().is_ambiguous(), "{key}");
        }
    }
}
