//! One test per way to be refused, and that what is accepted is said again exactly.

use serde_json::{Value, json};

use super::OrganizationPolicy;
use crate::policy::PolicyError;

fn document() -> Value {
    json!({
        "version": "v1alpha1",
        "name": "full access",
        "statements": [{
            "name": "all of it",
            "effect": "Allow",
            "actions": ["s3:*", "S3:getobject", "cwobject:CreateAccessKey*"],
            "resources": ["*", "b", "b/*", "b/*"],
            "principals": ["role/Admin", "saml/*", "anonymous", "*"],
        }],
    })
}

fn parse(document: &Value) -> Result<OrganizationPolicy, PolicyError> {
    OrganizationPolicy::parse(document.to_string().as_bytes())
}

/// What the document is refused with once `pointer` holds `value`.
fn refusal(pointer: &str, value: Value) -> String {
    let mut document = document();
    *document.pointer_mut(pointer).expect("the pointer is right") = value;
    parse(&document).expect_err(&document.to_string()).to_string()
}

fn refusal_of_entry(list: &str, entry: &str) -> String {
    refusal(&format!("/statements/0/{list}"), json!(["s3:GetObject", entry][usize::from(list != "actions")..]))
}

#[test]
fn what_was_written_is_said_again_exactly() {
    let policy = parse(&document()).unwrap();
    assert_eq!(serde_json::to_value(&policy).unwrap(), document());
    assert_eq!(policy.name().as_str(), "full access");
    assert_eq!(policy.statements().len(), 1);
}

#[test]
fn the_wrapper_of_the_protocol_is_accepted() {
    assert_eq!(parse(&json!({ "policy": document() })), parse(&document()));
    let two = json!({ "policy": document(), "name": "x" });
    assert!(parse(&two).unwrap_err().to_string().starts_with("name: Unknown field"));
    let wrong = json!({ "policy": { "version": "v2" } });
    assert!(parse(&wrong).unwrap_err().to_string().starts_with("policy.version: expected v1alpha1"));
}

#[test]
fn every_field_is_needed_and_no_other_is_known() {
    for field in ["version", "name", "statements"] {
        let mut document = document();
        document.as_object_mut().unwrap().remove(field);
        assert_eq!(parse(&document).unwrap_err().to_string(), format!("{field}: missing"));
    }
    for field in ["name", "effect", "actions", "resources", "principals"] {
        let mut document = document();
        document["statements"][0].as_object_mut().unwrap().remove(field);
        assert_eq!(parse(&document).unwrap_err().to_string(), format!("statements[0].{field}: missing"));
    }
    let mut unknown = document();
    unknown["statements"][0]["action"] = json!(["s3:*"]);
    assert!(parse(&unknown).unwrap_err().to_string().starts_with("statements[0].action: Unknown field action"));
    let mut unknown = document();
    unknown["extra"] = json!(1);
    assert!(parse(&unknown).unwrap_err().to_string().starts_with("extra: Unknown field"));
    let mut condition = document();
    condition["statements"][0]["condition"] = json!({});
    assert!(parse(&condition).unwrap_err().to_string().contains("no conditions"));
}

#[test]
fn a_field_that_stands_twice_is_refused() {
    let text = document().to_string().replace(r#""effect":"Allow""#, r#""effect":"Allow","effect":"Deny""#);
    let refusal = OrganizationPolicy::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(refusal.starts_with("statements[0].effect: stands twice"), "{refusal}");
}

#[test]
fn every_value_has_its_form() {
    for (pointer, value, expected) in [
        ("/version", json!("v1"), "version: expected v1alpha1, found v1"),
        ("/version", json!(1), "version: expected a text, found a number"),
        ("/name", json!("a/b"), "name: expected 1 to 128"),
        ("/name", json!(""), "name: expected 1 to 128"),
        ("/statements", json!([]), "statements: at least one"),
        ("/statements", json!({}), "statements: expected a list, found an object"),
        ("/statements/0", json!("x"), "statements[0]: expected an object"),
        ("/statements/0/name", json!(""), "statements[0].name: expected 1 to 128"),
        ("/statements/0/name", json!("a\nb"), "statements[0].name: expected 1 to 128"),
        ("/statements/0/name", json!("a".repeat(129)), "statements[0].name: expected 1 to 128"),
        ("/statements/0/effect", json!("allow"), "statements[0].effect: expected Allow or Deny, found allow"),
        ("/statements/0/effect", json!(null), "statements[0].effect: expected a text, found null"),
        ("/statements/0/actions", json!([]), "statements[0].actions: at least one"),
        ("/statements/0/actions", json!("s3:*"), "statements[0].actions: expected a list, found a text"),
        ("/statements/0/actions", json!([true]), "statements[0].actions[0]: expected a text"),
        ("/statements/0/resources", json!([]), "statements[0].resources: at least one"),
        ("/statements/0/principals", json!([]), "statements[0].principals: at least one"),
        ("/statements/0/principals", json!({"AWS": "*"}), "statements[0].principals: expected a list"),
    ] {
        let refusal = refusal(pointer, value);
        assert!(refusal.starts_with(expected), "{refusal}");
    }
    for text in ["", "[]", "\"x\"", "{", "null"] {
        assert!(OrganizationPolicy::parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn names_of_statements_are_unique_in_a_policy() {
    let mut twice = document();
    let mut other = twice["statements"][0].clone();
    twice["statements"].as_array_mut().unwrap().push(other.clone());
    let refusal = parse(&twice).unwrap_err().to_string();
    assert!(refusal.starts_with("statements[1].name: another statement is called all of it"), "{refusal}");
    other["name"] = json!("\u{fc}ber all");
    twice["statements"][1] = other;
    assert!(parse(&twice).is_ok());
}

#[test]
fn a_document_has_a_size() {
    let mut text = document().to_string();
    text.push_str(&" ".repeat(OrganizationPolicy::LIMIT - text.len()));
    assert!(OrganizationPolicy::parse(text.as_bytes()).is_ok());
    text.push(' ');
    let limit = OrganizationPolicy::LIMIT;
    assert_eq!(OrganizationPolicy::parse(text.as_bytes()), Err(PolicyError::TooLarge { found: limit + 1, limit }));
}

#[test]
fn an_action_has_to_exist() {
    let mut document = document();
    document["statements"][0]["actions"] = json!(["s3:GetObject", "s3:DeleteBucketLifecycle"]);
    let refusal = parse(&document).unwrap_err().to_string();
    assert!(refusal.starts_with("statements[0].actions[1]: there is no action s3:DeleteBucketLifecycle"), "{refusal}");
    document["statements"][0]["actions"] = json!(["s3:ReplicateObject"]);
    assert!(parse(&document).is_ok());
    // `portcullis operations` has none of these.
    document["statements"][0]["actions"] = json!(["cwobject:CreateAccesKey"]);
    let refusal = parse(&document).unwrap_err().to_string();
    assert!(refusal.contains("cwobject:CreateAccessKey, ") && !refusal.contains("portcullis operations"), "{refusal}");
}

#[test]
fn actions_about_no_bucket_need_the_resource_star() {
    for action in ["cwobject:CreateAccessKey", "cwobject:*", "s3:ListAllMyBuckets", "s3:listallmybuckets"] {
        let mut document = document();
        document["statements"][0]["actions"] = json!([action]);
        assert!(parse(&document).is_ok(), "{action}");
        document["statements"][0]["resources"] = json!(["b", "b*", "b/*"]);
        let refusal = parse(&document).unwrap_err().to_string();
        let expected =
            format!("statements[0].actions[0]: {action} is about no bucket: the statement needs the resource");
        assert!(refusal.starts_with(&expected), "{refusal}");
    }
    for action in ["s3:*", "*", "s3:List*"] {
        let mut document = document();
        document["statements"][0]["actions"] = json!([action]);
        document["statements"][0]["resources"] = json!(["b"]);
        assert!(parse(&document).is_ok(), "{action} is about buckets too");
    }
}

#[test]
fn resources_are_bare_names() {
    for (resource, part) in [
        ("arn:aws:s3:::b/*", "is an ARN; write the name alone: b/*"),
        ("ARN:aws:s3:::b", "is an ARN; write the name alone: b"),
        ("arn:", "is an ARN"),
        ("b/${aws:username}/*", "variable"),
        ("", "no name of a bucket"),
        ("/b", "no name of a bucket"),
        ("s3://b", "no name of a bucket"),
        ("b c", "no name of a bucket"),
        ("b/", "all objects of the bucket are b/*"),
    ] {
        let refusal = refusal_of_entry("resources", resource);
        assert!(refusal.starts_with("statements[0].resources[0]: ") && refusal.contains(part), "{refusal}");
    }
    for resource in ["*", "b", "b/*", "acc-*", "acc-*/*", "b?/x y/\u{fc}", "*/public/*", "b/k/", "*/"] {
        let mut document = document();
        document["statements"][0]["actions"] = json!(["s3:GetObject"]);
        document["statements"][0]["resources"] = json!([resource]);
        assert!(parse(&document).is_ok(), "{resource}");
    }
}

#[test]
fn principals_are_short() {
    for (principal, part) in [
        ("arn:aws:iam::org:saml/Admin", "is an ARN; write the principal alone, such as saml/Admin"),
        ("alice@example.com", "can be nobody"),
        ("anonymous*", "can be nobody"),
        ("Anonymous", "or the word anonymous"),
        ("saml/*dmin", "wildcard inside"),
        ("", "can be nobody"),
    ] {
        let refusal = refusal_of_entry("principals", principal);
        assert!(refusal.starts_with("statements[0].principals[0]: ") && refusal.contains(part), "{refusal}");
    }
}
