//! The tags that come with a request: the `x-amz-tagging` header of an upload and the `<Tagging>` document
//! of `PutObjectTagging`. Both are read in full and written anew for the backend, so that the tags that
//! policies judge are the tags that are stored.

use http::HeaderValue;

use super::percent::{self, Slash};
use super::xml::{self, Limits, escape_key, push_element};
use super::{ErrorCode, S3Error};

/// Tags of an object, in the order given, each key once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tagging(Vec<(String, String)>);

impl Tagging {
    /// Reads the value of an `x-amz-tagging` header: `key=value` pairs, encoded as in the query of an HTML
    /// form, where a plus sign is a space.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html#API_PutObject_RequestSyntax>
    ///
    /// # Errors
    /// 400 `InvalidArgument`.
    pub fn parse_header(value: &[u8]) -> Result<Self, S3Error> {
        let text = std::str::from_utf8(value).map_err(|_| malformed_header())?;
        let decode = |part: &str| {
            let spaced = part.replace('+', " ");
            percent::decode(&spaced).map(std::borrow::Cow::into_owned).map_err(|_| malformed_header())
        };
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(key)?, decode(value)?))
        });
        let tags: Vec<_> = pairs.collect::<Result<_, S3Error>>()?;
        if !each_key_once(&tags) {
            return Err(malformed_header());
        }
        Ok(Self(tags))
    }

    /// The header for the backend.
    #[must_use]
    pub fn to_header_value(&self) -> HeaderValue {
        let encode = |text: &str| percent::encode(text, Slash::Encode);
        let pairs: Vec<_> = self.0.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
        HeaderValue::try_from(pairs.join("&")).expect("unreserved characters, %, = and & only")
    }

    /// Reads the body of a `PutObjectTagging` request.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html>
    ///
    /// # Errors
    /// 400 `MalformedXML`.
    pub fn parse_document(document: &[u8]) -> Result<Self, S3Error> {
        // Objects have at most 10 tags; how many are too many is the backend's to say.
        let root = xml::parse(document, Limits { bytes: 64 * 1024, depth: 4, elements: 2 + 3 * 50 })?;
        if root.name != "Tagging" {
            return Err(root.unexpected());
        }
        let mut children = root.children.into_iter();
        let (Some(set), None) = (children.next(), children.next()) else {
            return Err(xml::malformed("it has no TagSet, or more than one"));
        };
        if set.name != "TagSet" {
            return Err(set.unexpected());
        }
        let mut tags = Vec::with_capacity(set.children.len());
        for tag in set.children {
            let mut parts = tag.children.iter();
            let pair = match (parts.next(), parts.next(), parts.next()) {
                (Some(first), Some(second), None) => match (&*first.name, &*second.name) {
                    ("Key", "Value") => Some((first, second)),
                    ("Value", "Key") => Some((second, first)),
                    _ => None,
                },
                _ => None,
            };
            match pair {
                Some((key, value)) if tag.name == "Tag" && key.children.is_empty() && value.children.is_empty() => {
                    tags.push((key.text.clone(), value.text.clone()));
                }
                _ => return Err(tag.unexpected()),
            }
        }
        if !each_key_once(&tags) {
            return Err(xml::malformed("a tag has no key, or a key stands twice"));
        }
        Ok(Self(tags))
    }

    /// The document for the backend.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut document = String::from("<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>");
        for (key, value) in &self.0 {
            document.push_str("<Tag>");
            push_element(&mut document, "Key", &escape_key(key));
            push_element(&mut document, "Value", &escape_key(value));
            document.push_str("</Tag>");
        }
        document.push_str("</TagSet></Tagging>");
        document
    }

    /// Keys and values.
    #[must_use]
    pub fn tags(&self) -> &[(String, String)] {
        &self.0
    }
}

fn each_key_once(tags: &[(String, String)]) -> bool {
    let mut keys: Vec<_> = tags.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys.first().is_none_or(|first| !first.is_empty()) && keys.windows(2).all(|pair| pair[0] != pair[1])
}

fn malformed_header() -> S3Error {
    S3Error::new(
        ErrorCode::InvalidArgument,
        "The header x-amz-tagging must be UTF-8, encoded as the query of a URL, without a key twice.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(tagging: &Tagging) -> Vec<(&str, &str)> {
        tagging.tags().iter().map(|(key, value)| (&**key, &**value)).collect()
    }

    #[test]
    fn the_header_is_decoded_once_and_written_so_that_it_reads_one_way() {
        let read = Tagging::parse_header(b"a+b=c%2Bd&e&f=g;h=i%3Dj").unwrap();
        assert_eq!(pairs(&read), [("a b", "c+d"), ("e", ""), ("f", "g;h=i=j")]);
        assert_eq!(read.to_header_value(), "a%20b=c%2Bd&e=&f=g%3Bh%3Di%3Dj");
        assert_eq!(Tagging::parse_header(read.to_header_value().as_bytes()).unwrap(), read);
        for wrong in ["a=1&a=2", "a=1&%61=2", "=1", "a=%zz", "a=%ff"] {
            assert_eq!(
                Tagging::parse_header(wrong.as_bytes()).unwrap_err().code,
                ErrorCode::InvalidArgument,
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_character_that_came_as_a_reference_goes_on_as_one() {
        let document = "<Tagging><TagSet><Tag><Key>a&#1;</Key><Value>&#xFFFE;&#13;</Value></Tag></TagSet></Tagging>";
        let read = Tagging::parse_document(document.as_bytes()).unwrap();
        assert_eq!(pairs(&read), [("a\u{1}", "\u{FFFE}\r")]);
        assert_eq!(Tagging::parse_document(read.to_xml().as_bytes()).unwrap(), read);
    }

    #[test]
    fn the_document_is_read_strictly_and_written_anew() {
        let document = "<Tagging><TagSet><Tag><Key>a &amp;</Key><Value> b</Value></Tag>\
                        <Tag><Value/><Key>c</Key></Tag></TagSet></Tagging>";
        let read = Tagging::parse_document(document.as_bytes()).unwrap();
        assert_eq!(pairs(&read), [("a &", " b"), ("c", "")]);
        assert_eq!(Tagging::parse_document(read.to_xml().as_bytes()).unwrap(), read);
        let tag = "<Tag><Key>a</Key><Value>b</Value></Tag>";
        for wrong in [
            String::new(),
            "<Tagging/>".into(),
            format!("<Tagging><TagSet>{tag}{tag}</TagSet></Tagging>"),
            format!("<Tagging><TagSet>{tag}</TagSet><TagSet/></Tagging>"),
            "<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>".into(),
            "<Tagging><TagSet><Tag><Key>a</Key><Key>b</Key></Tag></TagSet></Tagging>".into(),
            "<Tagging><TagSet><Tag><Key/><Value/></Tag></TagSet></Tagging>".into(),
        ] {
            assert_eq!(Tagging::parse_document(wrong.as_bytes()).unwrap_err().code, ErrorCode::MalformedXML, "{wrong}");
        }
    }
}
