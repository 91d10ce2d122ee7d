//! The query, and what `ListBuckets` reads of it.

use portcullis::s3::Query;
use portcullis::s3::list_buckets::{BucketEntry, BucketPage, ListBucketsQuery, list_buckets_answer};
use portcullis::s3::percent::{Slash, decode, encode};

#[test]
fn query() {
    crate::engine::run("query", |input| {
        if let Ok(text) = std::str::from_utf8(input) {
            check(text);
        }
    });
}

fn check(raw: &str) {
    escapes(raw);
    let Ok(query) = Query::parse(raw) else { return };
    let parameters = query.parameters();
    assert!(parameters.len() <= 256);
    assert!(
        parameters.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, String::len)).sum::<usize>()
            <= raw.len()
    );
    let again: Vec<String> = parameters
        .iter()
        .map(|(name, value)| {
            let name = encode(name, Slash::Encode);
            value.as_ref().map_or(name.clone(), |value| format!("{name}={}", encode(value, Slash::Encode)))
        })
        // A parameter without name and value has no spelling that is read as one.
        .collect();
    if again.iter().all(|parameter| !parameter.is_empty()) {
        assert_eq!(Query::parse(&again.join("&")).unwrap().parameters(), parameters);
    }
    let mut rest = query.clone();
    let taken = rest.take(|name| name.len() % 2 == 0);
    assert_eq!(taken.len() + rest.parameters().len(), parameters.len());
    list_buckets(parameters);
}

/// Decoding undoes encoding, and is done once.
fn escapes(raw: &str) {
    for slash in [Slash::Keep, Slash::Encode] {
        let encoded = encode(raw, slash);
        assert_eq!(decode(&encoded).unwrap(), raw);
        assert!(encoded.len() <= 3 * raw.len());
    }
    if let Ok(decoded) = decode(raw) {
        assert!(decoded.len() <= raw.len());
        assert_eq!(decode(&encode(&decoded, Slash::Keep)).unwrap(), decoded);
    }
}

/// The token that is given out leads on to where it was given out.
fn list_buckets(parameters: &[(String, Option<String>)]) {
    let Ok(query) = ListBucketsQuery::parse(parameters) else { return };
    assert!(query.max_buckets.is_none_or(|most| (1..=10_000).contains(&most)));
    let Some(after) = query.after else { return };
    let last = BucketEntry { name: after.clone(), created_at: None };
    let answer = list_buckets_answer("ab1cd2", "us-east-1", query.prefix.as_deref(), &[last], true);
    let token = BucketPage::parse(answer.as_bytes()).unwrap().next;
    let next = ListBucketsQuery::parse(&[("continuation-token".to_owned(), token)]).unwrap();
    assert_eq!(next.after, Some(after));
}
