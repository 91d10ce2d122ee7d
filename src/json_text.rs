//! The JSON of records, written as it comes: the log has some for each request.

use std::io::Write as _;

/// JSON in the making. It is printable ASCII: whoever reads it in a terminal is shown it and no more, whatever a
/// client put there.
pub(crate) struct JsonText(Vec<u8>);

impl JsonText {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Adds `json`, which is ASCII, as it is.
    pub(crate) fn json(&mut self, json: &str) -> &mut Self {
        debug_assert!(json.is_ascii(), "{json}");
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    /// Adds `text` as a string (RFC 8259, section 7).
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.0.push(b'"');
        escape(&mut self.0, text);
        self.0.push(b'"');
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn finish(self) -> String {
        // Only ASCII was added.
        String::from_utf8(self.0).unwrap_or_default()
    }
}

/// Adds `text` as it stands inside of a string.
pub(crate) fn escape(into: &mut Vec<u8>, text: &str) {
    // What most values are: to look for what needs an escape costs more than all the rest.
    if is_plain(text) {
        return into.extend_from_slice(text.as_bytes());
    }
    for character in text.chars() {
        match character {
            '"' | '\\' => into.extend([b'\\', character as u8]),
            ' '..='~' => into.push(character as u8),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a `Vec` does not fail.
                    let _ = write!(into, "\\u{unit:04x}");
                }
            }
        }
    }
}

/// Whether nothing in `text` needs an escape.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::JsonText;

    #[test]
    fn text_is_read_back_as_it_was_and_written_as_printable_ascii() {
        let every = (0..0x300).filter_map(char::from_u32).collect::<String>();
        for text in ["", "plain", "a \"b\" \\c", "\u{202e}\u{1f600}\u{2028}\r\n\u{7f}\u{85}", &every] {
            let mut json = JsonText::with_capacity(0);
            json.text(text);
            let written = json.finish();
            assert!(written.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{written:?}");
            assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }
}
