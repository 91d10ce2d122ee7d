//! Strict reading of a document that a client sends: one root, known limits, no DTD, and text only
//! where there are no elements. What it means is for the reader of each document to say.

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::escape::is_xml_character;
use crate::s3::{ErrorCode, S3Error};

/// An element with either text or children.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in crate::s3) struct Element {
    pub(in crate::s3) name: String,
    pub(in crate::s3) text: String,
    pub(in crate::s3) children: Vec<Element>,
}

/// How large a document may be.
#[derive(Clone, Copy, Debug)]
pub(in crate::s3) struct Limits {
    /// Bytes of the whole document.
    pub(in crate::s3) bytes: usize,
    /// Elements within each other.
    pub(in crate::s3) depth: usize,
    /// Elements in all.
    pub(in crate::s3) elements: usize,
}

impl Element {
    /// The error for a child that does not belong here, naming it.
    pub(in crate::s3) fn unexpected(&self) -> S3Error {
        let name: String = self.name.chars().take(64).collect();
        malformed(&format!("the element {name} is unknown or stands where it does not belong"))
    }
}

/// Reads one document.
///
/// # Errors
/// 400 `MalformedXML`.
pub(in crate::s3) fn parse(document: &[u8], limits: Limits) -> Result<Element, S3Error> {
    if document.len() > limits.bytes {
        return Err(malformed("it is too long"));
    }
    let text = std::str::from_utf8(document).map_err(|_| malformed("it is not UTF-8"))?;
    if !text.chars().all(is_xml_character) {
        return Err(malformed("it has a character that XML cannot carry"));
    }
    let mut reader = Reader::from_str(text.strip_prefix('\u{FEFF}').unwrap_or(text));
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    let mut elements = 0;
    loop {
        let event = reader.read_event().map_err(|_| malformed("it is not well-formed"))?;
        match event {
            Event::Start(_) | Event::Empty(_) if elements == limits.elements || open.len() == limits.depth => {
                return Err(malformed("it has too many elements"));
            }
            Event::Start(start) => {
                elements += 1;
                begin(&start, &mut open, root.is_some())?;
            }
            Event::Empty(start) => {
                elements += 1;
                begin(&start, &mut open, root.is_some())?;
                end(&mut open, &mut root)?;
            }
            Event::End(_) => end(&mut open, &mut root)?,
            Event::Text(part) => {
                let part = part.xml10_content().map_err(|_| malformed("it is not UTF-8"))?;
                append(&mut open, &part)?;
            }
            Event::CData(part) => {
                let part = part.xml10_content().map_err(|_| malformed("it is not UTF-8"))?;
                if open.is_empty() {
                    return Err(malformed("there is text outside the root element"));
                }
                append(&mut open, &part)?;
            }
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref() {
                    Ok(Some(character)) => character,
                    Ok(None) => predefined(&reference).ok_or_else(|| malformed("it has an unknown entity"))?,
                    Err(_) => return Err(malformed("it has a broken character reference")),
                };
                // A space that is written as a reference is still no text to ignore between elements.
                let current = open.last_mut().ok_or_else(|| malformed("there is text outside the root element"))?;
                if !current.children.is_empty() || current.text.len() > limits.bytes {
                    return Err(malformed("there is text between elements"));
                }
                current.text.push(character);
            }
            Event::Decl(declaration) => {
                let utf8 = declaration
                    .encoding()
                    .is_none_or(|name| name.is_ok_and(|name| name.eq_ignore_ascii_case(b"utf-8")));
                if !utf8 || root.is_some() || !open.is_empty() {
                    return Err(malformed("its declaration is misplaced or names another encoding than UTF-8"));
                }
            }
            Event::Comment(_) => {}
            Event::DocType(_) => return Err(malformed("it has a document type declaration")),
            Event::PI(_) => return Err(malformed("it has a processing instruction")),
            Event::Eof => break,
        }
    }
    if !open.is_empty() {
        return Err(malformed("it ends within an element"));
    }
    root.ok_or_else(|| malformed("it is empty"))
}

fn begin(start: &BytesStart<'_>, open: &mut Vec<Element>, after_root: bool) -> Result<(), S3Error> {
    if open.is_empty() && after_root {
        return Err(malformed("it has two root elements"));
    }
    if let Some(parent) = open.last_mut() {
        if !parent.text.trim_ascii().is_empty() {
            return Err(malformed("there is text between elements"));
        }
        parent.text.clear();
    }
    if start.attributes().any(|attribute| attribute.is_err()) {
        return Err(malformed("it has a broken attribute"));
    }
    let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
    open.push(Element { name, ..Element::default() });
    Ok(())
}

fn end(open: &mut Vec<Element>, root: &mut Option<Element>) -> Result<(), S3Error> {
    let element = open.pop().ok_or_else(|| malformed("it is not well-formed"))?;
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
    Ok(())
}

fn append(open: &mut [Element], text: &str) -> Result<(), S3Error> {
    match open.last_mut() {
        Some(element) if element.children.is_empty() => element.text.push_str(text),
        _ if text.trim_ascii().is_empty() => {}
        Some(_) => return Err(malformed("there is text between elements")),
        None => return Err(malformed("there is text outside the root element")),
    }
    Ok(())
}

fn predefined(name: &[u8]) -> Option<char> {
    match name {
        b"amp" => Some('&'),
        b"apos" => Some('\''),
        b"gt" => Some('>'),
        b"lt" => Some('<'),
        b"quot" => Some('"'),
        _ => None,
    }
}

pub(in crate::s3) fn malformed(why: &str) -> S3Error {
    S3Error::new(ErrorCode::MalformedXML, format!("The XML you provided is not what this operation takes: {why}."))
}
