//! What the tests of the table, of refusals and of demands share: requests in short.

mod demands;
mod refusals;
mod table;

use super::*;
use http::header::{HeaderMap, HeaderName, HeaderValue};

type Query = Vec<(String, Option<String>)>;

fn query(text: &str) -> Query {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => (name.into(), Some(value.into())),
            None => (pair.into(), None),
        })
        .collect()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header")))
        .collect()
}

fn request(method: &Method, target: Target, text: &str, pairs: &[(&'static str, &str)]) -> Result<Classified, S3Error> {
    classify(Classify { method, target, query: &query(text), headers: &headers(pairs) })
}

fn refusal(method: &Method, target: Target, text: &str, pairs: &[(&'static str, &str)]) -> ErrorCode {
    request(method, target, text, pairs).expect_err("refused").code
}

fn demands(method: &Method, target: Target, text: &str, pairs: &[(&'static str, &str)]) -> Vec<(Action, DemandTarget)> {
    request(method, target, text, pairs).expect("classified").demands
}

const BUCKET: Target = Target::Bucket;
const OBJECT: Target = Target::Object;
const COPY: (&str, &str) = (COPY_SOURCE, "source/a%2Bb");

fn method(verb: Verb) -> Method {
    match verb {
        Verb::Delete => Method::DELETE,
        Verb::Get => Method::GET,
        Verb::Head => Method::HEAD,
        Verb::Post => Method::POST,
        Verb::Put => Method::PUT,
    }
}

/// The least request that selects `row`.
fn least_query(row: &Row) -> Query {
    let selector = row.selector.map(|name| {
        let value = match name {
            "list-type" => Some("2"),
            "uploadId" => Some("u"),
            "max-directory-buckets" => Some("9"),
            _ => None,
        };
        (name.to_owned(), value.map(str::to_owned))
    });
    let required = row.required.map(|name| (name.to_owned(), Some("7".to_owned())));
    selector.into_iter().chain(required).collect()
}

fn least_headers(row: &Row) -> HeaderMap {
    row.header.map(|name| headers(&[(name, COPY.1)])).unwrap_or_default()
}

fn select_with(row: &Row, query: &Query) -> Result<&'static Row, S3Error> {
    select(Classify { method: &method(row.verb), target: row.target, query, headers: &least_headers(row) })
}
