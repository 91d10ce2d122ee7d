//! `ForAnyValue` and `ForAllValues` on keys with several values.

use super::{met, texts};
use crate::policy::condition::{FixedKey, Value};

fn with(operator: &str, request: &[&str], document: &[&str]) -> bool {
    met(operator, FixedKey::RequestObjectTagKeys, Value::Texts(&texts(request)), document)
}

#[test]
fn e18_sets_are_compared_as_aws_documents_it() {
    // Request, document, then: any equals, all equal, any differs from all, all differ from all.
    for (request, document, any, all, any_not, all_not) in [
        (&["a"][..], &["a", "b"][..], true, true, false, false),
        (&["c"], &["a", "b"], false, false, true, true),
        (&["a", "b"], &["a", "b", "c"], true, true, false, false),
        (&["a", "c"], &["a", "b"], true, false, true, false),
        (&["c", "d"], &["a", "b"], false, false, true, true),
        (&["A"], &["a"], false, false, true, true),
        (&["a", ""], &["a"], true, false, true, false),
    ] {
        for (operator, expected) in [
            ("ForAnyValue:StringEquals", any),
            ("ForAllValues:StringEquals", all),
            ("ForAnyValue:StringNotEquals", any_not),
            ("ForAllValues:StringNotEquals", all_not),
            ("ForAnyValue:StringLike", any),
            ("ForAllValues:StringLike", all),
            ("ForAnyValue:StringNotLike", any_not),
            ("ForAllValues:StringNotLike", all_not),
        ] {
            assert_eq!(with(operator, request, document), expected, "{operator} {request:?} {document:?}");
            let relaxed = format!("{operator}IfExists");
            assert_eq!(with(&relaxed, request, document), expected, "{relaxed} {request:?} {document:?}");
        }
    }
}

#[test]
fn e18_an_empty_set_is_a_missing_key() {
    for comparison in ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"] {
        let (any, all) = (format!("ForAnyValue:{comparison}"), format!("ForAllValues:{comparison}"));
        for request in [&[][..], &[""], &["", ""]] {
            assert!(!with(&any, request, &["a"]), "{any} {request:?}");
            assert!(with(&all, request, &["a"]), "{all} {request:?}");
        }
        assert!(with(&format!("{any}IfExists"), &[], &["a"]));
        assert!(!met(&any, FixedKey::RequestObjectTagKeys, Value::Absent, &["a"]));
        assert!(met(&all, FixedKey::RequestObjectTagKeys, Value::Absent, &["a"]));
    }
    assert!(with("Null", &[], &["true"]) && with("Null", &[""], &["true"]) && with("Null", &["a"], &["false"]));
}

#[test]
fn an_empty_text_is_no_set_but_is_a_text() {
    assert!(met("ForAllValues:StringEquals", FixedKey::Prefix, Value::Text(""), &["a"]));
    assert!(!met("ForAnyValue:StringEquals", FixedKey::Prefix, Value::Text(""), &[""]));
    assert!(met("StringEquals", FixedKey::Prefix, Value::Text(""), &["", "a"]), "the listing of AWS's console");
    assert!(!met("StringEquals", FixedKey::Prefix, Value::Absent, &["", "a"]));
}
