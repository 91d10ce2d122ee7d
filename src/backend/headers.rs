//! Which headers travel, each way. Both lists allow: what they do not name goes nowhere.

use http::HeaderMap;
use http::header::{self, HeaderName};

use crate::s3::{ErrorCode, S3Error};

/// Standard headers that describe the object or the condition.
const STANDARD: [HeaderName; 12] = [
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    HeaderName::from_static("content-md5"),
    header::CONTENT_TYPE,
    header::EXPIRES,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_UNMODIFIED_SINCE,
    header::RANGE,
];

/// `x-amz-*` headers that are sent on when the client signed them.
const AMZ: [&str; 49] = [
    "x-amz-acl",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-bypass-governance-retention",
    "x-amz-checksum-algorithm",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-mode",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-checksum-type",
    "x-amz-copy-source",
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-unmodified-since",
    "x-amz-copy-source-range",
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "x-amz-copy-source-server-side-encryption-customer-key-md5",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-if-match-initiated-time",
    "x-amz-if-match-last-modified-time",
    "x-amz-if-match-size",
    "x-amz-max-parts",
    "x-amz-metadata-directive",
    "x-amz-mp-object-size",
    "x-amz-object-attributes",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-ownership",
    "x-amz-optional-object-attributes",
    "x-amz-part-number-marker",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-server-side-encryption-customer-key-md5",
    "x-amz-storage-class",
    "x-amz-tagging",
    "x-amz-tagging-directive",
    "x-amz-website-redirect-location",
];

/// `x-amz-*` headers that take no effect: authentication, framing, and words about the client.
const DROPPED: [&str; 9] = [
    "x-amz-api-version",
    "x-amz-cf-id",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-security-token",
    "x-amz-te",
    "x-amz-trailer",
    "x-amz-user-agent",
];

/// Takes from the headers of a client's request what is sent on.
///
/// # Errors
/// `NotImplemented`, naming the header, for an `x-amz-*` header that is not known here: passing it
/// on would act without having been judged, and dropping it would ignore what the client asked for.
pub fn forwardable_request_headers(received: &HeaderMap) -> Result<HeaderMap, S3Error> {
    // Most requests send a few on, and what signs them comes to it. A map with room for all is several times as large.
    let mut headers = HeaderMap::with_capacity(received.len().min(4) + 8);
    for (name, value) in received {
        let text = name.as_str();
        if text.starts_with("x-amz-") {
            if text.starts_with("x-amz-meta-") || AMZ.binary_search(&text).is_ok() {
                headers.append(name.clone(), value.clone());
            } else if !text.starts_with("x-amz-sdk-") && !DROPPED.contains(&text) {
                return Err(S3Error::new(
                    ErrorCode::NotImplemented,
                    format!("A header you provided implies functionality that is not implemented: {text}."),
                )
                .with("Header", text));
            }
        } else if STANDARD.contains(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    Ok(headers)
}

/// Standard headers of an answer that are passed on.
const ANSWER: [HeaderName; 12] = [
    header::ACCEPT_RANGES,
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::ETAG,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::VARY,
];

/// Takes from a backend's answer what the client gets: what describes the object, and `x-amz-*` except
/// what speaks of the backend itself.
#[must_use]
pub fn forwardable_response_headers(mut headers: HeaderMap) -> HeaderMap {
    let of_backend = |name: &str| {
        matches!(name, "x-amz-request-id" | "x-amz-id-2" | "x-amz-bucket-region" | "x-amz-cf-id" | "x-amz-cf-pop")
    };
    let stays = |name: &HeaderName| {
        let text = name.as_str();
        (text.starts_with("x-amz-") && !of_backend(text)) || ANSWER.contains(name)
    };
    // RFC 9112, section 6.3: the length counts for nothing then, and would cut the body for our client.
    if headers.contains_key(header::TRANSFER_ENCODING) {
        headers.remove(header::CONTENT_LENGTH);
    }
    // Nearly everything stays: it is cheaper to take out the rest than to move what stays.
    let gone: Vec<HeaderName> = headers.keys().filter(|name| !stays(name)).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_list_is_sorted_for_the_binary_search() {
        assert!(AMZ.is_sorted());
    }

    #[test]
    fn what_the_list_does_not_name_goes_nowhere() {
        let mut received = HeaderMap::new();
        for name in [
            "authorization",
            "cookie",
            "host",
            "x-forwarded-for",
            "x-amz-date",
            "x-amz-sdk-checksum-algorithm",
            "te",
            "expect",
        ] {
            received.insert(name, HeaderValue::from_static("v"));
        }
        assert!(forwardable_request_headers(&received).unwrap().is_empty());
        for name in ["content-type", "range", "x-amz-meta-a", "x-amz-tagging", "if-none-match"] {
            received.insert(name, HeaderValue::from_static("v"));
        }
        assert_eq!(forwardable_request_headers(&received).unwrap().len(), 5);
    }

    #[test]
    fn an_unknown_amz_header_is_refused_by_name() {
        for name in
            ["x-amz-expected-bucket-owner", "x-amz-request-payer", "x-amz-replication-status", "x-amz-new-feature"]
        {
            let mut received = HeaderMap::new();
            received.insert(name, HeaderValue::from_static("v"));
            let error = forwardable_request_headers(&received).unwrap_err();
            assert_eq!(error.code, ErrorCode::NotImplemented);
            assert!(error.message.contains(name));
        }
    }
}
