//! The `<DeleteResult>` document that answers a batch: a backend's is read, and the client's is written
//! from it and from what was refused here.

use super::ObjectToDelete;
use crate::s3::xml::{self, Limits, escape, escape_key, push_element};
use crate::s3::{ErrorCode, S3Error, published_error};

/// What became of the entries of a batch.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DeleteResult {
    entries: Vec<Entry>,
}

/// One `<Deleted>` or `<Error>`.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Entry {
    failed: bool,
    /// Names and texts, in order.
    parts: Vec<(&'static str, String)>,
}

const OF_DELETED: &[&str] = &["Key", "VersionId", "DeleteMarker", "DeleteMarkerVersionId"];
const OF_ERROR: &[&str] = &["Key", "VersionId", "Code"];

impl DeleteResult {
    /// The most bytes of a backend's answer: 1,000 keys of 1,024 bytes, escaped.
    pub const MAX_BYTES: usize = 16 * 1024 * 1024;

    /// Reads a backend's answer. Its own words and what is not known are left out.
    ///
    /// # Errors
    /// 400 `MalformedXML`, of which the backend is guilty.
    pub fn parse(document: &[u8]) -> Result<Self, S3Error> {
        let limits = Limits { bytes: Self::MAX_BYTES, depth: 4, elements: 16 * super::DeleteObjects::MAX_OBJECTS };
        let root = xml::parse(document.trim_ascii_start(), limits)?;
        if root.name != "DeleteResult" {
            return Err(root.unexpected());
        }
        let entries = root.children.into_iter().filter_map(|child| {
            let (failed, known) = match child.name.as_str() {
                "Deleted" => (false, OF_DELETED),
                "Error" => (true, OF_ERROR),
                _ => return None,
            };
            let parts = child.children.into_iter().filter_map(|part| {
                let name = known.iter().find(|name| **name == part.name)?;
                Some((*name, part.text))
            });
            Some(Entry { failed, parts: parts.collect() })
        });
        Ok(Self { entries: entries.collect() })
    }

    /// Adds an entry that was refused here.
    pub fn refuse(&mut self, object: &ObjectToDelete) {
        let mut parts = vec![("Key", object.key.as_str().to_owned())];
        parts.extend(object.version_id.iter().map(|version| ("VersionId", version.clone())));
        parts.push(("Code", ErrorCode::AccessDenied.as_str().to_owned()));
        self.entries.push(Entry { failed: true, parts });
    }

    /// Turns each failure whose code is in `codes` into a denial.
    pub fn deny(&mut self, codes: &[&str]) {
        let parts = self.entries.iter_mut().filter(|entry| entry.failed).flat_map(|entry| &mut entry.parts);
        for (_, text) in parts.filter(|(name, text)| *name == "Code" && codes.contains(&text.trim_ascii())) {
            ErrorCode::AccessDenied.as_str().clone_into(text);
        }
    }

    /// The document for the client, with published sentences as messages.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut document = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        document.push_str("<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        for entry in &self.entries {
            document.push_str(if entry.failed { "<Error>" } else { "<Deleted>" });
            for (name, text) in &entry.parts {
                let escaped = if *name == "Key" { escape_key(text) } else { escape(text) };
                push_element(&mut document, name, &escaped);
                if *name == "Code" {
                    push_element(&mut document, "Message", &escape(sentence(text.trim_ascii())));
                }
            }
            document.push_str(if entry.failed { "</Error>" } else { "</Deleted>" });
        }
        document.push_str("</DeleteResult>");
        document
    }
}

/// AWS's own words for a denial; it does not say which of us two denies.
fn sentence(code: &str) -> &'static str {
    if code == ErrorCode::AccessDenied.as_str() { "Access Denied" } else { published_error::sentence(code) }
}
