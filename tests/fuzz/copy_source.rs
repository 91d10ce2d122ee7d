//! `x-amz-copy-source`.

use portcullis::s3::CopySource;

#[test]
fn copy_source() {
    crate::engine::run("copy_source", check);
}

fn check(input: &[u8]) {
    let Ok(source) = CopySource::parse(input) else { return };
    // What is sent on is what was judged, in the one spelling that there is.
    let sent = source.to_header_value();
    assert_eq!(CopySource::parse(sent.as_bytes()).unwrap(), source);
    assert!(sent.as_bytes().iter().all(u8::is_ascii_graphic));
    assert!(sent.len() <= 3 * input.len() + 16);
    assert!(!source.bucket.as_str().contains('/') && !source.key.as_str().is_empty());
    assert!(!source.key.as_str().bytes().any(|byte| byte.is_ascii_control()));
    if let Some(version) = &source.version_id {
        assert!(!version.is_empty() && !version.split('/').any(|segment| matches!(segment, "." | "..")));
    }
    // One `?` as such, at most: a version is never part of a key, nor a key of a version.
    assert_eq!(source.version_id.is_some(), input.contains(&b'?'));
}
