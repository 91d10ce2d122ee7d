//! The region in bucket documents: `CreateBucketConfiguration` on the way in and to the backend, and the
//! answer to `GetBucketLocation`.

use super::S3Error;
use super::xml::{self, Limits, escape, escape_key};

/// Reads the body of a `CreateBucket` request: the location constraint, if one is stated. No body at all
/// is a right body.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
///
/// # Errors
/// 400 `MalformedXML`, also for the elements that only directory buckets and bucket tags have.
pub fn parse_create_bucket(document: &[u8]) -> Result<Option<String>, S3Error> {
    if document.trim_ascii().is_empty() {
        return Ok(None);
    }
    let root = xml::parse(document, Limits { bytes: 16 * 1024, depth: 2, elements: 2 })?;
    if root.name != "CreateBucketConfiguration" {
        return Err(root.unexpected());
    }
    let [constraint] = root.children.as_slice() else {
        return if root.text.trim_ascii().is_empty() { Ok(None) } else { Err(root.unexpected()) };
    };
    if constraint.name != "LocationConstraint" {
        return Err(constraint.unexpected());
    }
    let region = constraint.text.trim_ascii();
    Ok((!region.is_empty()).then(|| region.to_owned()))
}

/// The body of a `CreateBucket` request that asks for `region`. `us-east-1` is asked for by no body at
/// all; S3 refuses it by name.
#[must_use]
pub fn create_bucket_body(region: &str) -> String {
    if region.is_empty() || region == "us-east-1" {
        return String::new();
    }
    format!(
        "<CreateBucketConfiguration xmlns=\"{NAMESPACE}\"><LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
        escape_key(region),
    )
}

/// The answer to `GetBucketLocation` for a bucket in `region`; `us-east-1` is an empty element there.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>
#[must_use]
pub fn location_answer(region: &str) -> String {
    let region = if region == "us-east-1" { "" } else { region };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint xmlns=\"{NAMESPACE}\">{}</LocationConstraint>",
        escape(region),
    )
}

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constraint_is_read_where_there_is_one() {
        let wrap = |inner: &str| {
            format!("<CreateBucketConfiguration xmlns=\"{NAMESPACE}\">{inner}</CreateBucketConfiguration>")
        };
        let cases = [
            (String::new(), None),
            (" \n".into(), None),
            (wrap(""), None),
            ("<CreateBucketConfiguration/>".into(), None),
            (wrap("<LocationConstraint/>"), None),
            (wrap("\n  <LocationConstraint> eu-west-1 </LocationConstraint>\n"), Some("eu-west-1")),
        ];
        for (document, expected) in cases {
            assert_eq!(parse_create_bucket(document.as_bytes()).expect(&document).as_deref(), expected, "{document}");
        }
        let written = create_bucket_body("eu-west-1");
        assert_eq!(parse_create_bucket(written.as_bytes()).expect("readable").as_deref(), Some("eu-west-1"));
        assert_eq!(create_bucket_body("us-east-1"), "");
    }

    #[test]
    fn what_else_a_bucket_document_may_hold_is_refused() {
        let wrap = |inner: &str| format!("<CreateBucketConfiguration>{inner}</CreateBucketConfiguration>");
        let twice = "<LocationConstraint>a</LocationConstraint>".repeat(2);
        let inner = ["<Tags/>", "<Bucket><Type>Directory</Type></Bucket>", "<Location/>", "text", &twice];
        let documents = inner.into_iter().map(wrap).chain(["<Other/>".into(), "{}".into()]);
        for document in documents {
            let error = parse_create_bucket(document.as_bytes()).expect_err(&document);
            assert_eq!(error.code.as_str(), "MalformedXML", "{document}");
        }
    }

    #[test]
    fn the_answer_names_our_region() {
        assert!(location_answer("eu-1").contains(">eu-1</LocationConstraint>"));
        assert!(location_answer("us-east-1").contains("></LocationConstraint>"));
    }
}
