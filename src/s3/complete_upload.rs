//! The `<CompleteMultipartUpload>` document: the parts that make an object, read in full, counted, and written
//! anew for the backend.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>

use super::S3Error;
use super::xml::{self, Element, Limits, escape, push_element};

/// The parts of an upload, in the order in which the client names them. Whether they are all there, and in
/// the right order, is the backend's to say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CompleteUpload {
    parts: Vec<Part>,
}

/// One part: its number, and what the client knows of it.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Part {
    number: u16,
    etag: String,
    /// Names and values of its checksums, in order.
    checksums: Vec<(String, String)>,
}

impl CompleteUpload {
    /// The most bytes of a document.
    pub const MAX_BYTES: usize = 4 * 1024 * 1024;
    /// The most parts of an upload, and the highest number of one.
    pub const MAX_PARTS: u16 = 10_000;

    /// Reads the body of a `CompleteMultipartUpload` request.
    ///
    /// # Errors
    /// 400 `MalformedXML` for whatever is not exactly such a document.
    pub fn parse(document: &[u8]) -> Result<Self, S3Error> {
        let most = usize::from(Self::MAX_PARTS);
        // The root, and for each part itself and four elements.
        let limits = Limits { bytes: Self::MAX_BYTES, depth: 3, elements: 1 + 5 * (most + 1) };
        let root = xml::parse(document, limits)?;
        if root.name != "CompleteMultipartUpload" {
            return Err(root.unexpected());
        }
        let mut parts = Vec::new();
        for child in root.children {
            if child.name != "Part" {
                return Err(child.unexpected());
            }
            if parts.len() == most {
                return Err(xml::malformed("it names more than 10000 parts"));
            }
            parts.push(part(child)?);
        }
        if parts.is_empty() {
            return Err(xml::malformed("it names no part"));
        }
        Ok(Self { parts })
    }

    /// The document for the backend: what was read, and nothing else.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut document = String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        for part in &self.parts {
            document.push_str("<Part>");
            push_element(&mut document, "PartNumber", &part.number.to_string());
            push_element(&mut document, "ETag", &escape(&part.etag));
            for (name, value) in &part.checksums {
                push_element(&mut document, name, &escape(value));
            }
            document.push_str("</Part>");
        }
        document.push_str("</CompleteMultipartUpload>");
        document
    }
}

fn part(element: Element) -> Result<Part, S3Error> {
    let (mut number, mut etag, mut checksums) = (None, None, Vec::new());
    for child in element.children {
        let text = child.text.trim_ascii();
        match child.name.as_str() {
            _ if !child.children.is_empty() => return Err(child.unexpected()),
            "PartNumber" if number.is_none() => number = Some(part_number(text)?),
            "ETag" if etag.is_none() => etag = Some(text.to_owned()),
            name if is_checksum(name) && checksums.iter().all(|(known, _)| known != name) => {
                checksums.push((name.to_owned(), text.to_owned()));
            }
            _ => return Err(child.unexpected()),
        }
    }
    let number = number.ok_or_else(|| xml::malformed("a part has no PartNumber"))?;
    let etag = etag.filter(|etag| !etag.is_empty()).ok_or_else(|| xml::malformed("a part has no ETag"))?;
    Ok(Part { number, etag, checksums })
}

fn part_number(text: &str) -> Result<u16, S3Error> {
    let digits = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number =
        digits.then(|| text.parse().ok()).flatten().filter(|number| (1..=CompleteUpload::MAX_PARTS).contains(number));
    number.ok_or_else(|| xml::malformed("a PartNumber is none of 1 to 10000"))
}

/// `ChecksumCRC32` and its kin, those of algorithms to come among them.
fn is_checksum(name: &str) -> bool {
    name.strip_prefix("Checksum")
        .is_some_and(|rest| (1..=16).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(parts: &str) -> String {
        format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>")
    }

    #[test]
    fn the_parts_are_passed_on_as_read_in_their_order() {
        let parts = "<Part><ETag>&quot;b&quot;</ETag><PartNumber>2</PartNumber><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part>\
                     <Part><PartNumber>1</PartNumber><ETag> a </ETag></Part>";
        let upload = CompleteUpload::parse(document(parts).as_bytes()).unwrap();
        let written = upload.to_xml();
        assert!(
            written.ends_with(
                "<Part><PartNumber>2</PartNumber><ETag>&quot;b&quot;</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part>\
                 <Part><PartNumber>1</PartNumber><ETag>a</ETag></Part></CompleteMultipartUpload>"
            ),
            "{written}"
        );
        assert_eq!(CompleteUpload::parse(written.as_bytes()).unwrap(), upload);
    }

    #[test]
    fn ten_thousand_parts_with_every_checksum_are_read_and_one_more_is_refused() {
        let part = |number: u16| {
            format!("<Part><PartNumber>{number}</PartNumber><ETag>0123456789abcdef0123456789abcdef</ETag></Part>")
        };
        let most: String = (1..=CompleteUpload::MAX_PARTS).map(part).collect();
        assert!(CompleteUpload::parse(document(&most).as_bytes()).is_ok());
        let refused = CompleteUpload::parse(document(&(most + &part(1))).as_bytes()).unwrap_err();
        assert_eq!(refused.code.as_str(), "MalformedXML");
    }

    #[test]
    fn whatever_is_not_exactly_a_list_of_parts_is_refused() {
        let whole = "<PartNumber>1</PartNumber><ETag>e</ETag>";
        for inner in [
            "",
            "<Part/>",
            "<Part><PartNumber>1</PartNumber></Part>",
            "<Part><ETag>e</ETag></Part>",
            "<Part><PartNumber>0</PartNumber><ETag>e</ETag></Part>",
            "<Part><PartNumber>10001</PartNumber><ETag>e</ETag></Part>",
            "<Part><PartNumber>-1</PartNumber><ETag>e</ETag></Part>",
            "<Part><PartNumber>+1</PartNumber><ETag>e</ETag></Part>",
            "<Part><PartNumber>1</PartNumber><PartNumber>2</PartNumber><ETag>e</ETag></Part>",
            &format!("<Part>{whole}<Size>1</Size></Part>"),
            &format!("<Part>{whole}<Checksum>1</Checksum></Part>"),
            &format!("<Part>{whole}<ChecksumSHA1>1</ChecksumSHA1><ChecksumSHA1>1</ChecksumSHA1></Part>"),
            &format!("<Part>{whole}</Part><Other/>"),
        ] {
            let refused = CompleteUpload::parse(document(inner).as_bytes()).expect_err(inner);
            assert_eq!(refused.code.as_str(), "MalformedXML", "{inner}");
        }
        assert!(CompleteUpload::parse(format!("<Complete><Part>{whole}</Part></Complete>").as_bytes()).is_err());
    }
}
