//! Requests that nobody signed: which ones those are, and what none of them may carry. They are judged like
//! all others after that: an organization policy has to name `anonymous`, the policy of the bucket `*`.

use http::{HeaderMap, Method};
use http_body::Body as _;

use super::Proxy;
use super::error::Refusal;
use crate::fault::check_is_off;
use crate::listener::RequestBody;
use crate::s3::{ErrorCode, RequestHead, S3Error};
use crate::sigv4::unsigned;

/// Headers that only who signs, or means to, has a reason to send.
const TRACES: [&str; 3] = ["authorization", "x-amz-date", "x-amz-security-token"];

/// Query parameters of other versions of signatures, and of signatures for form uploads.
const TRACES_IN_QUERY: [&str; 4] = ["AWSAccessKeyId", "Expires", "GoogleAccessId", "Signature"];

/// What SDKs send without a signature too, and what is dropped before anybody acts on it.
const WITHOUT_EFFECT: [&str; 5] =
    ["x-amz-api-version", "x-amz-cf-id", "x-amz-content-sha256", "x-amz-te", "x-amz-user-agent"];

/// The one such header that does something: the answer tells the checksum of what is read anyway.
const CHECKSUM_MODE: &str = "x-amz-checksum-mode";

/// What `x-amz-content-sha256` may say of a request without a body.
const OF_NOTHING: [&str; 2] = ["UNSIGNED-PAYLOAD", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"];

/// Whether nothing in `head` so much as tries to authenticate. A signature that is broken, expired, or half there
/// never makes a request anonymous.
pub(super) fn is_nobodys(head: &RequestHead) -> bool {
    let in_query = |(name, _): &(String, Option<String>)| {
        starts_with(name, "x-amz-") || TRACES_IN_QUERY.iter().any(|trace| trace.eq_ignore_ascii_case(name))
    };
    let traces =
        TRACES.iter().any(|name| head.headers.contains_key(*name)) || head.query.parameters().iter().any(in_query);
    !traces || check_is_off("anonymous_traces")
}

impl Proxy {
    /// Lets a request that nobody signed go on to be judged, without what has no effect on it.
    ///
    /// # Errors
    /// `InvalidRequest` for `response-*` parameters; for all else the one answer to what is not signed, which
    /// does not tell whether another request would be let in.
    pub(super) fn admit_nobody(&self, head: &mut RequestHead, body: &RequestBody) -> Result<(), Refusal> {
        let overrides = head.query.parameters().iter().any(|(name, _)| starts_with(name, "response-"));
        if overrides && !check_is_off("anonymous_overrides") {
            let message = "Request specific response headers cannot be used for anonymous GET requests.";
            return Err(S3Error::new(ErrorCode::InvalidRequest, message).into());
        }
        if !self.anonymous && !check_is_off("anonymous_configured") {
            return Err(unsigned().into());
        }
        let why = if !matches!(head.method, Method::GET | Method::HEAD) {
            Some(format!("nobody signed it, and {} does more than read", head.method))
        } else if !body.is_end_stream() {
            Some("nobody signed it, and it has a body".to_owned())
        } else {
            refused_header(&head.headers).map(|name| format!("nobody signed it, and it has the header {name}"))
        };
        if let Some(why) = why.filter(|_| !check_is_off("anonymous_form")) {
            return Err(Refusal::because(unsigned(), why));
        }
        for name in WITHOUT_EFFECT {
            head.headers.remove(name);
        }
        // SDKs add the operation's name for their own routing.
        head.query.take(|name| name == "x-id");
        Ok(())
    }
}

/// The first `x-amz-*` header that is none of those which do no harm.
fn refused_header(headers: &HeaderMap) -> Option<&str> {
    let harmless = |name: &str, value: &http::HeaderValue| match name {
        "x-amz-content-sha256" => OF_NOTHING.iter().any(|known| value == known),
        CHECKSUM_MODE => true,
        _ => WITHOUT_EFFECT.contains(&name),
    };
    let mut found = headers.iter().map(|(name, value)| (name.as_str(), value));
    found.find(|(name, value)| name.starts_with("x-amz-") && !harmless(name, value)).map(|(name, _)| name)
}

fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
