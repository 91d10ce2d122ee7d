//! The `<RestoreRequest>` document of `RestoreObject`. It is read so that it restores and does nothing
//! else: its `SELECT` form writes results to any bucket it names, with our credential.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html>

use super::S3Error;
use super::xml::{self, Limits, escape_key, push_element};

/// A request to bring an archived object back for some days.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Restore {
    days: Option<String>,
    tier: Option<String>,
    description: Option<String>,
    job_tier: Option<String>,
}

impl Restore {
    /// Reads the body of a `RestoreObject` request.
    ///
    /// # Errors
    /// 400 `MalformedXML`, also for `Type`, `SelectParameters` and `OutputLocation`.
    pub fn parse(document: &[u8]) -> Result<Self, S3Error> {
        let root = xml::parse(document, Limits { bytes: 16 * 1024, depth: 3, elements: 6 })?;
        if root.name != "RestoreRequest" {
            return Err(root.unexpected());
        }
        let mut restore = Self::default();
        for child in root.children {
            let (slot, value) = match (child.name.as_str(), child.children.as_slice()) {
                ("Days", []) => (&mut restore.days, &child),
                ("Tier", []) => (&mut restore.tier, &child),
                ("Description", []) => (&mut restore.description, &child),
                ("GlacierJobParameters", [tier]) if tier.name == "Tier" && tier.children.is_empty() => {
                    (&mut restore.job_tier, tier)
                }
                _ => return Err(child.unexpected()),
            };
            if slot.replace(value.text.trim_ascii().to_owned()).is_some() {
                return Err(child.unexpected());
            }
        }
        Ok(restore)
    }

    /// The document for the backend: what was read, and nothing else.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut document = String::from("<RestoreRequest xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        for (name, text) in [("Days", &self.days), ("Tier", &self.tier), ("Description", &self.description)] {
            if let Some(text) = text {
                push_element(&mut document, name, &escape_key(text));
            }
        }
        if let Some(tier) = &self.job_tier {
            document.push_str("<GlacierJobParameters>");
            push_element(&mut document, "Tier", &escape_key(tier));
            document.push_str("</GlacierJobParameters>");
        }
        document.push_str("</RestoreRequest>");
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_is_passed_on_as_read() {
        let inner = "<Days>3</Days><Description>a &amp; b</Description>\
                     <GlacierJobParameters><Tier>Bulk</Tier></GlacierJobParameters>";
        let restore = Restore::parse(format!("<RestoreRequest>{inner}</RestoreRequest>").as_bytes()).expect("readable");
        assert!(restore.to_xml().ends_with(&format!("{inner}</RestoreRequest>")), "{}", restore.to_xml());
        assert_eq!(Restore::parse(restore.to_xml().as_bytes()).expect("readable"), restore);
    }

    #[test]
    fn a_restore_that_would_write_elsewhere_is_refused() {
        let output = "<OutputLocation><S3><BucketName>victim</BucketName></S3></OutputLocation>";
        for inner in [output, "<Type>SELECT</Type>", "<SelectParameters/>", "<Days>1</Days><Days>2</Days>"] {
            let document = format!("<RestoreRequest>{inner}</RestoreRequest>");
            let error = Restore::parse(document.as_bytes()).expect_err(inner);
            assert_eq!(error.code.as_str(), "MalformedXML", "{inner}");
        }
    }
}
