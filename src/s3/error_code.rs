//! The S3 error vocabulary: the codes this program answers with, their HTTP status, and the error
//! value that carries a message and the extra elements some codes have.
//!
//! Codes and statuses follow
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.

use std::borrow::Cow;

use http::StatusCode;

macro_rules! error_codes {
    ($($code:ident = $status:ident,)*) => {
        /// An S3 error code that Portcullis itself answers with.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum ErrorCode {
            $(#[doc = concat!("`", stringify!($code), "`")] $code,)*
        }

        impl ErrorCode {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$code,)*];

            /// The code as it stands in the `<Code>` element.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }

            /// The HTTP status that goes with the code.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status,)* }
            }
        }
    };
}

error_codes! {
    AccessDenied = FORBIDDEN,
    AccessForbidden = FORBIDDEN,
    AuthorizationHeaderMalformed = BAD_REQUEST,
    AuthorizationQueryParametersError = BAD_REQUEST,
    BadDigest = BAD_REQUEST,
    BadGateway = BAD_GATEWAY,
    BadRequest = BAD_REQUEST,
    EntityTooLarge = BAD_REQUEST,
    EntityTooSmall = BAD_REQUEST,
    ExpectationFailed = EXPECTATION_FAILED,
    ExpiredToken = BAD_REQUEST,
    GatewayTimeout = GATEWAY_TIMEOUT,
    IllegalLocationConstraintException = BAD_REQUEST,
    IncompleteBody = BAD_REQUEST,
    IncorrectNumberOfFilesInPostRequest = BAD_REQUEST,
    InternalError = INTERNAL_SERVER_ERROR,
    InvalidAccessKeyId = FORBIDDEN,
    InvalidArgument = BAD_REQUEST,
    InvalidBucketName = BAD_REQUEST,
    InvalidChunkSizeError = BAD_REQUEST,
    InvalidDigest = BAD_REQUEST,
    InvalidHostHeader = BAD_REQUEST,
    InvalidPolicyDocument = BAD_REQUEST,
    InvalidRequest = BAD_REQUEST,
    InvalidToken = BAD_REQUEST,
    InvalidURI = BAD_REQUEST,
    KeyTooLongError = BAD_REQUEST,
    MalformedPolicy = BAD_REQUEST,
    MalformedPOSTRequest = BAD_REQUEST,
    MalformedTrailerError = BAD_REQUEST,
    MalformedXML = BAD_REQUEST,
    MaxPostPreDataLengthExceededError = BAD_REQUEST,
    MethodNotAllowed = METHOD_NOT_ALLOWED,
    MissingContentLength = LENGTH_REQUIRED,
    NoSuchBucket = NOT_FOUND,
    NoSuchBucketPolicy = NOT_FOUND,
    NoSuchPublicAccessBlockConfiguration = NOT_FOUND,
    NotImplemented = NOT_IMPLEMENTED,
    RequestTimeout = BAD_REQUEST,
    RequestTimeTooSkewed = FORBIDDEN,
    ServiceUnavailable = SERVICE_UNAVAILABLE,
    SignatureDoesNotMatch = FORBIDDEN,
    SlowDown = SERVICE_UNAVAILABLE,
    UnexpectedContent = BAD_REQUEST,
    UserKeyMustBeSpecified = BAD_REQUEST,
    XAmzContentSHA256Mismatch = BAD_REQUEST,
}

/// An error on its way to the client: a code, a sentence that says what to do, and the extra
/// elements that S3 puts beside them (such as `StringToSign`).
#[derive(Clone, Debug)]
pub struct S3Error {
    /// The code, which fixes the HTTP status.
    pub code: ErrorCode,
    /// One or two sentences for the person who reads it.
    pub message: Cow<'static, str>,
    /// Further elements, in the order they are written.
    pub elements: Vec<(&'static str, String)>,
}

impl S3Error {
    /// An error of `code` with `message` and no further elements.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), elements: Vec::new() }
    }

    /// The same error with one more element.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.elements.push((name, value.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_has_every_code_with_its_status() {
        let manual = include_str!("../manual/errors.md");
        for code in ErrorCode::ALL {
            let row = format!("\n| `{}` | {} |", code.as_str(), code.status().as_u16());
            assert!(manual.contains(&row), "{row}");
        }
    }
}
