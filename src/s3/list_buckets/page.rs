//! One page of a backend's list of buckets. Read so that nothing which is there is overlooked: a list that
//! cannot be understood whole is an error, not a shorter list.

use jiff::Timestamp;

use crate::s3::BucketName;
use crate::s3::xml::{self, Element, Limits};

/// One page of a backend's list of buckets.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BucketPage {
    /// The buckets, each with its time of creation where the backend tells it.
    pub buckets: Vec<(BucketName, Option<Timestamp>)>,
    /// The token to ask for the next page with, if there is one.
    pub next: Option<String>,
}

/// A list of buckets that cannot be understood. The backend's fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the list of buckets cannot be understood: {0}")]
pub struct UnreadableListing(&'static str);

impl BucketPage {
    /// The most bytes of one page.
    pub const LIMIT: usize = 16 << 20;

    /// Reads a `ListAllMyBucketsResult`. Elements that say more of a bucket than its name and time are
    /// passed over. A bucket whose name no request could carry is left out: nobody could reach it here.
    ///
    /// # Errors
    /// [`UnreadableListing`] for any other document, and for one that ends early without a way on.
    pub fn parse(document: &[u8]) -> Result<Self, UnreadableListing> {
        let limits = Limits { bytes: Self::LIMIT, depth: 5, elements: 500_000 };
        let root = xml::parse(document, limits).map_err(|_| UnreadableListing("it is no XML document of its kind"))?;
        if root.name != "ListAllMyBucketsResult" {
            return Err(UnreadableListing("it is another document"));
        }
        let list = only(&root, "Buckets")?.ok_or(UnreadableListing("it has no element Buckets"))?;
        if !list.text.trim_ascii().is_empty() {
            return Err(UnreadableListing("there is text among the buckets"));
        }
        let mut buckets = Vec::with_capacity(list.children.len());
        for bucket in &list.children {
            if bucket.name != "Bucket" {
                return Err(UnreadableListing("there is something else among the buckets"));
            }
            let name = only(bucket, "Name")?.ok_or(UnreadableListing("a bucket has no name"))?;
            if name.text.is_empty() || !name.children.is_empty() {
                return Err(UnreadableListing("a bucket has no name"));
            }
            let created_at = only(bucket, "CreationDate")?.and_then(|date| date.text.trim_ascii().parse().ok());
            if let Ok(name) = BucketName::parse(&name.text) {
                buckets.push((name, created_at));
            }
        }
        let next = only(&root, "ContinuationToken")?.map(|token| token.text.clone()).filter(|token| !token.is_empty());
        let truncated = only(&root, "IsTruncated")?.is_some_and(|flag| flag.text.trim_ascii() == "true");
        if truncated && next.is_none() {
            return Err(UnreadableListing("it is cut short and has no token for the rest"));
        }
        Ok(Self { buckets, next })
    }
}

/// The child of this name, which may be there once.
fn only<'a>(parent: &'a Element, name: &str) -> Result<Option<&'a Element>, UnreadableListing> {
    let mut found = parent.children.iter().filter(|child| child.name == name);
    match (found.next(), found.next()) {
        (one, None) => Ok(one),
        _ => Err(UnreadableListing("an element stands twice where it may stand once")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(inner: &str) -> Vec<u8> {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListAllMyBucketsResult \
             xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n  <Owner><ID>x</ID><DisplayName/></Owner>{inner}\n\
             </ListAllMyBucketsResult>"
        )
        .into_bytes()
    }

    #[test]
    fn names_and_times_are_read_and_what_else_is_said_is_passed_over() {
        let document = list(
            "<Buckets>\n <Bucket><Name>one</Name><CreationDate>2026-01-02T03:04:05.678Z</CreationDate>\
             <BucketRegion>eu-1</BucketRegion><BucketArn>arn:aws:s3:::one</BucketArn></Bucket>\n \
             <Bucket><CreationDate>soon</CreationDate><Name>two</Name></Bucket>\
             <Bucket><Name>three</Name></Bucket><Bucket><Name>Upper_Case</Name></Bucket></Buckets>\
             <ContinuationToken>a&amp;b</ContinuationToken><IsTruncated>true</IsTruncated><Prefix/>",
        );
        let page = BucketPage::parse(&document).unwrap();
        let names: Vec<_> = page.buckets.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["one", "two", "three"]);
        let times: Vec<_> = page.buckets.iter().map(|(_, time)| time.map(|time| time.to_string())).collect();
        assert_eq!(times, [Some("2026-01-02T03:04:05.678Z".to_owned()), None, None]);
        assert_eq!(page.next.as_deref(), Some("a&b"));
        for empty in ["<Buckets/>", "<Buckets></Buckets>", "<Buckets>\n</Buckets><ContinuationToken/>"] {
            assert_eq!(BucketPage::parse(&list(empty)).unwrap(), BucketPage::default());
        }
    }

    #[test]
    fn a_list_that_is_not_understood_whole_is_no_list() {
        let one = "<Bucket><Name>one</Name></Bucket>";
        let documents = [
            list(""),
            list(one),
            list(&format!("<Buckets>{one}</Buckets><Buckets>{one}</Buckets>")),
            list(&format!("<Buckets>{one}</Buckets><IsTruncated>true</IsTruncated>")),
            list(&format!(
                "<Buckets>{one}</Buckets><ContinuationToken>a</ContinuationToken><ContinuationToken>b</ContinuationToken>"
            )),
            list("<Buckets><Bucket></Bucket></Buckets>"),
            list("<Buckets><Bucket><Name/></Bucket></Buckets>"),
            list("<Buckets><Bucket><Name><b>one</b></Name></Bucket></Buckets>"),
            list("<Buckets><Bucket><Name>one</Name><Name>two</Name></Bucket></Buckets>"),
            list("<Buckets><Folder><Name>one</Name></Folder></Buckets>"),
            list("<Buckets>one</Buckets>"),
            list(&format!("<Buckets>{one}"))[..120].to_vec(),
            b"<ListBucketResult><Buckets/></ListBucketResult>".to_vec(),
            b"stored bytes".to_vec(),
            Vec::new(),
        ];
        for document in documents {
            assert!(BucketPage::parse(&document).is_err(), "{}", String::from_utf8_lossy(&document));
        }
    }
}
