//! What can go wrong with a request: how it is counted, whose fault it is and what to do.

use std::time::Duration;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

/// Why a request did not do what it was sent for.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The connection ended in the middle.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// No TCP connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// Nothing listens there.
    #[error("connection refused")]
    ConnectionRefused,
    /// The answer says no.
    #[error("it answered {}{}", .0.status.as_u16(), .0.words())]
    Refused(Box<Refusal>),
    /// The host's name has no address.
    #[error("the name of the endpoint cannot be resolved: {0}")]
    Resolve(String),
    /// It took too long.
    #[error("no whole answer within {0:?}")]
    Timeout(Duration),
    /// No TLS session; the sentence says what to do.
    #[error("{0}")]
    Tls(String),
    /// It says that it went well, and it did not.
    #[error("it answered with success, but {0}")]
    WrongAnswer(&'static str),
}

/// An answer with an error.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// S3's code and its words, if the answer has any.
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    /// How far its clock is ahead of this machine's.
    pub(super) ahead: Option<SignedDuration>,
}

impl Trouble {
    /// The word it is counted by.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Broken(_) => "connection broken".to_owned(),
            Self::Connect(_) => "no connection".to_owned(),
            Self::ConnectionRefused => "connection refused".to_owned(),
            Self::Refused(refusal) => refusal.code.clone().unwrap_or_else(|| "no S3 error".to_owned()),
            Self::Resolve(_) => "no address".to_owned(),
            Self::Timeout(_) => "timeout".to_owned(),
            Self::Tls(_) => "TLS".to_owned(),
            Self::WrongAnswer(what) => format!("wrong answer: {what}"),
        }
    }

    /// The status, if there was an answer with an error.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status.as_u16()),
            _ => None,
        }
    }

    /// Whether the request certainly changed nothing at the target.
    pub(super) fn did_nothing(&self) -> bool {
        match self {
            Self::Connect(_) | Self::ConnectionRefused | Self::Resolve(_) | Self::Tls(_) => true,
            Self::Refused(refusal) => refusal.status.is_client_error(),
            Self::Broken(_) | Self::Timeout(_) | Self::WrongAnswer(_) => false,
        }
    }

    /// Whose fault it is most likely, and what to do.
    pub(super) fn advice(&self) -> String {
        let advice = match self {
            Self::Broken(_) => {
                "Does the endpoint speak what its URL says (https:// or http://), and does it take such a request?"
            }
            Self::Connect(_) => "Is the address right, and can this machine reach it?",
            Self::ConnectionRefused => "Does the server run, and is the port of --endpoint its own?",
            Self::Refused(refusal) => return refusal.advice(),
            Self::Resolve(_) => "Is the host of --endpoint right? With --virtual-hosted the bucket is a part of it.",
            Self::Timeout(_) => "Is it overloaded? --timeout allows more time.",
            Self::Tls(_) => "",
            Self::WrongAnswer(_) => "The endpoint is at fault, or whatever stands in front of it.",
        };
        advice.to_owned()
    }
}

impl Refusal {
    /// What an answer with this status and body says.
    pub(super) fn read(status: StatusCode, body: &[u8], date: Option<&str>, now: Timestamp) -> Self {
        let text = String::from_utf8_lossy(body);
        let code = element(&text, "Code").filter(|code| code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let ahead = date.and_then(|date| httpdate::parse_http_date(date).ok());
        let ahead = ahead.and_then(|time| Timestamp::try_from(time).ok()).map(|time| time.duration_since(now));
        Self { status, code: code.map(cut), message: element(&text, "Message").map(cut), ahead }
    }

    fn words(&self) -> String {
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => format!(" {code}: {message}"),
            (Some(code), None) => format!(" {code}"),
            (None, _) => String::new(),
        }
    }

    fn advice(&self) -> String {
        let clock = self.ahead.filter(|ahead| ahead.abs() > CLOCKS_DIFFER).map(|ahead| {
            let direction = if ahead.is_positive() { "ahead of" } else { "behind" };
            format!("Its clock is {} s {direction} this machine's: set the one that is wrong.", ahead.abs().as_secs())
        });
        if let Some(clock) = clock.filter(|_| self.status == StatusCode::FORBIDDEN) {
            return clock;
        }
        let advice = match (self.code.as_deref(), self.status.as_u16()) {
            (Some("SignatureDoesNotMatch"), _) => {
                "The secret does not belong to this key, or something on the way changes what is signed, such as the host: \
                 check --secret-file or AWS_SECRET_ACCESS_KEY first."
            }
            (Some("InvalidAccessKeyId"), _) => {
                "The endpoint does not know this key: is it one of its own, and still alive?"
            }
            (Some("ExpiredToken" | "InvalidToken"), _) => "The session has ended or is another key's: get a new one.",
            (Some("RequestTimeTooSkewed"), _) => "The clocks of this machine and of the endpoint differ: set them.",
            (Some("AccessDenied"), _) => {
                "The key may not do this: it needs GetObject, PutObject, DeleteObject and, for multipart, \
                 AbortMultipartUpload below --prefix."
            }
            (Some("NoSuchBucket"), _) => "Create the bucket first, or name another with --bucket.",
            (Some("AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect"), _) => {
                "The bucket is at another endpoint or in another region: check --endpoint and --region."
            }
            (Some("EntityTooLarge" | "EntityTooSmall"), _) => {
                "The endpoint limits sizes: check --object-size and --part-size."
            }
            (Some("NotImplemented" | "XAmzContentSHA256Mismatch" | "InvalidArgument" | "InvalidRequest"), _) => {
                "The endpoint may not take bodies in this form: try another --payload, such as sha256."
            }
            (Some("SlowDown" | "ServiceUnavailable" | "TooManyRequests"), _) | (_, 429 | 503) => {
                "The endpoint limits or lacks what this needs: lower --rate or --connections."
            }
            (None, 301 | 302 | 307 | 308) => "The endpoint sends elsewhere: is it the S3 endpoint itself?",
            (None, 400..=499) => {
                "The answer is not S3's: is that an S3 endpoint, and is it --path-style or --virtual-hosted?"
            }
            (_, 500..) => "The endpoint, or the storage behind it, is at fault: its log says more.",
            _ => "",
        };
        advice.to_owned()
    }
}

/// What stands in the first `<name>`.
pub(super) fn element(text: &str, name: &str) -> Option<String> {
    let (_, after) = text.split_once(&format!("<{name}>"))?;
    let (inside, _) = after.split_once(&format!("</{name}>"))?;
    let unescaped = inside.replace("&quot;", "\"").replace("&#34;", "\"").replace("&#39;", "'").replace("&apos;", "'");
    Some(unescaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

/// As much of a foreign text as a line can hold.
fn cut(text: String) -> String {
    if text.len() <= LONGEST { text } else { text.chars().take(LONGEST).collect::<String>() + "..." }
}

const LONGEST: usize = 200;
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(2);
