//! What a client asks of the list of buckets, and the token with which it goes on.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::s3::{BucketName, ErrorCode, S3Error};

/// The parameters of a `ListBuckets` request, checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListBucketsQuery {
    /// The most buckets of one answer; everything at once where none is given.
    pub max_buckets: Option<usize>,
    /// How the names begin.
    pub prefix: Option<String>,
    /// The only region to list.
    pub region: Option<String>,
    /// The last name of the page before.
    pub after: Option<BucketName>,
}

impl ListBucketsQuery {
    /// Reads the decoded query.
    ///
    /// # Errors
    /// 400 `InvalidArgument`, naming the parameter.
    pub fn parse(query: &[(String, Option<String>)]) -> Result<Self, S3Error> {
        let value = |wanted: &str| {
            let found = query.iter().find(|(name, _)| name == wanted);
            found.and_then(|(_, value)| value.clone()).filter(|value| !value.is_empty())
        };
        let max_buckets = match query.iter().find(|(name, _)| name == "max-buckets") {
            None => None,
            Some((_, value)) => Some(max_buckets(value.as_deref().unwrap_or_default())?),
        };
        let after = match query.iter().find(|(name, _)| name == "continuation-token") {
            None => None,
            Some((_, token)) => Some(after(token.as_deref().unwrap_or_default())?),
        };
        Ok(Self { max_buckets, prefix: value("prefix"), region: value("bucket-region"), after })
    }
}

/// The token for the page that comes after `last`. It says where to go on and nothing else, so there is
/// nothing in it to protect: whoever makes one up sees what they may see anyway.
#[must_use]
pub(super) fn continuation_token(last: &BucketName) -> String {
    URL_SAFE_NO_PAD.encode(format!("{VERSION}{}", last.as_str()))
}

fn after(token: &str) -> Result<BucketName, S3Error> {
    let invalid = || invalid("continuation-token", "it is none that was given out here");
    if token.len() > LONGEST_TOKEN {
        return Err(invalid());
    }
    let decoded = URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
    let text = String::from_utf8(decoded).map_err(|_| invalid())?;
    let name = text.strip_prefix(VERSION).ok_or_else(invalid)?;
    BucketName::parse(name).map_err(|_| invalid())
}

fn max_buckets(text: &str) -> Result<usize, S3Error> {
    let digits = text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|number| digits && (1..=10_000).contains(number))
        .ok_or_else(|| invalid("max-buckets", "it is a whole number from 1 to 10000"))
}

fn invalid(name: &'static str, what: &str) -> S3Error {
    S3Error::new(ErrorCode::InvalidArgument, format!("The query parameter {name} is not valid: {what}."))
        .with("ArgumentName", name)
}

const VERSION: &str = "1:";
// 65 bytes in base64.
const LONGEST_TOKEN: usize = 88;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &[(&str, Option<&str>)]) -> Result<ListBucketsQuery, S3Error> {
        let owned = |(name, value): &(&str, Option<&str>)| ((*name).to_owned(), value.map(str::to_owned));
        ListBucketsQuery::parse(&query.iter().map(owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_token_leads_to_the_name_it_was_made_of() {
        for name in ["abc", &"x".repeat(63)] {
            let name = BucketName::parse(name).unwrap();
            let token = continuation_token(&name);
            assert_eq!(parse(&[("continuation-token", Some(&token))]).unwrap().after, Some(name));
        }
    }

    #[test]
    fn what_was_never_given_out_is_refused() {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let padded = format!("{}=", encode("1:abc"));
        let tokens = ["", "abc", "!", &encode("abc"), &encode("2:abc"), &encode("1:A"), &encode("1:"), &padded];
        for token in tokens.into_iter().chain(["x".repeat(89).as_str()]) {
            let error = parse(&[("continuation-token", Some(token))]).expect_err(token);
            assert_eq!(error.code, ErrorCode::InvalidArgument, "{token}");
        }
        for number in ["", "0", "10001", "-1", "+1", "1.0", "ten", "000001", "99999999999999999999"] {
            assert!(parse(&[("max-buckets", Some(number))]).is_err(), "{number}");
        }
        assert!(parse(&[("max-buckets", None)]).is_err());
    }

    #[test]
    fn every_parameter_is_read() {
        let query = parse(&[("max-buckets", Some("10000")), ("prefix", Some("a")), ("bucket-region", Some("eu"))]);
        let query = query.unwrap();
        assert_eq!(
            (query.max_buckets, query.prefix.as_deref(), query.region.as_deref()),
            (Some(10_000), Some("a"), Some("eu"))
        );
        let none = ListBucketsQuery { max_buckets: None, prefix: None, region: None, after: None };
        assert_eq!(parse(&[("prefix", None), ("bucket-region", Some(""))]).unwrap(), none);
    }
}
