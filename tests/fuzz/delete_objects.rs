//! The `<Delete>` document of a client, and the `<DeleteResult>` of a backend.

use portcullis::s3::{DeleteObjects, DeleteResult, ObjectKey};

#[test]
fn delete_objects() {
    crate::engine::run("delete_objects", |input| {
        let Ok(batch) = DeleteObjects::parse(input) else { return };
        assert!((1..=DeleteObjects::MAX_OBJECTS).contains(&batch.objects.len()));
        for object in &batch.objects {
            assert_eq!(ObjectKey::parse(object.key.as_str()).unwrap(), object.key);
            let version = object.version_id.as_deref();
            assert!(version.is_none_or(|id| !id.is_empty() && !id.contains('\\')), "{version:?}");
        }
        // The backend reads exactly what was judged.
        let sent = batch.to_xml();
        assert_eq!(DeleteObjects::parse(sent.as_bytes()).unwrap(), batch);
        assert!(sent.len() <= 8 * input.len() + 200, "{} bytes of {}", sent.len(), input.len());
        // None of it is an element that was not there: as many objects as there are opening tags.
        assert_eq!(sent.matches("<Object>").count(), batch.objects.len());
        assert_eq!(sent.matches("<Key>").count(), batch.objects.len());
    });
}

#[test]
fn delete_result() {
    crate::engine::run("delete_result", |input| {
        let Ok(mut result) = DeleteResult::parse(input) else { return };
        let told = result.to_xml();
        let again = DeleteResult::parse(told.as_bytes()).unwrap();
        assert_eq!(again.to_xml(), told);
        // A denial of ours is one more failure, and the backend's own words are gone.
        result.deny(&["NoSuchKey"]);
        let batch = b"<Delete><Object><Key>a&lt;b</Key><VersionId>1</VersionId></Object></Delete>";
        result.refuse(&DeleteObjects::parse(batch).unwrap().objects[0]);
        let more = result.to_xml();
        assert_eq!(more.matches("<Error>").count(), told.matches("<Error>").count() + 1);
        assert!(!more.contains("<Code>NoSuchKey</Code>"));
        assert!(DeleteResult::parse(more.as_bytes()).is_ok());
    });
}
