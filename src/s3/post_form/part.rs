//! The head of one part: which field it is, and what its file was called.
//!
//! <https://www.rfc-editor.org/rfc/rfc7578#section-4.2>

use super::malformed;
use crate::s3::S3Error;

/// What a part says of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PartHead {
    /// The name of the field, in lower case: case makes no difference.
    pub name: String,
    /// The name of the file on the sender's side, as sent.
    pub filename: Option<String>,
}

impl PartHead {
    /// The longest head of a part, in bytes.
    pub const LONGEST: usize = 4096;

    /// Reads the lines of a head, without the empty one at its end.
    ///
    /// # Errors
    /// `MalformedPOSTRequest`.
    pub fn parse(head: &[u8]) -> Result<Self, S3Error> {
        let head = std::str::from_utf8(head).map_err(|_| malformed("the head of a part is not UTF-8"))?;
        let mut disposition = None;
        for line in head.split("\r\n").filter(|line| !line.is_empty()) {
            if line.chars().any(|character| character.is_control() && character != '\t') {
                return Err(malformed("the head of a part holds a control character"));
            }
            let (name, value) =
                line.split_once(':').ok_or_else(|| malformed("a line of a part's head has no colon"))?;
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                return Err(malformed("a line of a part's head has no good name"));
            }
            if name.eq_ignore_ascii_case("content-disposition") && disposition.replace(value.trim()).is_some() {
                return Err(malformed("a part has two Content-Disposition lines"));
            }
            let encoded = ["7bit", "8bit", "binary"].iter().all(|plain| !value.trim().eq_ignore_ascii_case(plain));
            if name.eq_ignore_ascii_case("content-transfer-encoding") && encoded {
                return Err(malformed("a part is encoded, which RFC 7578 does away with"));
            }
        }
        let disposition = disposition.ok_or_else(|| malformed("a part has no Content-Disposition"))?;
        let (kind, rest) = disposition.split_once(';').unwrap_or((disposition, ""));
        if !kind.trim().eq_ignore_ascii_case("form-data") {
            return Err(malformed("a part's Content-Disposition is not form-data"));
        }
        let mut head = Self { name: String::new(), filename: None };
        for (name, value) in parameters(rest)? {
            match &*name {
                "name" => head.name = value.to_ascii_lowercase(),
                "filename" => head.filename = Some(value),
                // Some senders repeat the name as filename*, which RFC 7578 forbids: two readers, two names.
                _ => {}
            }
        }
        if head.name.is_empty() {
            return Err(malformed("a part has no name"));
        }
        Ok(head)
    }

    /// Whether this is the file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.name == "file"
    }
}

/// Reads `; name=value; name="value"`, without the first `;`. Names come out in lower case, each once. Within
/// quotes a backslash escapes a quote or a backslash; before anything else it stands for itself, since
/// browsers do not escape it.
pub(super) fn parameters(text: &str) -> Result<Vec<(String, String)>, S3Error> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or_else(|| malformed("a parameter has no value"))?;
        let name = name.trim().to_ascii_lowercase();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) || found.iter().any(|(known, _)| *known == name) {
            return Err(malformed("a parameter has no good name, or stands twice"));
        }
        let (value, after) = if let Some(quoted) = after.strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let end = after.find(';').unwrap_or(after.len());
            (after[..end].trim_end().to_owned(), &after[end..])
        };
        found.push((name, value));
        rest = after.trim_start();
        if !rest.is_empty() {
            rest = rest.strip_prefix(';').ok_or_else(|| malformed("parameters are not separated by ';'"))?.trim_start();
        }
    }
    Ok(found)
}

/// The text up to the closing quote, and what follows that.
fn unquoted(text: &str) -> Result<(String, &str), S3Error> {
    let mut value = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => {
                let escaped = characters.next_if(|(_, next)| matches!(next, '"' | '\\'));
                value.push(escaped.map_or('\\', |(_, next)| next));
            }
            _ => value.push(character),
        }
    }
    Err(malformed("a quoted parameter is not closed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_as_senders_write_them_are_read() {
        let read = |head: &str| PartHead::parse(head.as_bytes()).map(|head| (head.name, head.filename));
        let some = |name: &str| Some(name.to_owned());
        for (head, name, filename) in [
            ("Content-Disposition: form-data; name=\"key\"", "key", None),
            ("content-disposition:form-data;name=Key\r\nContent-Type: text/plain; charset=utf-8", "key", None),
            ("Content-Disposition: form-data; name=\"file\"; filename=\"a;b\\\"c.txt\"", "file", some("a;b\"c.txt")),
            (
                "Content-Disposition: form-data; name=\"file\"; filename=\"C:\\dir\\a.txt\"",
                "file",
                some("C:\\dir\\a.txt"),
            ),
            ("Content-Disposition: form-data; name=file; filename=é.txt; filename*=utf-8''x", "file", some("é.txt")),
            (
                "Content-Transfer-Encoding: 8bit\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\"",
                "a",
                some(""),
            ),
        ] {
            assert_eq!(read(head).unwrap(), (name.to_owned(), filename), "{head}");
        }
        for wrong in [
            "",
            "Content-Type: text/plain",
            "Content-Disposition: form-data",
            "Content-Disposition: form-data; name=\"\"",
            "Content-Disposition: attachment; name=\"key\"",
            "Content-Disposition: form-data; name=\"key",
            "Content-Disposition: form-data; name=\"key\" x",
            "Content-Disposition: form-data; name=\"a\"; name=\"b\"",
            "Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"",
            "Content-Disposition: form-data; name=\"a\nb\"",
            "Content-Disposition: form-data; name=\"a\0b\"",
            "Content-Disposition: form-data; name=\"a\"\r\n folded",
            "Content-Disposition : form-data; name=\"a\"",
            "Content-Transfer-Encoding: base64\r\nContent-Disposition: form-data; name=\"a\"",
            "no colon",
        ] {
            assert!(PartHead::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
        assert!(PartHead::parse(b"Content-Disposition: form-data; name=\"\xff\"").is_err());
    }
}
