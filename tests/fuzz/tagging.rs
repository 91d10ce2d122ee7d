//! The `x-amz-tagging` header.

use portcullis::s3::Tagging;

#[test]
fn tagging_header() {
    crate::engine::run("tagging_header", |input| {
        let Ok(tagging) = Tagging::parse_header(input) else { return };
        let sent = tagging.to_header_value();
        assert_eq!(Tagging::parse_header(sent.as_bytes()).unwrap(), tagging);
        assert!(sent.len() <= 3 * input.len() + tagging.tags().len());
        assert_each_key_once(&tagging);
    });
}

/// For tags that came in a document: they are the same in a document of ours and in a header.
pub(crate) fn check(tagging: &Tagging, read: usize) {
    let sent = tagging.to_xml();
    assert_eq!(Tagging::parse_document(sent.as_bytes()).unwrap(), *tagging);
    assert!(sent.len() <= 8 * read + 200);
    assert_eq!(sent.matches("<Tag>").count(), tagging.tags().len());
    assert_eq!(Tagging::parse_header(tagging.to_header_value().as_bytes()).unwrap(), *tagging);
    assert_each_key_once(tagging);
}

fn assert_each_key_once(tagging: &Tagging) {
    let mut keys: Vec<_> = tagging.tags().iter().map(|(key, _)| key).collect();
    keys.sort();
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]) && keys.iter().all(|key| !key.is_empty()));
}
