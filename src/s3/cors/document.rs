//! The `CORSConfiguration` document of `PutBucketCors` and `GetBucketCors`.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html>

use super::{CorsMethod, CorsProblem, CorsRule, CorsRules, Pattern};
use crate::s3::xml::{self, Element, Limits, escape_key, push_element};
use crate::s3::{ErrorCode, S3Error};

impl CorsRules {
    /// Reads a document in full: what is not known or could not stand in a header is refused.
    ///
    /// # Errors
    /// 400 `MalformedXML` for what is no such document, 400 `InvalidRequest` for a value that a rule cannot
    /// have, as S3 does.
    pub fn parse(document: &[u8]) -> Result<Self, S3Error> {
        let limits = Limits { bytes: Self::LONGEST_DOCUMENT, depth: 3, elements: 4096 };
        let root = xml::parse(document, limits)?;
        if root.name != "CORSConfiguration" || !root.text.trim_ascii().is_empty() {
            return Err(root.unexpected());
        }
        if root.children.is_empty() || root.children.len() > Self::MOST {
            return Err(xml::malformed("it has to have 1 to 100 rules"));
        }
        root.children.iter().map(rule).collect::<Result<_, _>>().map(Self)
    }

    /// The document that says the same.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut document = String::from("<CORSConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        for rule in &self.0 {
            document.push_str("<CORSRule>");
            let mut push = |name: &str, text: &str| push_element(&mut document, name, &escape_key(text));
            rule.id.iter().for_each(|id| push("ID", id));
            rule.allowed_headers.iter().for_each(|header| push("AllowedHeader", header.as_str()));
            rule.methods.iter().for_each(|method| push("AllowedMethod", method.as_str()));
            rule.origins.iter().for_each(|origin| push("AllowedOrigin", origin.as_str()));
            rule.exposed_headers.iter().for_each(|name| push("ExposeHeader", name.as_str()));
            rule.max_age.iter().for_each(|seconds| push("MaxAgeSeconds", &seconds.to_string()));
            document.push_str("</CORSRule>");
        }
        document.push_str("</CORSConfiguration>");
        document
    }
}

fn rule(element: &Element) -> Result<CorsRule, S3Error> {
    if element.name != "CORSRule" {
        return Err(element.unexpected());
    }
    let mut rule = CorsRule {
        id: None,
        origins: Vec::new(),
        methods: Vec::new(),
        allowed_headers: Vec::new(),
        exposed_headers: Vec::new(),
        max_age: None,
    };
    for part in &element.children {
        if !part.children.is_empty() {
            return Err(part.unexpected());
        }
        let text = part.text.trim_ascii();
        let wrong = |problem: CorsProblem| wrong(&part.name, text, problem);
        match part.name.as_str() {
            "AllowedHeader" => rule.allowed_headers.push(Pattern::header(text).map_err(wrong)?),
            "AllowedMethod" => rule.methods.push(CorsMethod::parse(text).map_err(wrong)?),
            "AllowedOrigin" => rule.origins.push(Pattern::origin(text).map_err(wrong)?),
            "ExposeHeader" => rule.exposed_headers.push(CorsRule::exposed_header(text).map_err(wrong)?),
            "ID" if rule.id.is_none() && text.chars().count() <= LONGEST_ID => rule.id = Some(text.to_owned()),
            "MaxAgeSeconds" if rule.max_age.is_none() => rule.max_age = Some(seconds(text)?),
            _ => return Err(part.unexpected()),
        }
    }
    if rule.origins.is_empty() || rule.methods.is_empty() {
        return Err(xml::malformed("a rule has no AllowedOrigin or no AllowedMethod"));
    }
    rule.id = rule.id.filter(|id| !id.is_empty());
    Ok(rule)
}

fn seconds(text: &str) -> Result<u32, S3Error> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse::<u32>().ok().filter(|seconds| digits && i32::try_from(*seconds).is_ok());
    seconds.ok_or_else(|| xml::malformed("MaxAgeSeconds is not a number of seconds"))
}

fn wrong(name: &str, text: &str, problem: CorsProblem) -> S3Error {
    let shown: String = text.chars().take(64).collect();
    S3Error::new(
        ErrorCode::InvalidRequest,
        format!("The {name} {shown:?} of a CORS rule cannot be: expected {problem}."),
    )
}

const LONGEST_ID: usize = 255;
