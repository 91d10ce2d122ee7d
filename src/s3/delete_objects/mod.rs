//! The `<Delete>` document of `DeleteObjects`: read in full, judged key by key, and written anew for the
//! backend with the keys that may go.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>

mod result;
#[cfg(test)]
mod tests;

use super::address::opaque_id;
use super::operation::Action;
use super::xml::{self, Element, Limits, escape_key, push_element};
use super::{ObjectKey, S3Error};

pub use result::DeleteResult;

/// A batch of objects to delete.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DeleteObjects {
    /// Whether the answer names failures only.
    pub quiet: bool,
    /// 1 to 1,000 objects as read, duplicates kept.
    pub objects: Vec<ObjectToDelete>,
}

/// One entry of a batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ObjectToDelete {
    /// The key, with all of its white space.
    pub key: ObjectKey,
    /// The version, where one is named; `null` is a version too.
    pub version_id: Option<String>,
    /// Delete only if the entity tag is this.
    pub etag: Option<String>,
    /// Delete only if it was last modified then.
    pub last_modified_time: Option<String>,
    /// Delete only if it is this long, in bytes.
    pub size: Option<String>,
}

impl ObjectToDelete {
    /// The action that deleting this entry needs.
    #[must_use]
    pub fn action(&self) -> Action {
        if self.version_id.is_some() { Action::DeleteObjectVersion } else { Action::DeleteObject }
    }
}

impl DeleteObjects {
    /// The most bytes of a document.
    pub const MAX_BYTES: usize = 8 * 1024 * 1024;
    /// The most objects in a document.
    pub const MAX_OBJECTS: usize = 1000;

    /// Reads the body of a `DeleteObjects` request.
    ///
    /// # Errors
    /// 400 `MalformedXML` for whatever is not exactly such a document, and what [`ObjectKey::parse`] says
    /// of a key.
    pub fn parse(document: &[u8]) -> Result<Self, S3Error> {
        // Quiet, and for each object itself and five elements.
        let elements = 2 + 6 * (Self::MAX_OBJECTS + 1);
        let root = xml::parse(document, Limits { bytes: Self::MAX_BYTES, depth: 3, elements })?;
        if root.name != "Delete" {
            return Err(root.unexpected());
        }
        let mut quiet = None;
        let mut objects = Vec::new();
        for child in root.children {
            match child.name.as_str() {
                "Object" if objects.len() == Self::MAX_OBJECTS => {
                    return Err(xml::malformed("it names more than 1000 objects"));
                }
                "Object" => objects.push(object(child)?),
                "Quiet" if quiet.is_none() && child.children.is_empty() => {
                    quiet = Some(match child.text.trim_ascii() {
                        "true" => true,
                        "false" => false,
                        _ => return Err(xml::malformed("Quiet is neither true nor false")),
                    });
                }
                _ => return Err(child.unexpected()),
            }
        }
        if objects.is_empty() {
            return Err(xml::malformed("it names no object"));
        }
        Ok(Self { quiet: quiet.unwrap_or(false), objects })
    }

    /// The document for the backend: what was read, and nothing else.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut document = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        document.push_str("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        for object in &self.objects {
            document.push_str("<Object>");
            let optional = [
                ("Key", Some(object.key.as_str())),
                ("VersionId", object.version_id.as_deref()),
                ("ETag", object.etag.as_deref()),
                ("LastModifiedTime", object.last_modified_time.as_deref()),
                ("Size", object.size.as_deref()),
            ];
            for (name, text) in optional {
                if let Some(text) = text {
                    push_element(&mut document, name, &escape_key(text));
                }
            }
            document.push_str("</Object>");
        }
        document.push_str(if self.quiet { "<Quiet>true</Quiet></Delete>" } else { "</Delete>" });
        document
    }
}

fn object(element: Element) -> Result<ObjectToDelete, S3Error> {
    let [mut key, mut version_id, mut etag, mut last_modified_time, mut size] = [const { None }; 5];
    for child in element.children {
        let slot = match child.name.as_str() {
            "Key" => &mut key,
            "VersionId" => &mut version_id,
            "ETag" => &mut etag,
            "LastModifiedTime" => &mut last_modified_time,
            "Size" => &mut size,
            _ => return Err(child.unexpected()),
        };
        if slot.is_some() || !child.children.is_empty() {
            return Err(child.unexpected());
        }
        *slot = Some(child.text);
    }
    if !element.text.trim_ascii().is_empty() {
        return Err(xml::malformed("there is text between elements"));
    }
    let key = key.filter(|key| !key.is_empty()).ok_or_else(|| xml::malformed("an object has no key"))?;
    // An empty condition or version is none: it is not sent on either.
    let stated = |text: Option<String>| text.map(|text| text.trim_ascii().to_owned()).filter(|text| !text.is_empty());
    Ok(ObjectToDelete {
        key: ObjectKey::parse(&key)?,
        version_id: stated(version_id).map(|id| opaque_id(id, "VersionId")).transpose()?,
        etag: stated(etag),
        last_modified_time: stated(last_modified_time),
        size: stated(size),
    })
}
