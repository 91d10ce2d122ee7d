//! Which actions a request needs, and on what.

use super::*;

#[test]
fn e1_e2_e4_copies_need_their_source() {
    let cases = [("", Operation::CopyObject), ("uploadId=u&partNumber=3", Operation::UploadPartCopy)];
    for (text, operation) in cases {
        let classified = request(&Method::PUT, OBJECT, text, &[COPY]).unwrap();
        assert_eq!(classified.operation, operation);
        let source = classified.copy_source.expect("a source");
        assert_eq!((source.bucket.as_str(), source.key.as_str()), ("source", "a+b"));
        let expected =
            [(Action::PutObject, DemandTarget::Object), (Action::GetObject, DemandTarget::CopySource(source))];
        assert_eq!(classified.demands, expected);

        let versioned = demands(&Method::PUT, OBJECT, text, &[(COPY_SOURCE, "source/k?versionId=null")]);
        assert!(matches!(&versioned[1], (Action::GetObjectVersion, DemandTarget::CopySource(_))), "{versioned:?}");
    }
}

#[test]
fn e3_a_copy_source_is_refused_where_it_is_malformed_or_does_not_belong() {
    let put = |value| refusal(&Method::PUT, OBJECT, "", &[(COPY_SOURCE, value)]);
    assert_eq!(put("nokey"), ErrorCode::InvalidArgument);
    assert_eq!(put(""), ErrorCode::InvalidArgument);
    let twice = headers(&[COPY, COPY]);
    let twice = Classify { method: &Method::PUT, target: OBJECT, query: &[], headers: &twice };
    assert_eq!(classify(twice).expect_err("refused").code, ErrorCode::InvalidArgument);
    for (method, text) in [(Method::GET, ""), (Method::PUT, "acl"), (Method::PUT, "tagging"), (Method::POST, "uploads")]
    {
        assert_eq!(refusal(&method, OBJECT, text, &[COPY]), ErrorCode::InvalidRequest, "{method} {text}");
        assert!(request(&method, OBJECT, text, &[]).is_ok());
    }
    let route = ("x-amz-request-route", "r");
    assert_eq!(refusal(&Method::PUT, OBJECT, "", &[route]), ErrorCode::InvalidRequest);
}

#[test]
fn e6_e10_headers_add_their_actions_to_every_upload() {
    let cases: &[(&str, &str, &[Action])] = &[
        ("x-amz-tagging", "a=b", &[Action::PutObjectTagging]),
        ("x-amz-tagging-directive", "REPLACE", &[Action::PutObjectTagging]),
        ("x-amz-tagging-directive", "COPY", &[]),
        ("x-amz-metadata-directive", "REPLACE", &[]),
        ("x-amz-acl", "private", &[]),
        ("x-amz-acl", "bucket-owner-full-control", &[]),
        ("x-amz-acl", "public-read", &[Action::PutObjectAcl]),
        ("x-amz-acl", "Private", &[Action::PutObjectAcl]),
        ("x-amz-acl", "private,public-read", &[Action::PutObjectAcl]),
        ("x-amz-grant-read", "id=1", &[Action::PutObjectAcl]),
        ("x-amz-grant-full-control", "id=1", &[Action::PutObjectAcl]),
        ("x-amz-object-lock-mode", "GOVERNANCE", &[Action::PutObjectRetention]),
        ("x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00Z", &[Action::PutObjectRetention]),
        ("x-amz-object-lock-legal-hold", "OFF", &[Action::PutObjectLegalHold]),
        ("x-amz-bypass-governance-retention", "true", &[Action::BypassGovernanceRetention]),
        ("x-amz-bypass-governance-retention", "TRUE", &[Action::BypassGovernanceRetention]),
        ("x-amz-bypass-governance-retention", "false", &[]),
    ];
    let uploads = [(Method::PUT, "", None), (Method::PUT, "", Some(COPY)), (Method::POST, "uploads", None)];
    for (method, text, copy) in uploads {
        let base: Vec<_> = copy.into_iter().collect();
        let without = demands(&method, OBJECT, text, &base);
        for (name, value, added) in cases {
            let with: Vec<_> = base.iter().copied().chain([(*name, *value)]).collect();
            let mut expected = without.clone();
            expected.extend(added.iter().map(|action| (*action, DemandTarget::Object)));
            assert_eq!(demands(&method, OBJECT, text, &with), expected, "{method} {text} {name}: {value}");
        }
    }
}

#[test]
fn a_second_acl_header_does_not_hide_behind_a_harmless_one() {
    let both = headers(&[("x-amz-acl", "private"), ("x-amz-acl", "public-read")]);
    let classified = classify(Classify { method: &Method::PUT, target: OBJECT, query: &[], headers: &both }).unwrap();
    assert_eq!(classified.demands[1], (Action::PutObjectAcl, DemandTarget::Object));
    assert!(!classified.drop_acl);
}

#[test]
fn a_default_acl_is_dropped_except_where_it_is_the_point_and_beside_grants() {
    let private = ("x-amz-acl", "private");
    assert!(request(&Method::PUT, OBJECT, "", &[private]).unwrap().drop_acl);
    assert!(!request(&Method::PUT, OBJECT, "", &[]).unwrap().drop_acl);
    assert!(!request(&Method::PUT, OBJECT, "", &[("x-amz-acl", "public-read")]).unwrap().drop_acl);
    assert!(!request(&Method::PUT, OBJECT, "", &[private, ("x-amz-grant-read", "id=1")]).unwrap().drop_acl);
    assert!(!request(&Method::PUT, OBJECT, "acl", &[private]).unwrap().drop_acl);
}

#[test]
fn making_a_bucket_needs_what_its_headers_set() {
    let needed = |name, value| -> Vec<_> {
        let demands = demands(&Method::PUT, BUCKET, "", &[(name, value)]);
        assert!(demands.iter().all(|(_, target)| *target == DemandTarget::Bucket));
        demands.into_iter().map(|(action, _)| action).collect()
    };
    assert_eq!(needed("x-amz-acl", "private"), [Action::CreateBucket]);
    assert_eq!(needed("x-amz-acl", "public-read"), [Action::CreateBucket, Action::PutBucketAcl]);
    assert_eq!(needed("x-amz-grant-write", "id=1"), [Action::CreateBucket, Action::PutBucketAcl]);
    let ownership = [Action::CreateBucket, Action::PutBucketOwnershipControls];
    assert_eq!(needed("x-amz-object-ownership", "ObjectWriter"), ownership);
    let lock = [Action::CreateBucket, Action::PutBucketObjectLockConfiguration, Action::PutBucketVersioning];
    assert_eq!(needed("x-amz-bucket-object-lock-enabled", "true"), lock);
    assert_eq!(needed("x-amz-bucket-object-lock-enabled", "False"), [Action::CreateBucket]);
}

#[test]
fn e8_e10_a_batch_is_demanded_key_by_key() {
    let each = DemandTarget::EachObjectInBody;
    assert_eq!(demands(&Method::POST, BUCKET, "delete", &[]), [(Action::DeleteObject, each.clone())]);
    let bypass = demands(&Method::POST, BUCKET, "delete", &[("x-amz-bypass-governance-retention", "true")]);
    assert_eq!(bypass, [(Action::DeleteObject, each.clone()), (Action::BypassGovernanceRetention, each)]);
}

#[test]
fn e24_look_alikes_are_told_apart() {
    let cases = [
        (Method::GET, Target::Service, "", Action::ListAllMyBuckets),
        (Method::GET, Target::Service, "prefix=a&max-buckets=1&bucket-region=r", Action::ListAllMyBuckets),
        (Method::HEAD, BUCKET, "", Action::ListBucket),
        (Method::GET, BUCKET, "", Action::ListBucket),
        (Method::GET, BUCKET, "versions=", Action::ListBucketVersions),
        (Method::GET, BUCKET, "uploads", Action::ListBucketMultipartUploads),
        (Method::GET, BUCKET, "location", Action::GetBucketLocation),
        (Method::GET, BUCKET, "tagging", Action::GetBucketTagging),
        (Method::DELETE, BUCKET, "website", Action::DeleteBucketWebsite),
        (Method::DELETE, BUCKET, "tagging", Action::PutBucketTagging),
        (Method::PUT, BUCKET, "encryption", Action::PutEncryptionConfiguration),
        (Method::GET, OBJECT, "tagging&versionId=1", Action::GetObjectVersionTagging),
        (Method::GET, OBJECT, "uploadId=u&max-parts=1", Action::ListMultipartUploadParts),
        (Method::DELETE, OBJECT, "uploadId=u", Action::AbortMultipartUpload),
        (Method::POST, OBJECT, "uploadId=u", Action::PutObject),
        (Method::DELETE, OBJECT, "", Action::DeleteObject),
        (Method::DELETE, OBJECT, "versionId=1", Action::DeleteObjectVersion),
        (Method::PUT, OBJECT, "acl&versionId=1", Action::PutObjectVersionAcl),
    ];
    for (method, target, text, action) in cases {
        let classified = request(&method, target, text, &[]).unwrap();
        let actions: Vec<_> = classified.demands.iter().map(|(action, _)| *action).collect();
        assert_eq!(actions, [action], "{method} {text}");
    }
    let id = request(&Method::GET, BUCKET, "metrics&id=a", &[]).unwrap().operation;
    assert_eq!(id, Operation::GetBucketMetricsConfiguration);
    let list = request(&Method::GET, BUCKET, "metrics", &[]).unwrap().operation;
    assert_eq!(list, Operation::ListBucketMetricsConfigurations);
    assert_eq!(refusal(&Method::PUT, BUCKET, "metrics", &[]), ErrorCode::NotImplemented);
}
