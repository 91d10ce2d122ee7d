//! The answer to `ListBuckets`.

use jiff::Timestamp;

use super::query::continuation_token;
use crate::s3::BucketName;
use crate::s3::xml::{escape, push_element};

/// A bucket in the answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BucketEntry {
    /// Its name.
    pub name: BucketName,
    /// When it was made, where that is known.
    pub created_at: Option<Timestamp>,
}

/// The answer that lists `buckets`, which belong to `owner` and are in `region` as far as clients know.
/// With `more`, it has the token for the page behind the last of them.
#[must_use]
pub fn list_buckets_answer(
    owner: &str,
    region: &str,
    prefix: Option<&str>,
    buckets: &[BucketEntry],
    more: bool,
) -> String {
    let owner = escape(owner);
    let region = escape(region);
    let mut document = String::from(START);
    document.push_str("<Owner>");
    push_element(&mut document, "ID", &owner);
    push_element(&mut document, "DisplayName", &owner);
    document.push_str("</Owner><Buckets>");
    for bucket in buckets {
        document.push_str("<Bucket>");
        push_element(&mut document, "Name", bucket.name.as_str());
        if let Some(created_at) = bucket.created_at {
            push_element(&mut document, "CreationDate", &format!("{created_at:.3}"));
        }
        push_element(&mut document, "BucketRegion", &region);
        document.push_str("</Bucket>");
    }
    document.push_str("</Buckets>");
    if let Some(last) = buckets.last().filter(|_| more) {
        push_element(&mut document, "ContinuationToken", &continuation_token(&last.name));
    }
    if let Some(prefix) = prefix {
        push_element(&mut document, "Prefix", &escape(prefix));
    }
    document.push_str("</ListAllMyBucketsResult>");
    document
}

const START: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                     <ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::list_buckets::{BucketPage, ListBucketsQuery};

    fn entry(name: &str, created_at: Option<&str>) -> BucketEntry {
        let created_at = created_at.map(|time| time.parse().unwrap());
        BucketEntry { name: BucketName::parse(name).unwrap(), created_at }
    }

    #[test]
    fn the_answer_is_read_like_the_answer_of_any_backend() {
        let buckets = [entry("abc", Some("2026-01-02T03:04:05Z")), entry("abd", None)];
        let document = list_buckets_answer("ab1cd2", "us-east-1", Some("a<b"), &buckets, true);
        assert!(document.contains("<ID>ab1cd2</ID><DisplayName>ab1cd2</DisplayName>"), "{document}");
        assert!(document.contains("<CreationDate>2026-01-02T03:04:05.000Z</CreationDate>"), "{document}");
        assert!(document.contains("<Prefix>a&lt;b</Prefix>"), "{document}");
        let page = BucketPage::parse(document.as_bytes()).unwrap();
        let expected: Vec<_> = buckets.iter().map(|bucket| (bucket.name.clone(), bucket.created_at)).collect();
        assert_eq!(page.buckets, expected);
        let query = [("continuation-token".to_owned(), page.next)];
        assert_eq!(ListBucketsQuery::parse(&query).unwrap().after.unwrap().as_str(), "abd");
    }

    #[test]
    fn the_last_answer_has_no_token() {
        for buckets in [&[][..], &[entry("abc", None)]] {
            let document = list_buckets_answer("ab1cd2", "us-east-1", None, buckets, false);
            assert_eq!(BucketPage::parse(document.as_bytes()).unwrap().next, None);
            assert!(!document.contains("Prefix"), "{document}");
        }
    }
}
