//! The table as a whole, then each way to be refused with its positive control.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::identity::Permission;

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

#[test]
fn every_row_is_selected_by_its_own_request_and_by_nothing_less() {
    for row in TABLE {
        assert_eq!(select_with(row, &least_query(row)).expect("selected"), row, "{row:?}");
        let mut full = least_query(row);
        full.extend(row.optional.iter().map(|name| ((*name).to_owned(), Some("5".to_owned()))));
        full.extend(row.version_actions.map(|_| ("versionId".to_owned(), Some("null".to_owned()))));
        assert_eq!(select_with(row, &full).expect("selected"), row, "{row:?}");
        // An empty value is no value.
        let empty: Query = full.into_iter().map(|(name, value)| (name, Some(value.unwrap_or_default()))).collect();
        assert_eq!(select_with(row, &empty).expect("selected"), row, "{row:?}");
    }
}

#[test]
fn no_two_rows_are_selected_by_the_same_request_and_no_two_have_the_same_operation() {
    for (position, row) in TABLE.iter().enumerate() {
        for other in &TABLE[..position] {
            assert_ne!(row.operation, other.operation);
            let key = |row: &Row| (row.verb, row.target, row.selector, row.required, row.header);
            assert_ne!(key(row), key(other), "{:?} and {:?}", row.operation, other.operation);
        }
    }
}

#[test]
fn a_parameter_that_selects_is_never_a_plain_parameter_elsewhere() {
    let selectors: Vec<_> = TABLE.iter().filter_map(|row| row.selector).collect();
    for row in TABLE {
        for name in row.optional.iter().chain(&row.required) {
            assert!(!selectors.contains(name), "{name} of {:?}", row.operation);
        }
    }
}

#[test]
fn supported_rows_classify_and_the_others_are_501_by_name() {
    let (mut supported, mut refused) = (0, 0);
    for row in TABLE {
        let (method, query, headers) = (method(row.verb), least_query(row), least_headers(row));
        let answer = classify(Classify { method: &method, target: row.target, query: &query, headers: &headers });
        match row.support {
            Support::Forwarded => {
                supported += 1;
                let classified = answer.expect("classified");
                assert_eq!(classified.operation, row.operation);
                assert!(!classified.demands.is_empty(), "{:?} needs nothing", row.operation);
            }
            Support::NotImplemented(_) => {
                refused += 1;
                let error = answer.expect_err("refused");
                assert_eq!(error.code, ErrorCode::NotImplemented);
                assert!(error.message.contains(row.operation.name()), "{}", error.message);
            }
        }
    }
    assert!(supported > 90 && refused > 10, "{supported} supported, {refused} refused");
}

#[test]
fn every_method_target_and_sub_resource_outside_the_table_is_501() {
    let methods = [Verb::Delete, Verb::Get, Verb::Head, Verb::Post, Verb::Put];
    let mut selectors: Vec<_> = TABLE.iter().map(|row| row.selector).collect();
    selectors.sort_unstable();
    selectors.dedup();
    let mut refused = 0;
    for verb in methods {
        for target in [Target::Service, Target::Bucket, Target::Object] {
            for selector in &selectors {
                if TABLE.iter().any(|row| (row.verb, row.target, row.selector) == (verb, target, *selector)) {
                    continue;
                }
                let text = match selector {
                    Some("list-type") => "list-type=2".into(),
                    Some("uploadId") => "uploadId=u".into(),
                    other => other.unwrap_or_default().to_owned(),
                };
                assert_eq!(refusal(&method(verb), target, &text, &[]), ErrorCode::NotImplemented, "{verb:?} {text}");
                refused += 1;
            }
        }
    }
    assert!(refused > 400, "{refused}");
}

#[test]
fn every_action_is_about_what_its_operation_names() {
    for row in TABLE {
        for action in row.actions.iter().chain(row.version_actions.unwrap_or_default()) {
            let right = match row.target {
                Target::Service => action.resource() == ResourceKind::Service,
                Target::Bucket => {
                    action.resource() == ResourceKind::Bucket
                        || matches!(row.operation, Operation::DeleteObjects | Operation::PostObject)
                }
                Target::Object => action.resource() == ResourceKind::Object,
            };
            assert!(right, "{action} of {:?}", row.operation);
        }
    }
}

#[test]
fn every_action_is_used_and_a_reading_method_never_stands_for_a_writing_action() {
    let from_headers = [Action::BypassGovernanceRetention];
    for action in Action::ALL {
        let used =
            |row: &&Row| row.actions.contains(action) || row.version_actions.unwrap_or_default().contains(action);
        let rows: Vec<_> = TABLE.iter().filter(used).collect();
        assert!(!rows.is_empty() || from_headers.contains(action), "{action} is used nowhere");
        for row in rows {
            let reads = matches!(row.verb, Verb::Get | Verb::Head) || row.operation == Operation::SelectObjectContent;
            assert_eq!(reads, action.needed_permission() == Permission::Read, "{action} of {:?}", row.operation);
        }
    }
}

#[test]
fn permissions_follow_level_and_resource() {
    let expected = [
        (Action::ListAllMyBuckets, Permission::Read),
        (Action::ListBucket, Permission::Read),
        (Action::ListMultipartUploadParts, Permission::Read),
        (Action::GetBucketPolicy, Permission::Read),
        (Action::GetObject, Permission::Read),
        (Action::PutObject, Permission::Write),
        (Action::AbortMultipartUpload, Permission::Write),
        (Action::PutObjectTagging, Permission::Write),
        (Action::DeleteObjectVersion, Permission::Write),
        (Action::PutObjectRetention, Permission::Write),
        (Action::PutObjectAcl, Permission::Admin),
        (Action::PutObjectVersionAcl, Permission::Admin),
        (Action::BypassGovernanceRetention, Permission::Admin),
        (Action::CreateBucket, Permission::Admin),
        (Action::DeleteBucket, Permission::Admin),
        (Action::PutBucketTagging, Permission::Admin),
        (Action::PutLifecycleConfiguration, Permission::Admin),
        (Action::PutBucketPolicy, Permission::Admin),
    ];
    for (action, permission) in expected {
        assert_eq!(action.needed_permission(), permission, "{action}");
    }
    for action in Action::ALL {
        assert_ne!(action.needed_permission(), Permission::None, "{action}");
        assert!(action.name().starts_with("s3:"));
    }
}

#[test]
fn d6_a_parameter_given_twice_is_400() {
    for text in ["acl&acl", "acl&acl=", "prefix=1&prefix=2", "versionId=1&versionId=1"] {
        assert_eq!(refusal(&Method::GET, OBJECT, text, &[]), ErrorCode::InvalidArgument, "{text}");
    }
    assert_eq!(request(&Method::GET, OBJECT, "acl", &[]).unwrap().operation, Operation::GetObjectAcl);
}

#[test]
fn d6_names_are_compared_with_their_case() {
    for text in ["ACL", "Acl", "aCl", "VersionId=1", "uploadid=1", "List-Type=2"] {
        assert_eq!(refusal(&Method::GET, OBJECT, text, &[]), ErrorCode::NotImplemented, "{text}");
    }
    assert_eq!(request(&Method::GET, OBJECT, "acl=", &[]).unwrap().operation, Operation::GetObjectAcl);
}

#[test]
fn d6_a_sub_resource_with_a_value_is_400() {
    for text in ["acl=1", "versioning=x", "list-type=1", "list-type", "list-type=02"] {
        assert_eq!(refusal(&Method::GET, BUCKET, text, &[]), ErrorCode::InvalidArgument, "{text}");
    }
    assert_eq!(request(&Method::GET, BUCKET, "list-type=2", &[]).unwrap().operation, Operation::ListObjectsV2);
}

#[test]
fn d7_two_sub_resources_are_400() {
    for text in ["acl&policy", "policy&acl", "uploads&delete", "versions&list-type=2", "uploads&uploadId=1"] {
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE] {
            assert_eq!(refusal(&method, BUCKET, text, &[]), ErrorCode::InvalidRequest, "{method} {text}");
        }
    }
    assert_eq!(request(&Method::POST, BUCKET, "delete", &[]).unwrap().operation, Operation::DeleteObjects);
}

#[test]
fn d8_unknown_parameters_are_501_and_named() {
    for text in ["fresh", "fresh=1", "acl&fresh", "prefix=a&fresh=1", "uploads&allow-unordered=true", "versionId=1"] {
        let error = request(&Method::GET, BUCKET, text, &[]).expect_err("refused");
        assert_eq!(error.code, ErrorCode::NotImplemented, "{text}");
        let unknown = ["fresh", "allow-unordered", "versionId"].into_iter().any(|name| error.message.contains(name));
        assert!(unknown, "{}", error.message);
    }
    assert_eq!(request(&Method::GET, BUCKET, "prefix=a", &[]).unwrap().operation, Operation::ListObjects);
}

#[test]
fn methods_that_s3_lacks_are_refused_and_method_override_headers_are_not_read() {
    assert_eq!(refusal(&Method::OPTIONS, OBJECT, "", &[]), ErrorCode::AccessDenied);
    for method in [Method::TRACE, Method::CONNECT, Method::PATCH, Method::from_bytes(b"get").unwrap()] {
        assert_eq!(refusal(&method, OBJECT, "", &[]), ErrorCode::MethodNotAllowed, "{method}");
    }
    let overridden = request(&Method::GET, OBJECT, "", &[("x-http-method-override", "DELETE")]);
    assert_eq!(overridden.unwrap().operation, Operation::GetObject);
}

#[test]
fn e22_part_numbers_outside_1_to_10000_are_400() {
    for number in ["0", "10001", "-1", "+1", "1.0", "", "99999999", "x", "1e3", " 1", "000001"] {
        for (method, text) in [(Method::PUT, "uploadId=u&"), (Method::GET, ""), (Method::HEAD, "")] {
            let text = format!("{text}partNumber={number}");
            assert_eq!(refusal(&method, OBJECT, &text, &[]), ErrorCode::InvalidArgument, "{method} {text}");
        }
    }
    for number in [1, 10_000] {
        let part = request(&Method::PUT, OBJECT, &format!("uploadId=u&partNumber={number}"), &[]).unwrap();
        assert_eq!((part.operation, part.part_number), (Operation::UploadPart, Some(number)));
        assert_eq!(part.upload_id.as_deref(), Some("u"));
        let read = request(&Method::HEAD, OBJECT, &format!("partNumber={number}"), &[]).unwrap();
        assert_eq!((read.operation, read.part_number), (Operation::HeadObject, Some(number)));
    }
}

#[test]
fn half_an_upload_part_is_never_a_plain_upload() {
    assert_eq!(refusal(&Method::PUT, OBJECT, "partNumber=1", &[]), ErrorCode::NotImplemented);
    assert_eq!(refusal(&Method::PUT, OBJECT, "uploadId=u", &[]), ErrorCode::NotImplemented);
    for text in ["uploadId&partNumber=1", "uploadId=&partNumber=1"] {
        assert_eq!(refusal(&Method::PUT, OBJECT, text, &[]), ErrorCode::InvalidArgument, "{text}");
    }
}

#[test]
fn an_empty_version_is_400_and_null_is_a_version() {
    for text in ["versionId", "versionId=", "acl&versionId"] {
        assert_eq!(refusal(&Method::GET, OBJECT, text, &[]), ErrorCode::InvalidArgument, "{text}");
    }
    let needed = |text| demands(&Method::GET, OBJECT, text, &[]);
    assert_eq!(needed("versionId=null"), [(Action::GetObjectVersion, DemandTarget::Object)]);
    assert_eq!(needed(""), [(Action::GetObject, DemandTarget::Object)]);
}

#[test]
fn e11_looking_at_an_object_needs_no_less_than_getting_it() {
    let object = |actions: &[Action]| actions.iter().map(|action| (*action, DemandTarget::Object)).collect::<Vec<_>>();
    assert_eq!(demands(&Method::HEAD, OBJECT, "", &[]), object(&[Action::GetObject]));
    assert_eq!(demands(&Method::HEAD, OBJECT, "versionId=1&partNumber=2", &[]), object(&[Action::GetObjectVersion]));
    let attributes = object(&[Action::GetObject, Action::GetObjectAttributes]);
    assert_eq!(demands(&Method::GET, OBJECT, "attributes", &[]), attributes);
    let attributes = object(&[Action::GetObjectVersion, Action::GetObjectVersionAttributes]);
    assert_eq!(demands(&Method::GET, OBJECT, "attributes&versionId=1", &[]), attributes);
    for (method, text) in [(Method::GET, "torrent"), (Method::POST, "select&select-type=2")] {
        assert_eq!(refusal(&method, OBJECT, text, &[]), ErrorCode::NotImplemented, "{text}");
    }
}

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

fn any_name() -> impl Strategy<Value = String> {
    let known =
        TABLE.iter().flat_map(|row| row.selector.into_iter().chain(row.required).chain(row.optional.iter().copied()));
    let known: Vec<_> = known.map(str::to_owned).chain(["versionId".to_owned()]).collect();
    prop_oneof![proptest::sample::select(known), ".{0,12}"]
}

fn any_request() -> impl Strategy<Value = (Method, Target, Query, HeaderMap)> {
    let method = prop_oneof![
        proptest::sample::select(vec![Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::HEAD]),
        "[A-Z]{1,8}".prop_map(|text| Method::from_bytes(text.as_bytes()).expect("a token")),
    ];
    let target = proptest::sample::select(vec![Target::Service, Target::Bucket, Target::Object]);
    let value = proptest::option::of(prop_oneof![Just(String::new()), Just("2".into()), ".{0,8}"]);
    let query = proptest::collection::vec((any_name(), value), 0..4);
    let names =
        proptest::sample::select(vec!["x-amz-copy-source", "x-amz-acl", "x-amz-tagging", "x-amz-request-route"]);
    let headers = proptest::collection::vec((names, proptest::collection::vec(32..=255_u8, 0..20)), 0..3);
    let headers = headers.prop_map(|pairs| {
        let right = |(name, value): (&'static str, Vec<u8>)| {
            Some((HeaderName::from_static(name), HeaderValue::from_bytes(&value).ok()?))
        };
        pairs.into_iter().filter_map(right).collect()
    });
    (method, target, query, headers)
}

proptest! {
    #[test]
    fn whatever_comes_is_classified_or_refused_and_never_with_an_unknown_parameter(
        (method, target, query, headers) in any_request()
    ) {
        if let Ok(classified) = classify(Classify { method: &method, target, query: &query, headers: &headers }) {
            let row = classified.row;
            prop_assert_eq!(row.support, Support::Forwarded);
            prop_assert_eq!(row.target, target);
            prop_assert_eq!(row.header, headers.contains_key(COPY_SOURCE).then_some(COPY_SOURCE));
            prop_assert!(!classified.demands.is_empty());
            for (name, _) in &query {
                let known = row.selector == Some(name) || row.required == Some(name)
                    || row.optional.contains(&name.as_str()) || name == "versionId";
                prop_assert!(known, "{} of {:?}", name, row.operation);
            }
        }
    }

    #[test]
    fn one_unknown_parameter_is_enough_to_be_refused(row in 0..TABLE.len(), name in "[a-zA-Z-]{1,20}") {
        let row = &TABLE[row];
        let known = TABLE.iter().any(|row| row.selector == Some(&name) || row.optional.contains(&name.as_str()));
        prop_assume!(!known && !["id", "partNumber", "versionId"].contains(&name.as_str()));
        let mut query = least_query(row);
        query.push((name, None));
        prop_assert_eq!(select_with(row, &query).expect_err("refused").code, ErrorCode::NotImplemented);
    }
}
