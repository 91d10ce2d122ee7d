//! S3's small XML documents: strict reading of what clients send, error documents both ways, and the
//! few places in answers where a backend's name must become ours.

mod document;
mod element_text;
mod error_document;
mod escape;
mod rewrite;
#[cfg(test)]
mod tests;

pub(super) use document::{Element, Limits, malformed, parse};
pub use element_text::element_text;
pub use error_document::{BackendError, error_document, parse_error_document};
pub(super) use escape::push_element;
pub use escape::{escape, escape_key};
pub use rewrite::{RootElement, rewrite_text, root_element};
