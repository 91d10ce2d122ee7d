//! Heads that mean one thing to one server on the way and another to the next. Smuggling starts with them,
//! so that they are refused, however this server would have understood them.
//!
//! <https://www.rfc-editor.org/rfc/rfc9112#section-6.3>

use http::header::{CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue};

use super::{ErrorCode, S3Error};

/// Refuses `headers` that are not read alike everywhere. The connection they came over is not to be used
/// any longer: nobody knows where the next request begins.
///
/// # Errors
/// `InvalidRequest`, or `ExpectationFailed` for an `Expect` that is not `100-continue`.
pub fn refuse_ambiguous_headers(headers: &HeaderMap) -> Result<(), S3Error> {
    if crate::fault::check_is_off("ambiguous_headers") {
        return Ok(());
    }
    if headers.keys().any(|name| is_underscored(name.as_str())) {
        return Err(invalid("Header names with an underscore are not read alike everywhere. Write a hyphen."));
    }
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(encoding) = encodings.next() {
        if encodings.next().is_some() || !encoding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return Err(invalid("Transfer-Encoding has to be chunked, and nothing else."));
        }
        if headers.contains_key(CONTENT_LENGTH) {
            return Err(invalid("Transfer-Encoding and Content-Length do not go together."));
        }
    }
    let expectations: Vec<&[u8]> = headers.get_all(EXPECT).iter().map(HeaderValue::as_bytes).collect();
    match expectations[..] {
        [] => Ok(()),
        // An empty list expects nothing (RFC 9110, section 10.1.1).
        [one] if one.trim_ascii().is_empty() => Ok(()),
        [one] if one.trim_ascii().eq_ignore_ascii_case(b"100-continue") => Ok(()),
        _ => Err(S3Error::new(ErrorCode::ExpectationFailed, "The only expectation that is met is 100-continue.")),
    }
}

/// Some servers drop such names, and some take the underscore for a hyphen. What follows `x-amz-meta-` is
/// the client's own, and clients do write underscores there.
fn is_underscored(name: &str) -> bool {
    name.contains('_') && !name.starts_with("x-amz-meta-")
}

fn invalid(message: &'static str) -> S3Error {
    S3Error::new(ErrorCode::InvalidRequest, message)
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn judge(headers: &[(&'static str, &'static str)]) -> Option<ErrorCode> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        refuse_ambiguous_headers(&map).err().map(|error| error.code)
    }

    #[test]
    fn underscores_stand_in_the_names_of_metadata_only() {
        assert_eq!(judge(&[("x-amz-meta-my_key", "1"), ("x-amz-acl", "a_b")]), None);
        for name in ["x_amz_acl", "x-amz_acl", "content_length", "transfer_encoding", "x_custom", "x-amz-meta_a"] {
            assert_eq!(judge(&[(name, "1")]), Some(ErrorCode::InvalidRequest), "{name}");
        }
    }

    #[test]
    fn a_body_is_chunked_or_has_a_length() {
        assert_eq!(judge(&[("transfer-encoding", "Chunked")]), None);
        assert_eq!(judge(&[("content-length", "5")]), None);
        for headers in [
            &[("transfer-encoding", "gzip, chunked")][..],
            &[("transfer-encoding", "identity, chunked")],
            &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "chunked"), ("content-length", "5")],
        ] {
            assert_eq!(judge(headers), Some(ErrorCode::InvalidRequest), "{headers:?}");
        }
    }

    #[test]
    fn the_only_expectation_is_100_continue() {
        assert_eq!(judge(&[("expect", "100-Continue")]), None);
        assert_eq!(judge(&[("expect", "")]), None);
        for headers in [
            &[("expect", "200-ok")][..],
            &[("expect", ","), ("expect", "")],
            &[("expect", "100-continue, 100-continue")],
            &[("expect", "100-continue"), ("expect", "100-continue")],
            &[("expect", "100-continue;a=b")],
        ] {
            assert_eq!(judge(headers), Some(ErrorCode::ExpectationFailed), "{headers:?}");
        }
    }
}
