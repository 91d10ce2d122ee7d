//! The buckets that a configuration document names as places to write to: where replicas, logs,
//! inventories and analyses go. The backend writes there with its own rights, so that whoever names a
//! bucket has to be allowed to write to it.

use super::xml::{self, Element, Limits};
use super::{BucketName, ErrorCode, S3Error};

/// Every bucket that `document` names, wherever it stands in it, each once.
///
/// # Errors
/// 400 `MalformedXML`; 501 `NotImplemented` for a place that is no bucket here: a table bucket, an access
/// point, or what cannot be read.
pub fn named_buckets(document: &[u8]) -> Result<Vec<BucketName>, S3Error> {
    let root = xml::parse(document, Limits { bytes: 1024 * 1024, depth: 16, elements: 100_000 })?;
    let mut buckets = Vec::new();
    collect(&root, &mut buckets)?;
    buckets.sort_unstable();
    buckets.dedup();
    Ok(buckets)
}

fn collect(element: &Element, buckets: &mut Vec<BucketName>) -> Result<(), S3Error> {
    // A prefix is no other name to many readers, nor is another case.
    let name = element.name.rsplit(':').next().unwrap_or_default();
    if name.to_ascii_lowercase().ends_with("bucket") && element.children.is_empty() {
        buckets.push(named(element.text.trim_ascii())?);
    } else if name.to_ascii_lowercase().ends_with("bucketarn") {
        return Err(no_bucket(element.text.trim_ascii()));
    }
    element.children.iter().try_for_each(|child| collect(child, buckets))
}

fn named(text: &str) -> Result<BucketName, S3Error> {
    let name = text.strip_prefix("arn:aws:s3:::").unwrap_or(text);
    let bucket = BucketName::parse(name).map_err(|_| no_bucket(text))?;
    Ok(bucket)
}

fn no_bucket(text: &str) -> S3Error {
    let shown: String = text.chars().take(128).collect();
    let message = format!("The document names \"{}\", which is no bucket of this server.", shown.escape_debug());
    S3Error::new(ErrorCode::NotImplemented, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(document: &str) -> Vec<String> {
        let buckets = named_buckets(document.as_bytes()).expect(document);
        buckets.iter().map(|bucket| bucket.as_str().to_owned()).collect()
    }

    #[test]
    fn destinations_are_found_wherever_they_stand() {
        let replication = "<ReplicationConfiguration><Role>r</Role>\
            <Rule><Destination><Bucket>arn:aws:s3:::one</Bucket></Destination></Rule>\
            <Rule><Destination><x:bucket xmlns:x=\"y\"> two </x:bucket></Destination></Rule></ReplicationConfiguration>";
        assert_eq!(names(replication), ["one", "two"]);
        let logging = "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket>\
            <TargetPrefix>p</TargetPrefix></LoggingEnabled></BucketLoggingStatus>";
        assert_eq!(names(logging), ["logs"]);
        assert_eq!(names("<BucketLoggingStatus/>"), [""; 0]);
        assert_eq!(names("<A><Bucket>two</Bucket><Bucket>one</Bucket><Bucket>two</Bucket></A>"), ["one", "two"]);
        let inventory = "<InventoryConfiguration><Destination><S3BucketDestination><Bucket>arn:aws:s3:::inv</Bucket>\
            </S3BucketDestination></Destination></InventoryConfiguration>";
        assert_eq!(names(inventory), ["inv"]);
    }

    #[test]
    fn places_that_are_no_bucket_are_refused() {
        for place in [
            "<A><TableBucketArn>arn:aws:s3tables:us-east-1:1:bucket/b</TableBucketArn></A>",
            "<A><Bucket>arn:aws:s3:us-east-1:1:accesspoint/a</Bucket></A>",
            "<A><Bucket/></A>",
        ] {
            assert_eq!(named_buckets(place.as_bytes()).unwrap_err().code, ErrorCode::NotImplemented, "{place}");
        }
        assert_eq!(named_buckets(b"<A>").unwrap_err().code, ErrorCode::MalformedXML);
    }
}
