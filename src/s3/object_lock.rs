//! The `<Retention>` and `<LegalHold>` documents of an object, read so that policies can judge what they
//! ask for, and written anew for the backend.

use jiff::Timestamp;

use super::S3Error;
use super::xml::{self, Element, Limits, escape, push_element};

/// What `PutObjectRetention` asks for; nothing stated takes a retention away.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html>
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Retention {
    mode: Option<String>,
    until: Option<(String, Timestamp)>,
}

/// What `PutObjectLegalHold` asks for.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLegalHold.html>
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LegalHold(String);

impl Retention {
    /// The modes of a retention.
    pub const MODES: [&str; 2] = ["COMPLIANCE", "GOVERNANCE"];

    /// Reads the body of a `PutObjectRetention` request.
    ///
    /// # Errors
    /// 400 `MalformedXML`.
    pub fn parse(document: &[u8]) -> Result<Self, S3Error> {
        let root = small(document, "Retention")?;
        let mut retention = Self::default();
        for child in root.children {
            let text = child.text.trim_ascii().to_owned();
            match child.name.as_str() {
                "Mode" if retention.mode.is_none() && child.children.is_empty() => {
                    if !Self::MODES.contains(&text.as_str()) {
                        return Err(xml::malformed("Mode is neither COMPLIANCE nor GOVERNANCE"));
                    }
                    retention.mode = Some(text);
                }
                "RetainUntilDate" if retention.until.is_none() && child.children.is_empty() => {
                    let time = text.parse().map_err(|_| xml::malformed("RetainUntilDate is no ISO 8601 time"))?;
                    retention.until = Some((text, time));
                }
                _ => return Err(child.unexpected()),
            }
        }
        Ok(retention)
    }

    /// `GOVERNANCE` or `COMPLIANCE`.
    #[must_use]
    pub fn mode(&self) -> Option<&str> {
        self.mode.as_deref()
    }

    /// Its end.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.until.as_ref().map(|(_, time)| *time)
    }

    /// The document for the backend.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut document = String::from("<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        let until = self.until.as_ref().map(|(text, _)| text);
        for (name, text) in [("Mode", self.mode.as_ref()), ("RetainUntilDate", until)] {
            if let Some(text) = text {
                push_element(&mut document, name, &escape(text));
            }
        }
        document.push_str("</Retention>");
        document
    }
}

impl LegalHold {
    /// What a legal hold can be.
    pub const STATUSES: [&str; 2] = ["OFF", "ON"];

    /// Reads the body of a `PutObjectLegalHold` request.
    ///
    /// # Errors
    /// 400 `MalformedXML`.
    pub fn parse(document: &[u8]) -> Result<Self, S3Error> {
        let root = small(document, "LegalHold")?;
        match root.children.as_slice() {
            [status]
                if status.name == "Status"
                    && status.children.is_empty()
                    && Self::STATUSES.contains(&status.text.trim_ascii()) =>
            {
                Ok(Self(status.text.trim_ascii().to_owned()))
            }
            _ => Err(xml::malformed("a LegalHold has one Status, ON or OFF")),
        }
    }

    /// `ON` or `OFF`.
    #[must_use]
    pub fn status(&self) -> &str {
        &self.0
    }

    /// The document for the backend.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut document = String::from("<LegalHold xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        push_element(&mut document, "Status", &escape(&self.0));
        document.push_str("</LegalHold>");
        document
    }
}

fn small(document: &[u8], name: &str) -> Result<Element, S3Error> {
    let root = xml::parse(document, Limits { bytes: 16 * 1024, depth: 2, elements: 3 })?;
    if root.name == name { Ok(root) } else { Err(root.unexpected()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::ErrorCode;

    #[test]
    fn a_retention_is_read_and_written_anew() {
        let document =
            "<Retention><Mode> COMPLIANCE</Mode><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate></Retention>";
        let read = Retention::parse(document.as_bytes()).unwrap();
        assert_eq!(read.mode(), Some("COMPLIANCE"));
        assert_eq!(read.until(), Some("2030-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!(Retention::parse(read.to_xml().as_bytes()).unwrap(), read);
        assert_eq!(Retention::parse(b"<Retention/>").unwrap(), Retention::default());
        for wrong in [
            "<Retention><Mode>GOVERNANCE</Mode><Mode>COMPLIANCE</Mode></Retention>",
            "<Retention><Mode>governance</Mode></Retention>",
            "<Retention><Mode/></Retention>",
            "<Retention><RetainUntilDate>soon</RetainUntilDate></Retention>",
            "<Retention><Other/></Retention>",
            "<LegalHold/>",
        ] {
            assert_eq!(Retention::parse(wrong.as_bytes()).unwrap_err().code, ErrorCode::MalformedXML, "{wrong}");
        }
    }

    #[test]
    fn a_legal_hold_is_read_and_written_anew() {
        let read = LegalHold::parse(b"<LegalHold><Status>OFF</Status></LegalHold>").unwrap();
        assert_eq!(read.status(), "OFF");
        assert_eq!(LegalHold::parse(read.to_xml().as_bytes()).unwrap(), read);
        assert!(LegalHold::parse(b"<LegalHold><Status>ON</Status><Status>OFF</Status></LegalHold>").is_err());
        assert!(LegalHold::parse(b"<LegalHold/>").is_err());
        assert!(LegalHold::parse(b"<LegalHold><Status>on</Status></LegalHold>").is_err());
    }
}
