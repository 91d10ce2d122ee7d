//! `PublicAccessBlockConfiguration`: four switches against opening a bucket to the public by mistake.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html>

use serde::{Deserialize, Serialize};

use super::xml::{self, Limits, push_element};
use super::{ErrorCode, S3Error};

/// The configuration of one bucket.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicAccessBlock {
    /// Refuses requests that set a public ACL.
    pub block_public_acls: bool,
    /// ACLs that are public grant nothing. They never do here.
    pub ignore_public_acls: bool,
    /// Refuses bucket policies that are public.
    pub block_public_policy: bool,
    /// A public bucket policy lets nobody in who is not of the organization.
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// Reads the body of a `PutPublicAccessBlock` request. A switch that is not named is off.
    ///
    /// # Errors
    /// 400 `MalformedXML`, or `InvalidRequest` if no switch is named.
    pub fn parse(document: &[u8]) -> Result<Self, S3Error> {
        let root = xml::parse(document, Limits { bytes: 16 * 1024, depth: 2, elements: 5 })?;
        if root.name != "PublicAccessBlockConfiguration" || !root.text.trim_ascii().is_empty() {
            return Err(root.unexpected());
        }
        let mut block = Self::default();
        let mut named: Vec<&str> = Vec::new();
        for child in &root.children {
            let switch = match child.name.as_str() {
                "BlockPublicAcls" => &mut block.block_public_acls,
                "BlockPublicPolicy" => &mut block.block_public_policy,
                "IgnorePublicAcls" => &mut block.ignore_public_acls,
                "RestrictPublicBuckets" => &mut block.restrict_public_buckets,
                _ => return Err(child.unexpected()),
            };
            if named.contains(&child.name.as_str()) {
                return Err(child.unexpected());
            }
            named.push(&child.name);
            *switch = match child.text.trim_ascii() {
                text if text.eq_ignore_ascii_case("true") => true,
                text if text.eq_ignore_ascii_case("false") => false,
                _ => return Err(xml::malformed("a switch is neither true nor false")),
            };
        }
        if named.is_empty() {
            return Err(S3Error::new(ErrorCode::InvalidRequest, "Must specify at least one configuration."));
        }
        Ok(block)
    }

    /// The answer to `GetPublicAccessBlock`.
    #[must_use]
    pub fn to_xml(self) -> String {
        let mut document = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <PublicAccessBlockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">",
        );
        for (name, switch) in [
            ("BlockPublicAcls", self.block_public_acls),
            ("IgnorePublicAcls", self.ignore_public_acls),
            ("BlockPublicPolicy", self.block_public_policy),
            ("RestrictPublicBuckets", self.restrict_public_buckets),
        ] {
            push_element(&mut document, name, if switch { "true" } else { "false" });
        }
        document.push_str("</PublicAccessBlockConfiguration>");
        document
    }
}

/// The answer to `GetBucketPolicyStatus`.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html>
#[must_use]
pub fn policy_status_answer(is_public: bool) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <PolicyStatus xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsPublic>{is_public}</IsPublic></PolicyStatus>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(inner: &str) -> String {
        format!("<PublicAccessBlockConfiguration xmlns=\"x\">{inner}</PublicAccessBlockConfiguration>")
    }

    #[test]
    fn what_is_written_is_read_back() {
        for bits in 0..16_u8 {
            let bit = |position: u8| bits & (1 << position) != 0;
            let block = PublicAccessBlock {
                block_public_acls: bit(0),
                ignore_public_acls: bit(1),
                block_public_policy: bit(2),
                restrict_public_buckets: bit(3),
            };
            assert_eq!(PublicAccessBlock::parse(block.to_xml().as_bytes()).expect("readable"), block);
        }
        let some = wrap("\n <RestrictPublicBuckets> TRUE </RestrictPublicBuckets>\n");
        let expected = PublicAccessBlock { restrict_public_buckets: true, ..Default::default() };
        assert_eq!(PublicAccessBlock::parse(some.as_bytes()).expect("readable"), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_whole() {
        let inner = [
            "<BlockPublicAcls>yes</BlockPublicAcls>",
            "<BlockPublicAcls/>",
            "<BlockPublicAcls>true</BlockPublicAcls><BlockPublicAcls>false</BlockPublicAcls>",
            "<BlockPublicAcls>true</BlockPublicAcls><BlockEverything>true</BlockEverything>",
            "<BlockPublicAcls><b>true</b></BlockPublicAcls>",
            "true",
        ];
        for document in inner.into_iter().map(wrap).chain(["<Other/>".to_owned(), String::new(), "{}".to_owned()]) {
            let error = PublicAccessBlock::parse(document.as_bytes()).expect_err(&document);
            assert_eq!(error.code, ErrorCode::MalformedXML, "{document}");
        }
        let none = PublicAccessBlock::parse(wrap("").as_bytes()).expect_err("nothing is asked for");
        assert_eq!(none.code, ErrorCode::InvalidRequest);
    }
}
