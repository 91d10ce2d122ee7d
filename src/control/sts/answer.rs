//! Answers as XML, in the shapes that AWS's SDKs read.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, header};

use crate::control::record::{Acting, RequestId};
use crate::identity::Principal;
use crate::s3::xml::escape;

/// What an action came to: its elements, in the order in which they are written.
pub(super) struct Answer {
    action: &'static str,
    acting: Principal,
    result: Element,
}

/// An element and what is in it, written and escaped.
pub(super) struct Element(String);

impl Element {
    /// `<name>text</name>`
    pub(super) fn text(name: &str, text: &str) -> Self {
        Self(format!("<{name}>{}</{name}>", escape(text)))
    }

    /// `<name>parts</name>`
    pub(super) fn of(name: &str, parts: impl IntoIterator<Item = Self>) -> Self {
        let parts: String = parts.into_iter().map(|part| part.0).collect();
        Self(format!("<{name}>{parts}</{name}>"))
    }
}

impl Answer {
    /// `acting` is whom the request turned out to be from, for its record.
    pub(super) fn new(action: &'static str, acting: &Principal, result: impl IntoIterator<Item = Element>) -> Self {
        Self { action, acting: acting.clone(), result: Element::of(&format!("{action}Result"), result) }
    }

    /// The answer to the request called `request_id`.
    pub(super) fn into_answer(self, request_id: &RequestId) -> Response {
        let metadata = Element::of("ResponseMetadata", [Element::text("RequestId", &request_id.to_string())]);
        let document = document(&format!("{}Response", self.action), &[self.result, metadata]);
        let mut response = xml(document, request_id);
        response.extensions_mut().insert(Acting(self.acting.to_string()));
        response
    }
}

/// `<ErrorResponse>`. `at_fault` is `Sender` or `Receiver`.
pub(super) fn error_document(at_fault: &str, code: &str, message: &str, request_id: &RequestId) -> String {
    let parts =
        [("Type", at_fault), ("Code", code), ("Message", message)].map(|(name, text)| Element::text(name, text));
    let error = Element::of("Error", parts);
    document("ErrorResponse", &[error, Element::text("RequestId", &request_id.to_string())])
}

/// `document` with the headers of every answer. Answers hold secrets, and errors are not worth keeping.
pub(super) fn xml(document: String, request_id: &RequestId) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/xml")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (HeaderName::from_static("x-amzn-requestid"), request_id.into()),
    ];
    (headers, document).into_response()
}

fn document(root: &str, parts: &[Element]) -> String {
    let parts: String = parts.iter().map(|part| part.0.as_str()).collect();
    format!("<{root} xmlns=\"{NAMESPACE}\">{parts}</{root}>")
}

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
