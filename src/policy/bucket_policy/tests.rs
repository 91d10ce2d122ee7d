//! What bucket policies say: each rule of matching, what is shown, what is public.

use serde_json::{Value, json};

use super::BucketPolicy;
use crate::identity::{OrganizationId, Principal};
use crate::policy::{Asker, Context, Effect, FixedKey, Outcome, PolicyAction, Question, Resource, Verdict};
use crate::s3::operation::Action;

fn policy(statements: &Value) -> BucketPolicy {
    let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    let organization = OrganizationId::parse("ab1cd2").unwrap();
    BucketPolicy::parse(document.as_bytes(), "b", &organization).unwrap_or_else(|error| panic!("{document}: {error}"))
}

/// A statement that allows everybody everything, but for the elements of `other`.
fn statement(other: &Value) -> Value {
    let mut statement = json!({ "Effect": "Allow" });
    let wide = [
        ("Principal", json!("*")),
        ("Action", json!("s3:*")),
        ("Resource", json!(["arn:aws:s3:::b", "arn:aws:s3:::b/*"])),
    ];
    for (name, value) in wide {
        if other.get(name).is_none() && other.get(format!("Not{name}")).is_none() {
            statement[name] = value;
        }
    }
    for (name, value) in other.as_object().unwrap() {
        statement[name] = value.clone();
    }
    statement
}

fn allow(other: &Value) -> BucketPolicy {
    policy(&statement(other))
}

fn asked<T>(asker: &str, action: Action, resource: Resource<'_>, then: impl FnOnce(&Question<'_>) -> T) -> T {
    let principal = Principal::parse(asker);
    let mut context = Context::new();
    if principal.is_ok() {
        context.set(FixedKey::UserId, crate::policy::Value::Text(asker));
    }
    let asker = principal.as_ref().map_or(Asker::Anonymous, Asker::Principal);
    then(&Question { asker, action: PolicyAction::S3(action), resource, context: &context })
}

fn judge(policy: &BucketPolicy, asker: &str, action: Action, resource: Resource<'_>) -> Verdict {
    asked(asker, action, resource, |question| policy.judge(question))
}

fn reads(policy: &BucketPolicy, asker: &str, key: &str) -> bool {
    matches!(judge(policy, asker, Action::GetObject, object(key)), Verdict::Allowed(_))
}

fn object(key: &str) -> Resource<'_> {
    Resource::Object { bucket: "b", key }
}

const BUCKET: Resource<'_> = Resource::Bucket("b");

#[test]
fn the_text_is_kept_byte_for_byte() {
    let text = " {\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\n\"Resource\":\"*\"}} ";
    let organization = OrganizationId::parse("ab1cd2").unwrap();
    assert_eq!(BucketPolicy::parse(text.as_bytes(), "b", &organization).unwrap().text(), text);
}

#[test]
fn e17_a_deny_wins_over_every_allow_wherever_it_stands() {
    let allowing = statement(&json!({ "Sid": "yes" }));
    let denying = statement(&json!({ "Sid": "no", "Effect": "Deny", "Resource": "arn:aws:s3:::b/locked/*" }));
    for policy in [policy(&json!([allowing, denying])), policy(&json!([denying, allowing]))] {
        let Verdict::Denied(by) = judge(&policy, "saml/A", Action::GetObject, object("locked/k")) else {
            panic!("the Deny wins")
        };
        assert_eq!(by.to_string(), "b/no");
        let Verdict::Allowed(by) = judge(&policy, "saml/A", Action::GetObject, object("k")) else { panic!("no Deny") };
        assert_eq!(by.to_string(), "b/yes");
    }
}

#[test]
fn the_first_statement_is_named_by_its_number_if_it_has_no_name() {
    let policy = policy(&json!([
        statement(&json!({ "Action": "s3:PutObject" })),
        statement(&json!({ "Sid": "" })),
        statement(&json!({ "Sid": "third" })),
    ]));
    let Verdict::Allowed(by) = judge(&policy, "saml/A", Action::GetObject, object("k")) else { panic!("allowed") };
    assert_eq!(by.to_string(), "b/#2");
    assert_eq!(judge(&policy, "saml/A", Action::GetObject, Resource::Any), Verdict::Silent);
}

#[test]
fn e16_a_bucket_is_no_object_and_the_reverse() {
    let objects = allow(&json!({ "Resource": "arn:aws:s3:::b/*" }));
    assert!(reads(&objects, "saml/A", "k") && reads(&objects, "saml/A", "a/b"));
    assert_eq!(judge(&objects, "saml/A", Action::ListBucket, BUCKET), Verdict::Silent);
    let bucket = allow(&json!({ "Resource": "arn:aws:s3:::b" }));
    assert!(!reads(&bucket, "saml/A", "k"));
    assert!(matches!(judge(&bucket, "saml/A", Action::ListBucket, BUCKET), Verdict::Allowed(_)));
    let both = allow(&json!({ "Resource": "*" }));
    assert!(reads(&both, "saml/A", "k"));
    assert!(matches!(judge(&both, "saml/A", Action::ListBucket, BUCKET), Verdict::Allowed(_)));
}

#[test]
fn e16_keys_match_exactly_but_for_wildcards() {
    let policy = allow(&json!({ "Resource": ["arn:aws:s3:::b/a?c/*.jpg", "arn:aws:s3:::b/k"] }));
    assert!(reads(&policy, "saml/A", "abc/x/y.jpg") && reads(&policy, "saml/A", "k"));
    for key in ["ABC/x.jpg", "ac/x.jpg", "abc/x.jpg2", "K", "k/", "kk", "a?c/x.JPG"] {
        assert!(!reads(&policy, "saml/A", key), "{key}");
    }
    let other_bucket = Resource::Object { bucket: "c", key: "k" };
    assert_eq!(judge(&policy, "saml/A", Action::GetObject, other_bucket), Verdict::Silent);
}

#[test]
fn e20_a_variable_is_what_the_request_has_and_matches_nothing_without() {
    let policy = allow(&json!({ "Resource": "arn:aws:s3:::b/${aws:userid}/*" }));
    assert!(reads(&policy, "saml/A", "saml/A/k"));
    assert!(!reads(&policy, "saml/A", "saml/B/k"));
    assert!(!reads(&policy, "role/*", "role/x/k"));
    assert!(!reads(&policy, "nobody", "${aws:userid}/k") && !reads(&policy, "nobody", "/k"));
}

#[test]
fn principals_are_those_of_the_organization() {
    let reads_as = |principal: Value, asker: &str| reads(&allow(&json!({ "Principal": principal })), asker, "k");
    for everybody in [json!("*"), json!({ "AWS": "*" }), json!({ "CW": ["*"] })] {
        assert!(reads_as(everybody.clone(), "nobody") && reads_as(everybody, "saml/A"));
    }
    for root in ["ab1cd2", "arn:aws:iam::ab1cd2:root", "arn:aws:iam::ab1cd2:*"] {
        assert!(!reads_as(json!({ "AWS": root }), "nobody") && reads_as(json!({ "AWS": root }), "static/K"), "{root}");
    }
    let exact = json!({ "CW": ["arn:aws:iam::ab1cd2:saml/A", "arn:aws:iam::ab1cd2:role/https://i:ann"], "AWS": "arn:aws:iam::ab1cd2:coreweave/t*" });
    for asker in ["saml/A", "role/https://i:ann", "coreweave/t1"] {
        assert!(reads_as(exact.clone(), asker), "{asker}");
    }
    for asker in ["saml/B", "saml/a", "role/https://i:anna", "coreweave/u", "nobody"] {
        assert!(!reads_as(exact.clone(), asker), "{asker}");
    }
    assert!(reads_as(json!({ "AWS": "arn:aws:iam::ab1cd2:role/Admin" }), "saml/Admin"));
    for service in ["arn:aws:iam::coreweave:static/audit-logs", "arn:aws:iam::static:role/static/inventory"] {
        assert!(!reads_as(json!({ "AWS": service }), "static/audit-logs"), "{service}");
    }
}

#[test]
fn not_forms_mean_everything_else() {
    let not_a = allow(&json!({ "NotPrincipal": { "AWS": "arn:aws:iam::ab1cd2:role/A" } }));
    assert!(!reads(&not_a, "saml/A", "k") && !reads(&not_a, "role/A", "k"));
    assert!(reads(&not_a, "saml/B", "k"));
    assert!(!reads(&not_a, "nobody", "k"), "who proved nothing is let in by * only");
    let not_read = allow(&json!({ "NotAction": ["s3:Get*", "s3:ReplicateObject"] }));
    assert!(!reads(&not_read, "saml/A", "k"));
    assert!(matches!(judge(&not_read, "saml/A", Action::PutObject, object("k")), Verdict::Allowed(_)));
    let not_secret = allow(&json!({ "NotResource": "arn:aws:s3:::b/secret/*" }));
    assert!(!reads(&not_secret, "saml/A", "secret/k") && reads(&not_secret, "saml/A", "open/k"));
    assert!(matches!(judge(&not_secret, "saml/A", Action::ListBucket, BUCKET), Verdict::Allowed(_)));
    let deny_others = policy(&json!([
        statement(&json!({})),
        statement(&json!({ "Effect": "Deny", "NotPrincipal": { "AWS": "arn:aws:iam::ab1cd2:saml/A" } })),
    ]));
    assert!(reads(&deny_others, "saml/A", "k"));
    assert!(matches!(judge(&deny_others, "nobody", Action::GetObject, object("k")), Verdict::Denied(_)));
}

#[test]
fn conditions_have_to_be_met() {
    let policy = allow(&json!({ "Condition": { "StringEquals": { "aws:userid": ["saml/A", "saml/B"] } } }));
    assert!(reads(&policy, "saml/A", "k") && reads(&policy, "saml/B", "k"));
    assert!(!reads(&policy, "saml/C", "k") && !reads(&policy, "nobody", "k"));
    let typed = allow(&json!({ "Condition": { "Bool": { "aws:SecureTransport": false } } }));
    assert!(!reads(&typed, "saml/A", "k"), "nothing is known about the transport");
}

#[test]
fn an_explanation_names_the_first_part_that_does_not_match() {
    let policy = policy(&json!([
        statement(&json!({ "Sid": "all" })),
        statement(
            &json!({ "Sid": "who", "Principal": { "AWS": "arn:aws:iam::ab1cd2:saml/B" }, "Action": "s3:PutObject" })
        ),
        statement(&json!({ "Sid": "action", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/x" })),
        statement(&json!({ "Sid": "resource", "Effect": "Deny", "Resource": "arn:aws:s3:::b/x" })),
        statement(&json!({ "Sid": "condition", "Condition": { "StringEquals": { "aws:userid": "x" } } })),
    ]));
    let considered = asked("saml/A", Action::GetObject, object("k"), |question| policy.explain(question));
    let outcomes: Vec<_> = considered.iter().map(|one| (one.statement.statement(), one.effect, &one.outcome)).collect();
    let unmet = Outcome::OtherCondition { operator: "StringEquals".to_owned(), key: "aws:userid".to_owned() };
    assert_eq!(
        outcomes,
        [
            ("all", Effect::Allow, &Outcome::Matches),
            ("who", Effect::Allow, &Outcome::OtherPrincipal),
            ("action", Effect::Allow, &Outcome::OtherAction),
            ("resource", Effect::Deny, &Outcome::OtherResource),
            ("condition", Effect::Allow, &unmet),
        ]
    );
}

#[test]
fn e15_a_bucket_is_shown_to_whom_an_allow_could_show_something_in_it() {
    let shown = |other: Value, asker: &str| {
        let principal = Principal::parse(asker);
        allow(&other).may_show(principal.as_ref().map_or(Asker::Anonymous, Asker::Principal))
    };
    for other in [
        json!({ "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/x/*" }),
        json!({ "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b" }),
        json!({ "NotAction": "s3:Put*" }),
        json!({ "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::b/x/*" }),
        json!({ "Condition": { "StringEquals": { "aws:userid": "somebody else" } } }),
    ] {
        assert!(shown(other.clone(), "saml/A"), "{other}");
    }
    for other in [
        json!({ "Effect": "Deny" }),
        json!({ "Action": "s3:PutObject" }),
        json!({ "NotAction": ["s3:Get*", "s3:List*"] }),
        json!({ "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::b/*" }),
        json!({ "NotAction": "s3:Get*", "Resource": "arn:aws:s3:::c".replace('c', "b"), "Principal": { "AWS": "arn:aws:iam::ab1cd2:saml/B" } }),
        json!({ "NotPrincipal": { "AWS": "arn:aws:iam::ab1cd2:saml/A" } }),
    ] {
        assert!(!shown(other.clone(), "saml/A"), "{other}");
    }
    assert!(shown(json!({}), "nobody"));
    assert!(!shown(json!({ "Principal": { "AWS": "ab1cd2" } }), "nobody"));
}

#[test]
fn public_is_what_is_not_limited_to_fixed_identities_or_networks() {
    for other in [
        json!({}),
        json!({ "Principal": { "AWS": ["arn:aws:iam::ab1cd2:saml/A", "*"] } }),
        json!({ "NotPrincipal": { "AWS": "arn:aws:iam::ab1cd2:saml/A" } }),
        json!({ "Condition": { "StringLike": { "aws:PrincipalOrgID": "*" } } }),
        json!({ "Condition": { "StringLike": { "aws:userid": ["saml/A", "saml/*"] } } }),
        json!({ "Condition": { "StringEquals": { "aws:userid": "${aws:username}" } } }),
        json!({ "Condition": { "StringEqualsIfExists": { "aws:PrincipalOrgID": "ab1cd2" } } }),
        json!({ "Condition": { "StringNotEquals": { "aws:PrincipalOrgID": "ab1cd2" } } }),
        json!({ "Condition": { "ForAllValues:StringEquals": { "iam:ab1cd2:groups": "ops" } } }),
        json!({ "Condition": { "StringEquals": { "s3:prefix": "a", "aws:Referer": "https://example.com/" } } }),
        json!({ "Condition": { "IpAddress": { "aws:SourceIp": "0.0.0.0/1" } } }),
        json!({ "Condition": { "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", "::/0"] } } }),
        // Every IPv4 address, in the form that IPv6 has for them.
        json!({ "Condition": { "IpAddress": { "aws:SourceIp": "::ffff:0:0/96" } } }),
        json!({ "Condition": { "NotIpAddress": { "aws:SourceIp": "10.0.0.0/8" } } }),
        json!({ "Condition": { "Bool": { "aws:SecureTransport": "true" } } }),
    ] {
        assert!(allow(&other).is_public(), "{other}");
    }
    for other in [
        json!({ "Effect": "Deny" }),
        json!({ "Principal": { "AWS": "ab1cd2" } }),
        json!({ "Principal": { "AWS": "arn:aws:iam::ab1cd2:saml/*" } }),
        json!({ "Condition": { "StringEquals": { "aws:PrincipalOrgID": ["ab1cd2"], "s3:prefix": "*" } } }),
        json!({ "Condition": { "StringEquals": { "CW:principalorgid": "ab1cd2" } } }),
        json!({ "Condition": { "ForAnyValue:StringEquals": { "iam:ab1cd2:groups": ["ops", "dev"] } } }),
        json!({ "Condition": { "ArnEquals": { "aws:PrincipalArn": "arn:aws:iam::ab1cd2:saml/A" } } }),
        json!({ "Condition": { "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", "203.0.113.7", "2001:db8::/32"] } } }),
        json!({ "Condition": { "IpAddress": { "aws:SourceIp": "::ffff:10.0.0.0/104" } } }),
    ] {
        assert!(!allow(&other).is_public(), "{other}");
    }
    assert!(policy(&json!([statement(&json!({ "Effect": "Deny" })), statement(&json!({}))])).is_public());
}
