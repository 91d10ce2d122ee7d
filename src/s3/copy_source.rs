//! The `x-amz-copy-source` header: which object a copy reads. Decoded once, before it is split, and
//! written anew for the backend, so that the object judged is the object read.

use http::HeaderValue;

use super::{ErrorCode, S3Error};

/// The object, or the version of one, that a copy reads.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct CopySource {
    /// The bucket, by the name the client uses.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
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
        let question = header.iter().position(|byte| *byte == b'?');
        let (path, version) = match question {
            Some(at) => (&header[..at], Some(&header[at + 1..])),
            None => (header, None),
        };
        let version_id = match version.map(|text| text.strip_prefix(b"versionId=")) {
            None => None,
            Some(Some(text)) if !text.is_empty() && !text.contains(&b'?') && !text.contains(&b'&') => {
                Some(decode(text)?)
            }
            Some(_) => {
                return Err(malformed(
                    "what follows \"?\" must be versionId= and a version; encode a \"?\" of the key as %3F",
                ));
            }
        };

        let path = decode(path)?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        if path.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("arn:")) {
            return Err(S3Error::new(
                ErrorCode::NotImplemented,
                "Copies from access points are not implemented: name bucket and key.",
            ));
        }
        let (bucket, key) = path.split_once('/').ok_or_else(|| malformed("it must be a bucket, a slash and a key"))?;
        if !is_bucket_name(bucket) {
            return Err(malformed("what comes before the first slash is not a bucket name"));
        }
        if key.is_empty() {
            return Err(malformed("the key is empty"));
        }
        if key.len() > 1024 {
            return Err(S3Error::new(
                ErrorCode::KeyTooLongError,
                "The key in x-amz-copy-source is longer than 1024 bytes.",
            ));
        }
        Ok(Self { bucket: bucket.into(), key: key.into(), version_id })
    }

    /// The header for the backend, where the source bucket is called `bucket`: what was judged, encoded
    /// anew.
    #[must_use]
    pub fn to_header_value(&self) -> HeaderValue {
        let mut text = format!("{}/{}", encode(&self.bucket, false), encode(&self.key, true));
        if let Some(version_id) = &self.version_id {
            text.push_str("?versionId=");
            text.push_str(&encode(version_id, false));
        }
        ascii_header_value(text)
    }
}

fn ascii_header_value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("its callers write unreserved characters, %, / and ?versionId= only")
}

/// Decodes every escape once. Half an escape, bytes that are not UTF-8 and control characters are errors.
fn decode(text: &[u8]) -> Result<String, S3Error> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let (byte, after) = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                let (high, low) = digit(high).zip(digit(low)).ok_or_else(|| malformed("it has a broken %-escape"))?;
                let byte = u8::try_from(high * 16 + low).expect("two hexadecimal digits make one byte");
                (byte, after)
            }
            (b'%', _) => return Err(malformed("it has a broken %-escape")),
            (byte, after) => (*byte, after),
        };
        decoded.push(byte);
        rest = after;
    }
    let decoded = String::from_utf8(decoded).map_err(|_| malformed("it is not UTF-8"))?;
    if decoded.chars().any(|character| character.is_ascii_control()) {
        return Err(malformed("it has a control character"));
    }
    Ok(decoded)
}

fn encode(text: &str, keep_slash: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (keep_slash && byte == b'/') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for digit in [byte >> 4, byte & 15] {
                encoded.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
            }
        }
    }
    encoded
}

fn is_bucket_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    let outer = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = text.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| inner(*byte))
        && outer(bytes.first())
        && outer(bytes.last())
        && !text.contains("..")
}

fn malformed(why: &str) -> S3Error {
    S3Error::new(ErrorCode::InvalidArgument, format!("x-amz-copy-source is malformed: {why}."))
}
