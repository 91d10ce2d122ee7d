//! Text on its way into an XML document.

use std::borrow::Cow;

/// Escapes `text` for element content and attribute values. A character that XML 1.0 cannot carry becomes
/// U+FFFD, so that the document can always be read.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    escape_with(text, |_| char::REPLACEMENT_CHARACTER.to_string())
}

/// Escapes a key, or what else has to arrive as it was judged. A character that XML 1.0 cannot carry becomes
/// a reference, as S3 takes and gives them.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html#object-key-xml-related-constraints>
#[must_use]
pub fn escape_key(text: &str) -> Cow<'_, str> {
    escape_with(text, reference)
}

/// Appends `<name>text</name>`; `text` is escaped already.
pub(in crate::s3) fn push_element(document: &mut String, name: &str, escaped_text: &str) {
    for part in ["<", name, ">", escaped_text, "</", name, ">"] {
        document.push_str(part);
    }
}

fn escape_with(text: &str, forbidden: impl Fn(char) -> String) -> Cow<'_, str> {
    let plain = |character| !matches!(character, '&' | '<' | '>' | '"' | '\'' | '\r') && is_xml_character(character);
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // A reader would turn a plain one into a line feed.
            '\r' => escaped.push_str(&reference(character)),
            _ if is_xml_character(character) => escaped.push(character),
            _ => escaped.push_str(&forbidden(character)),
        }
    }
    Cow::Owned(escaped)
}

fn reference(character: char) -> String {
    format!("&#x{:X};", u32::from(character))
}

/// Whether XML 1.0 lets `character` stand in a document.
pub(super) fn is_xml_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}
