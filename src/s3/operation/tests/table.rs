//! The table as a whole, and requests made at random.

use proptest::prelude::*;

use super::*;

#[test]
fn every_row_is_selected_by_its_own_request() {
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
            Support::Forwarded | Support::Served => {
                supported += 1;
                let classified = answer.expect("classified");
                assert_eq!(classified.operation, row.operation);
                assert!(!classified.demands.is_empty(), "{:?} needs nothing", row.operation);
            }
            Support::Form => {
                assert_eq!(row.operation, Operation::PostObject);
                assert_eq!(answer.expect_err("refused").code, ErrorCode::MalformedPOSTRequest);
            }
            Support::NotImplemented(_) => {
                refused += 1;
                let error = answer.expect_err("refused");
                assert_eq!(error.code, ErrorCode::NotImplemented);
                assert!(error.message.contains(row.operation.name()), "{}", error.message);
            }
        }
    }
    assert!(supported > 90 && refused > 5, "{supported} supported, {refused} refused");
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
            assert_eq!(reads, action.needed_permission() == NeededPermission::Read, "{action} of {:?}", row.operation);
        }
    }
}

#[test]
fn permissions_follow_level_and_resource() {
    let expected = [
        (Action::ListAllMyBuckets, NeededPermission::Read),
        (Action::ListBucket, NeededPermission::Read),
        (Action::ListMultipartUploadParts, NeededPermission::Read),
        (Action::GetBucketPolicy, NeededPermission::Read),
        (Action::GetObject, NeededPermission::Read),
        (Action::PutObject, NeededPermission::Write),
        (Action::AbortMultipartUpload, NeededPermission::Write),
        (Action::PutObjectTagging, NeededPermission::Write),
        (Action::DeleteObjectVersion, NeededPermission::Write),
        (Action::PutObjectRetention, NeededPermission::Write),
        (Action::PutObjectAcl, NeededPermission::Admin),
        (Action::PutObjectVersionAcl, NeededPermission::Admin),
        (Action::BypassGovernanceRetention, NeededPermission::Admin),
        (Action::CreateBucket, NeededPermission::Admin),
        (Action::DeleteBucket, NeededPermission::Admin),
        (Action::PutBucketTagging, NeededPermission::Admin),
        (Action::PutLifecycleConfiguration, NeededPermission::Admin),
        (Action::PutBucketPolicy, NeededPermission::Admin),
    ];
    for (action, permission) in expected {
        assert_eq!(action.needed_permission(), permission, "{action}");
    }
    for action in Action::ALL {
        assert!(action.name().starts_with("s3:"));
    }
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
            prop_assert!(matches!(row.support, Support::Forwarded | Support::Served));
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
