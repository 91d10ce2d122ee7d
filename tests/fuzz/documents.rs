//! The small XML documents that clients send: read in full, and written anew for the backend.

use portcullis::s3::acl::AccessControlPolicy;
use portcullis::s3::location::{create_bucket_body, parse_create_bucket};
use portcullis::s3::{BucketName, LegalHold, PublicAccessBlock, Restore, Retention, Tagging, named_buckets};

#[test]
fn access_control_policy() {
    crate::engine::run("access_control_policy", |input| {
        let Ok(Some(acl)) = AccessControlPolicy::parse(input) else { return };
        let sent = acl.to_xml();
        let again = AccessControlPolicy::parse(sent.as_bytes()).unwrap().unwrap();
        assert_eq!(again, acl);
        assert_eq!(again.is_public(), acl.is_public());
        assert!(sent.len() <= 16 * input.len() + 400);
        // Every group but one is somebody nobody named.
        let groups = sent.matches("<URI>").count();
        let log_delivery = sent.matches("<URI>http://acs.amazonaws.com/groups/s3/LogDelivery</URI>").count();
        assert_eq!(acl.is_public(), groups > log_delivery);
    });
}

#[test]
fn tagging_document() {
    crate::engine::run("tagging_document", |input| {
        let Ok(tagging) = Tagging::parse_document(input) else { return };
        crate::tagging::check(&tagging, input.len());
    });
}

#[test]
fn object_lock() {
    crate::engine::run("object_lock", |input| {
        if let Ok(retention) = Retention::parse(input) {
            let again = Retention::parse(retention.to_xml().as_bytes()).unwrap();
            assert_eq!(again, retention);
            assert_eq!(again.until(), retention.until());
            assert!(retention.mode().is_none_or(|mode| Retention::MODES.contains(&mode)));
        }
        if let Ok(hold) = LegalHold::parse(input) {
            assert_eq!(LegalHold::parse(hold.to_xml().as_bytes()).unwrap(), hold);
            assert!(LegalHold::STATUSES.contains(&hold.status()));
        }
    });
}

#[test]
fn restore() {
    crate::engine::run("restore", |input| {
        let Ok(restore) = Restore::parse(input) else { return };
        let sent = restore.to_xml();
        assert_eq!(Restore::parse(sent.as_bytes()).unwrap(), restore);
        // A restore that selects would write to whatever bucket it names.
        for element in ["<Type", "<SelectParameters", "<OutputLocation"] {
            assert!(!sent.contains(element), "{sent}");
        }
        assert!(sent.len() <= 8 * input.len() + 200);
    });
}

#[test]
fn create_bucket() {
    crate::engine::run("create_bucket", |input| {
        let Ok(Some(region)) = parse_create_bucket(input) else { return };
        assert_eq!(region.trim_ascii(), region);
        let again = parse_create_bucket(create_bucket_body(&region).as_bytes()).unwrap();
        assert_eq!(again.as_deref(), (region != "us-east-1").then_some(region.as_str()));
    });
}

#[test]
fn public_access_block() {
    crate::engine::run("public_access_block", |input| {
        let Ok(block) = PublicAccessBlock::parse(input) else { return };
        assert_eq!(PublicAccessBlock::parse(block.to_xml().as_bytes()).unwrap(), block);
    });
}

#[test]
fn named_buckets_in_a_document() {
    crate::engine::run("named_buckets_in_a_document", |input| {
        let Ok(buckets) = named_buckets(input) else { return };
        assert!(buckets.is_sorted() && buckets.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(buckets.iter().map(|name| name.as_str().len()).sum::<usize>() <= input.len());
        for bucket in &buckets {
            assert_eq!(BucketName::parse(bucket.as_str()).unwrap(), *bucket);
        }
        // In another document, they are found again.
        let place = |name: &BucketName| format!("<a><TargetBucket>{}</TargetBucket></a>", name.as_str());
        let places = buckets.iter().map(place).collect::<Vec<_>>().concat();
        assert_eq!(named_buckets(format!("<b>{places}</b>").as_bytes()).unwrap(), buckets);
    });
}
