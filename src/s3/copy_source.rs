//! The `x-amz-copy-source` header: which object a copy reads. Decoded once, before it is split, and
//! written anew for the backend, so that the object judged is the object read.

use http::HeaderValue;

use super::address::opaque_id;
use super::percent::{self, Slash};
use super::{BucketName, ErrorCode, ObjectKey, S3Error};

/// The object, or the version of one, that a copy reads.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct CopySource {
    /// The bucket, by the name the client uses.
    pub bucket: BucketName,
    /// The key, decoded.
    pub key: ObjectKey,
    /// The version, where one is named; `null` is a version too.
    pub version_id: Option<String>,
}

impl CopySource {
    /// Reads the value of an `x-amz-copy-source` header: `[/]bucket/key[?versionId=id]`, percent-encoded.
    ///
    /// A `?` starts the version only where it is written as such; an encoded one belongs to the key. A
    /// `+` is a plus, as in a path.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
    ///
    /// # Errors
    /// 400 `InvalidArgument` for anything malformed, 400 `KeyTooLongError`, and 501 for access points.
    pub fn parse(header: &[u8]) -> Result<Self, S3Error> {
        let header = std::str::from_utf8(header).map_err(|_| malformed("it is not UTF-8"))?;
        // A signature makes one space of several: with it, the holder of a URL could choose another key.
        if header.contains("  ") {
            return Err(malformed("it has spaces in a row; write them as %20"));
        }
        let (path, version) = match header.split_once('?') {
            Some((path, version)) => (path, Some(version)),
            None => (header, None),
        };
        let version_id = match version.map(|text| text.strip_prefix("versionId=")) {
            None => None,
            Some(Some(text)) if !text.is_empty() && !text.contains(['?', '&']) => {
                Some(opaque_id(decode(text)?, "The versionId of x-amz-copy-source")?)
            }
            Some(_) => {
                let why = "what follows \"?\" must be versionId= and a version; write a \"?\" of the key as %3F";
                return Err(malformed(why));
            }
        };

        let path = decode(path)?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        if path.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("arn:")) {
            let message = "Copies from access points are not implemented: name bucket and key.";
            return Err(S3Error::new(ErrorCode::NotImplemented, message));
        }
        let (bucket, key) = path.split_once('/').ok_or_else(|| malformed("it must be a bucket, a slash and a key"))?;
        let bucket = BucketName::parse(bucket)
            .map_err(|_| malformed("what comes before the first slash is not a valid bucket name"))?;
        if key.is_empty() {
            return Err(malformed("the key is empty"));
        }
        Ok(Self { bucket, key: ObjectKey::parse(key)?, version_id })
    }

    /// The header for the backend, encoded anew from what was judged.
    #[must_use]
    pub fn to_header_value(&self) -> HeaderValue {
        let mut text = percent::encode(self.bucket.as_str(), Slash::Encode);
        text.push('/');
        text.push_str(&percent::encode(self.key.as_str(), Slash::Keep));
        if let Some(version_id) = &self.version_id {
            text.push_str("?versionId=");
            text.push_str(&percent::encode(version_id, Slash::Encode));
        }
        ascii_header_value(text)
    }
}

fn ascii_header_value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("its caller writes unreserved characters, %, / and ?versionId= only")
}

/// Decodes every escape once. Control characters are refused: S3 keys may hold some, but none arrives in
/// a header by intention.
fn decode(text: &str) -> Result<String, S3Error> {
    let decoded = percent::decode(text).map_err(|error| malformed(&error.to_string()))?;
    if decoded.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(malformed("it has a control character"));
    }
    Ok(decoded.into_owned())
}

fn malformed(why: &str) -> S3Error {
    S3Error::new(ErrorCode::InvalidArgument, format!("x-amz-copy-source is malformed: {why}."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(header: &str) -> (String, String, Option<String>) {
        let source = CopySource::parse(header.as_bytes()).expect(header);
        (source.bucket.as_str().into(), source.key.as_str().into(), source.version_id)
    }

    #[test]
    fn e3_the_source_is_decoded_once_and_then_split() {
        let source = |key: &str, version: Option<&str>| ("src".into(), key.into(), version.map(Into::into));
        let cases = [
            ("src/k", source("k", None)),
            ("/src/k", source("k", None)),
            ("%2Fsrc%2Fk", source("k", None)),
            ("src/k?versionId=null", source("k", Some("null"))),
            ("src/k%3FversionId=x", source("k?versionId=x", None)),
            ("src/k%3FversionId=x?versionId=a%2Bb", source("k?versionId=x", Some("a+b"))),
            ("src%2F..%2Fother/k", source("../other/k", None)),
            ("src/a%252Fb", source("a%2Fb", None)),
            ("src/a+b%20c%2B", source("a+b c+", None)),
            ("src//k", source("/k", None)),
            ("src/%C3%A4", source("ä", None)),
            ("src/ä", source("ä", None)),
        ];
        for (header, expected) in cases {
            assert_eq!(parsed(header), expected, "{header}");
        }
    }

    #[test]
    fn e3_malformed_sources_are_400() {
        let long = format!("src/{}", "k".repeat(1025));
        let malformed = [
            "",
            "/",
            "src",
            "src/",
            "/src/",
            "//src/k",
            "src/k?",
            "src/k?x",
            "src/k?versionId=",
            "src/k?versionid=1",
            "src/k?versionId=1&x",
            "src/k?a?versionId=1",
            "src/%",
            "src/%4",
            "src/%zz",
            "src/%ff",
            "src/%00",
            "src/%0A",
            "src/a%7F",
            "SRC/k",
            "sr/k",
            "..%2Fsrc/k",
            "s c/k",
            "src/k?versionId=%0d",
            "src/k?versionId=%",
        ];
        for header in malformed {
            let error = CopySource::parse(header.as_bytes()).expect_err(header);
            assert_eq!(error.code, ErrorCode::InvalidArgument, "{header}");
        }
        assert_eq!(CopySource::parse(b"src/\xff").expect_err("refused").code, ErrorCode::InvalidArgument);
        assert_eq!(CopySource::parse(long.as_bytes()).expect_err("refused").code, ErrorCode::KeyTooLongError);
        assert_eq!(parsed(&long[..long.len() - 1]).1.len(), 1024);
    }

    #[test]
    fn e3_access_points_are_501() {
        for header in ["arn:aws:s3:us-east-1:1:accesspoint/a/object/k", "/arn%3Aaws:s3:::b/k", "ARN:aws:s3:::b/k"] {
            let error = CopySource::parse(header.as_bytes()).expect_err(header);
            assert_eq!(error.code, ErrorCode::NotImplemented, "{header}");
        }
    }

    proptest! {
        #[test]
        fn what_is_sent_on_reads_as_what_was_judged(key in "[^\\p{Cc}]{1,40}", version in proptest::option::of("[!-~&&[^./\\\\]]{1,20}")) {
            let source = CopySource {
                bucket: BucketName::parse("src").expect("a name"),
                key: ObjectKey::parse(&key).expect("a key"),
                version_id: version,
            };
            let header = source.to_header_value();
            prop_assert_eq!(CopySource::parse(header.as_bytes()).expect("readable"), source);
        }

        #[test]
        fn no_header_panics_and_what_is_accepted_survives_a_round(header in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(source) = CopySource::parse(&header) {
                prop_assert_eq!(CopySource::parse(source.to_header_value().as_bytes()).expect("readable"), source);
            }
        }
    }
}
