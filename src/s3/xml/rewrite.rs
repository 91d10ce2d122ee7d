//! Answers of a backend that need a look or a change: a 200 that turns out to be an error, and elements
//! that name the backend instead of us.

use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::escape::escape;

/// What the root element of a body is, seen from its first bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RootElement {
    /// An S3 error document, whatever the status line said.
    Error,
    /// Something else, or no XML at all.
    Other,
    /// The bytes so far do not tell: white space to keep the connection alive, or half a declaration.
    Unknown,
}

/// Looks at the first bytes of a body that began with status 200, for the operations that may fail after
/// that: `CompleteMultipartUpload`, `CopyObject`, `UploadPartCopy`.
#[must_use]
pub fn root_element(beginning: &[u8]) -> RootElement {
    let mut rest = beginning.trim_ascii_start();
    while let Some(behind) = rest.strip_prefix(BYTE_ORDER_MARK) {
        rest = behind.trim_ascii_start();
    }
    // The rest of the mark may be in the next piece.
    if !rest.is_empty() && BYTE_ORDER_MARK.starts_with(rest) {
        return RootElement::Unknown;
    }
    let miscellaneous = [(&b"<?"[..], &b"?>"[..]), (b"<!--", b"-->")];
    while let Some((opening, closing)) = miscellaneous.into_iter().find(|(opening, _)| rest.starts_with(opening)) {
        let inside = &rest[opening.len()..];
        let Some(end) = inside.windows(closing.len()).position(|window| window == closing) else {
            return RootElement::Unknown;
        };
        rest = inside[end + closing.len()..].trim_ascii_start();
    }
    let Some(name) = rest.strip_prefix(b"<") else {
        return if rest.is_empty() { RootElement::Unknown } else { RootElement::Other };
    };
    match name.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/')) {
        // The same names as below, so that no later byte makes another root of them.
        Some(end) if end > LONGEST_NAME || name.starts_with(b"!") => RootElement::Other,
        Some(end) => {
            let name = &name[..end];
            let local = name.iter().rposition(|byte| *byte == b':').map_or(name, |colon| &name[colon + 1..]);
            if local == b"Error" { RootElement::Error } else { RootElement::Other }
        }
        None if name.len() > LONGEST_NAME || name.starts_with(b"!") && !b"!--".starts_with(name) => RootElement::Other,
        None => RootElement::Unknown,
    }
}

/// The document with the text of the element at `path` (root first, local names) replaced by `text`, and
/// every other byte as it was. `None` if there is no such element or the document cannot be read; then
/// nobody knows what it names, and it should not be passed on as it is.
///
/// Used for `Location` in `CompleteMultipartUploadResult` and for `LocationConstraint`.
#[must_use]
pub fn rewrite_text(document: &[u8], path: &[&str], text: &str) -> Option<Vec<u8>> {
    let source = std::str::from_utf8(document).ok()?;
    // White space before the declaration keeps a connection alive; a reader would stumble over it.
    let offset = source.len() - source.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']).len();
    let source = &source[offset..];
    let mut reader = Reader::from_str(source);
    let mut open: Vec<String> = Vec::new();
    let mut found: Option<(usize, usize, String)> = None;
    let mut content_from = 0;
    loop {
        let before = usize::try_from(reader.buffer_position()).ok()?;
        let event = reader.read_event().ok()?;
        let after = usize::try_from(reader.buffer_position()).ok()?;
        match event {
            Event::Start(start) => {
                open.push(String::from_utf8_lossy(start.local_name().as_ref()).into_owned());
                if open == path {
                    content_from = after;
                }
                if open.len() > DEEPEST {
                    return None;
                }
            }
            Event::Empty(start) => {
                let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
                open.push(String::from_utf8_lossy(start.local_name().as_ref()).into_owned());
                if open == path && found.is_none() {
                    let tag = String::from_utf8_lossy(&start).trim_ascii_end().to_owned();
                    // A second slash: `<Location/ />` is no element that could be given a text.
                    if tag.ends_with('/') {
                        return None;
                    }
                    found = Some((before, after, format!("<{tag}>{}</{name}>", escape(text))));
                }
                open.pop();
            }
            Event::End(_) => {
                if open == path && found.is_none() {
                    found = Some((content_from, before, escape(text).into_owned()));
                }
                open.pop()?;
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            _ => {}
        }
    }
    let (from, to, replacement) = found.filter(|_| open.is_empty())?;
    let mut rewritten = document[..offset + from].to_vec();
    rewritten.extend_from_slice(replacement.as_bytes());
    rewritten.extend_from_slice(&source.as_bytes()[to..]);
    Some(rewritten)
}

const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();
const LONGEST_NAME: usize = 64;
const DEEPEST: usize = 16;
