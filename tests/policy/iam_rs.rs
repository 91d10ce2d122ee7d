//! The engine against the crate `iam-rs`, where that crate's own answers are right.
//!
//! It is left out where it is wrong or has other rules (version 0.8.0, found by reading and by asking it):
//!
//! | left out | because `iam-rs` |
//! |---|---|
//! | principals | knows AWS's accounts only, and no anonymous request |
//! | `${...}` | puts values in with their wildcards alive, takes a missing one for empty text, in conditions not at all, and in version 2008-10-17 too |
//! | `Arn...` | compares `ArnEquals` without wildcards, and lets a `*` of `ArnLike` cross colons |
//! | `BinaryEquals` | compares base64 as text, in either case |
//! | set operators that are not `String...` | says no to all numbers, moments and addresses |
//! | set operators with `IfExists` | does not know them |
//! | a `*` in the request | takes a `*` in a pattern for that one character: `a*` does not match `a*b` |
//! | empty texts and lists | does not take them for null |
//! | days and minutes as moments | reads RFC 3339 with seconds only |
//! | `IgnoreCase` beyond ASCII | ignores the case of ASCII letters only |
//!
//! Each line is proved by a test below, so that a newer version that is right is noticed.

use std::collections::BTreeMap;

use iam_rs::{Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, Principal, PrincipalId, evaluate_policy};
use serde_json::{Value, json};

use crate::asked::{Asked, GROUPS, Known, On};
use crate::dice::Dice;
use crate::differential::{compile_bucket, said};
use crate::generate;
use crate::reference::{Said, list};
use crate::reference_conditions::as_text;

#[test]
fn engine_and_iam_rs_agree() {
    let (mut compared, mut said_by_kind) = (0_u64, BTreeMap::new());
    for seed in 0..600 {
        let mut dice = Dice::new(0x1a4_0000 + seed);
        let bucket = generate::bucket(&mut dice);
        let (version, variables) = generate::version(&mut dice);
        let statements = dice.several(1, 8, |dice| generate::bucket_statement(dice, bucket, variables));
        let statements: Vec<Value> = statements.into_iter().filter_map(comparable).collect();
        let policy = json!({ "Version": version.unwrap_or("2008-10-17"), "Statement": statements });
        let Ok(compiled) = compile_bucket(&policy, bucket) else { continue };
        let theirs = serde_json::from_value(policy.clone());
        let theirs: IAMPolicy = theirs.unwrap_or_else(|error| panic!("seed {seed}: {error}: {policy:#}"));
        for _ in 0..60 {
            let mut asked = generate::asked(&mut dice, bucket);
            if !matches!(&asked.on, On::Bucket(on) | On::Object(on, _) if on == bucket) || !can_be_asked(&mut asked) {
                continue;
            }
            let engine = said(&asked.put(|question| compiled.judge(question)));
            let decision = decide(&theirs, &asked);
            assert_eq!(engine, decision, "seed {seed}: {}\n{policy:#}", asked.describe());
            compared += 1;
            *said_by_kind.entry(format!("{engine:?}")).or_insert(0_u64) += 1;
        }
    }
    println!("{compared} questions: {said_by_kind:?}");
    assert!(compared > 5_000, "only {compared} questions were compared");
    assert!(said_by_kind.len() == 3 && said_by_kind.values().all(|count| *count > 200), "{said_by_kind:?}");
}

/// The statement without principals and without what `iam-rs` has wrong; none if nothing is left to compare.
fn comparable(mut statement: Value) -> Option<Value> {
    let members = statement.as_object_mut().unwrap();
    members.remove("NotPrincipal");
    members.insert("Principal".to_owned(), json!("*"));
    if let Some(Value::Object(block)) = members.get_mut("Condition") {
        if !block.iter().all(|(operator, keys)| knows(operator, keys)) {
            return None;
        }
        // It reads lists of texts only.
        for values in block.values_mut().flat_map(|keys| keys.as_object_mut().unwrap().values_mut()) {
            *values = list(values).into_iter().map(|value| json!(as_text(value))).collect();
        }
    }
    (!statement.to_string().contains("${")).then_some(statement)
}

fn knows(operator: &str, keys: &Value) -> bool {
    let set = operator.starts_with("For");
    let base = operator.split_once(':').map_or(operator, |(_, base)| base);
    let values = || keys.as_object().unwrap().values().flat_map(list);
    let right_moment = |value: &Value| value.as_str().is_some_and(|text| text.len() > 17 || !text.contains('-'));
    !base.starts_with("Arn")
        && !base.starts_with("Binary")
        && (!set || base.starts_with("String") && !base.ends_with("IfExists"))
        && (!base.starts_with("Date") || values().all(right_moment))
        && (!base.contains("IgnoreCase") || keys.to_string().is_ascii())
}

/// Takes out what `iam-rs` judges otherwise; whether the question can be asked then.
fn can_be_asked(asked: &mut Asked) -> bool {
    let right = |text: &String| text.is_ascii() && !text.contains('*');
    asked.known.retain(|name, known| match known {
        // The engine's time in seconds since 1970 has no fractions.
        Known::One(text) if name == "aws:EpochTime" => !text.contains('.'),
        Known::One(text) => right(text) && !text.is_empty(),
        Known::Many(texts) => texts.iter().all(right) && texts.iter().any(|text| !text.is_empty()),
    });
    !asked.on.name().is_some_and(|name| name.contains('*'))
}

fn decide(policy: &IAMPolicy, asked: &Asked) -> Said {
    let mut context = Context::new();
    for (name, known) in &asked.known {
        let value = match known {
            Known::Many(texts) => ContextValue::StringList(texts.clone()),
            Known::One(text) if name == "aws:SecureTransport" => ContextValue::Boolean(text == "true"),
            Known::One(text) => ContextValue::String(text.clone()),
        };
        context.insert(name.clone(), value);
    }
    let somebody = Principal::Aws(PrincipalId::String("arn:aws:iam::123456789012:user/somebody".to_owned()));
    let arn = Arn::parse(&format!("arn:aws:s3:::{}", asked.on.name().unwrap())).unwrap();
    let request = IAMRequest::new_with_context(somebody, asked.action.as_str(), arn, context);
    match evaluate_policy(policy, &request).unwrap_or_else(|error| panic!("{error}: {}", asked.describe())) {
        Decision::Allow => Said::Allowed,
        Decision::Deny => Said::Denied,
        Decision::NotApplicable => Said::Silent,
    }
}

/// What `iam-rs` says of one statement that allows everything under `condition`.
fn says(condition: &Value, resource: &str, key: &str, known: &[(&str, Known)]) -> Said {
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": resource, "Condition": condition,
    }] });
    let known = known.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let on = On::Object("b".to_owned(), key.to_owned());
    let asked = Asked { who: None, action: "s3:GetObject".to_owned(), on, known };
    decide(&serde_json::from_value(policy).unwrap(), &asked)
}

fn one(text: &str) -> Known {
    Known::One(text.to_owned())
}

#[test]
fn what_is_left_out_is_still_wrong_in_iam_rs() {
    let all = "arn:aws:s3:::b/*";
    let user = |text| [("aws:username", one(text))];
    let none = json!({});
    // Wildcards in a value are alive, and a missing value is empty text.
    assert_eq!(says(&none, "arn:aws:s3:::b/${aws:username}/x", "ann/x", &user("*")), Said::Allowed);
    assert_eq!(says(&none, "arn:aws:s3:::b/${aws:username}x", "x", &[]), Said::Allowed);
    // In conditions variables are text.
    let own = json!({ "StringEquals": { "aws:username": "${aws:username}" } });
    assert_eq!(says(&own, all, "x", &user("ann")), Said::Silent);
    // ARNs are compared as text.
    let arn = [("aws:PrincipalArn", one("arn:aws:iam::ab1cd2:role/x:y"))];
    let equals = json!({ "ArnEquals": { "aws:PrincipalArn": "arn:aws:iam::ab1cd2:role/*" } });
    assert_eq!(says(&equals, all, "x", &arn), Said::Silent);
    let like = json!({ "ArnLike": { "aws:PrincipalArn": "arn:*:y" } });
    assert_eq!(says(&like, all, "x", &arn), Said::Allowed);
    // Bytes are compared in base64, in either case.
    let binary = json!({ "BinaryEquals": { "aws:username": "eA==" } });
    assert_eq!(says(&binary, all, "x", &user("x")), Said::Silent);
    assert_eq!(says(&binary, all, "x", &user("EA==")), Said::Allowed);
    // No set operators but those of texts.
    let any = json!({ "ForAnyValue:NumericEquals": { "s3:max-keys": "1" } });
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": all, "Condition": any,
    }] });
    assert!(serde_json::from_value::<IAMPolicy>(policy).is_err());
    // A star in the request is taken for the one in the pattern.
    assert_eq!(says(&none, "arn:aws:s3:::b/a*", "a*b", &[]), Said::Silent);
    // Empty is not null.
    let groups = [(GROUPS, Known::Many(vec![String::new()]))];
    let all_of = json!({ "ForAllValues:StringEquals": { GROUPS: "red" } });
    assert_eq!(says(&all_of, all, "x", &groups), Said::Silent);
    let null = json!({ "Null": { "aws:username": "true" } });
    assert_eq!(says(&null, all, "x", &user("")), Said::Silent);
    // Beyond ASCII, upper and lower case are different letters.
    let case = json!({ "StringEqualsIgnoreCase": { "aws:username": "É" } });
    assert_eq!(says(&case, all, "x", &user("é")), Said::Silent);
}
