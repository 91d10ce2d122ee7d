//! S3's `<Error>` document: written for clients, read tolerantly from backends.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::escape::{escape, push_element};
use crate::s3::S3Error;

/// What a backend said went wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BackendError {
    /// The `<Code>`.
    pub code: String,
    /// The `<Message>`; empty if there is none.
    pub message: String,
    /// The other elements, in their order, those of the backend's own request among them.
    pub elements: Vec<(String, String)>,
}

/// The body of an error answer. `resource` is the path the client asked for.
#[must_use]
pub fn error_document(error: &S3Error, resource: &str, request_id: &str) -> String {
    let elements = error.elements.iter().map(|(name, text)| (*name, text.as_str()));
    write(error.code.as_str(), &error.message, elements, resource, request_id)
}

impl BackendError {
    /// The body of the answer that relays this error: code, message and the elements in `kept`, under our
    /// own resource and request id.
    #[must_use]
    pub fn relayed(&self, kept: &[&str], resource: &str, request_id: &str) -> String {
        let elements = self.elements.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let elements = elements.filter(|(name, _)| kept.contains(name));
        write(&self.code, &self.message, elements, resource, request_id)
    }
}

fn write<'a>(
    code: &'a str,
    message: &'a str,
    elements: impl Iterator<Item = (&'a str, &'a str)>,
    resource: &'a str,
    request_id: &'a str,
) -> String {
    let mut document = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
    let fixed = [("Resource", resource), ("RequestId", request_id)];
    for (name, text) in [("Code", code), ("Message", message)].into_iter().chain(elements).chain(fixed) {
        push_element(&mut document, name, &escape(text));
    }
    document.push_str("</Error>");
    document
}

/// Reads an error document of a backend: the elements directly below `<Error>`, nested ones left out.
/// `None` if it is no such document, has no `<Code>`, or is longer than 64 KiB.
#[must_use]
pub fn parse_error_document(document: &[u8]) -> Option<BackendError> {
    let text = std::str::from_utf8(document).ok().filter(|text| text.len() <= LONGEST)?;
    let mut reader = Reader::from_str(text.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']));
    let mut elements: Vec<(String, String)> = Vec::new();
    let mut depth = 0_usize;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) | Event::Empty(start) if depth == 0 && start.local_name().as_ref() != b"Error" => {
                return None;
            }
            Event::Start(start) => {
                if depth == 1 && elements.len() < MOST_ELEMENTS {
                    let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                    elements.push((name, String::new()));
                }
                depth += 1;
            }
            Event::End(_) => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    break;
                }
            }
            Event::Text(part) if depth == 2 => elements.last_mut()?.1.push_str(&part.xml10_content().ok()?),
            Event::CData(part) if depth == 2 => elements.last_mut()?.1.push_str(&part.xml10_content().ok()?),
            Event::GeneralRef(reference) if depth == 2 => {
                let text = match reference.resolve_char_ref() {
                    Ok(Some(character)) => character.to_string(),
                    _ => quick_xml::escape::resolve_xml_entity(&reference.decode().ok()?)?.to_owned(),
                };
                elements.last_mut()?.1.push_str(&text);
            }
            Event::DocType(_) | Event::Eof => return None,
            _ => {}
        }
    }
    let mut take = |wanted: &str| {
        let position = elements.iter().position(|(name, _)| name == wanted)?;
        Some(elements.remove(position).1.trim_ascii().to_owned())
    };
    let code = take("Code").filter(|code| !code.is_empty())?;
    let message = take("Message").unwrap_or_default();
    Some(BackendError { code, message, elements })
}

const LONGEST: usize = 64 * 1024;
const MOST_ELEMENTS: usize = 64;
