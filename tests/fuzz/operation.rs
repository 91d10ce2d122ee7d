//! Which operation a request is, and what it needs.

use portcullis::s3::operation::{Classified, Classify, DemandTarget, Support, TABLE, Target, classify};
use portcullis::s3::{Address, RequestHead};

use crate::request_text;

#[test]
fn operation() {
    crate::engine::run("operation", check);
}

fn check(input: &[u8]) {
    let Some(parts) = request_text::parts(input) else { return };
    let Ok(head) = parts.head() else { return };
    well_formed(&head);
    let Ok(found) = of(&head) else { return };
    assert!(TABLE.iter().any(|row| row == found.row));
    assert!(!matches!(found.row.support, Support::NotImplemented(_)), "{:?}", found.operation);
    assert_eq!(found.operation, found.row.operation);
    // Nothing is done without a right to do it, whatever the operation.
    assert!(!found.demands.is_empty(), "{:?} needs nothing", found.operation);
    assert!(found.part_number.is_none_or(|number| (1..=10_000).contains(&number)));
    let copies = found.demands.iter().any(|(_, target)| matches!(target, DemandTarget::CopySource(_)));
    assert_eq!(copies, found.copy_source.is_some(), "{:?}", found.operation);
    // A copy source is never ignored where it would act.
    if head.headers.contains_key("x-amz-copy-source") {
        assert!(found.copy_source.is_some(), "{:?} passes a copy source over", found.operation);
    }
    for name in found.row.selector.into_iter().chain(found.row.required) {
        assert!(head.query.parameters().iter().any(|(known, _)| known == name), "{name}");
    }
    // The order of the parameters says nothing.
    let mut turned = head.clone();
    let mut parameters = turned.query.take(|_| true);
    parameters.reverse();
    let again = classify(Classify { query: &parameters, ..input_of(&head) }).unwrap();
    assert_eq!((again.operation, again.demands), (found.operation, found.demands));
    // Headers that claim another method change nothing.
    let mut other = parts.clone();
    other.headers.insert("x-http-method-override", http::HeaderValue::from_static("DELETE"));
    if let Ok(head) = other.head() {
        assert!(of(&head).is_err() || of(&head).unwrap().operation == found.operation);
    }
}

/// What every later step takes for granted of a head.
fn well_formed(head: &RequestHead) {
    for name in head.headers.keys() {
        let repeated = head.headers.get_all(name).iter().count() > 1;
        assert!(!(repeated && name.as_str().starts_with("x-amz-")), "{name} stands twice");
    }
    for value in head.headers.values() {
        assert_eq!(value.as_bytes().trim_ascii(), value.as_bytes());
    }
    assert!(head.query.parameters().len() <= 256);
}

fn of(head: &RequestHead) -> Result<Classified, portcullis::s3::S3Error> {
    classify(input_of(head))
}

fn input_of(head: &RequestHead) -> Classify<'_> {
    let target = match head.address {
        Address::Service => Target::Service,
        Address::Bucket(_) => Target::Bucket,
        Address::Object(..) => Target::Object,
    };
    Classify { method: &head.method, target, query: head.query.parameters(), headers: &head.headers }
}
