//! Contexts as text, there and back.

use std::collections::BTreeMap;

use super::{address, met_in, organization, texts, time};
use crate::identity::Attributes;
use crate::policy::condition::{Context, FixedKey, KeyKind, OwnedContext, Value};

fn map(entries: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    entries.iter().map(|(key, values)| ((*key).to_owned(), texts(values))).collect()
}

fn parse(entries: &[(&str, &[&str])]) -> Result<OwnedContext, String> {
    OwnedContext::parse(&map(entries), &organization()).map_err(|error| error.to_string())
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let groups = texts(&["a", "b,c"]);
    let tags = [("K".to_owned(), "v w".to_owned())];
    let keys = texts(&["K"]);
    let attributes = Attributes::parse(BTreeMap::from([("team".to_owned(), "x".to_owned())])).unwrap();
    let mut context = Context::new();
    for key in FixedKey::ALL.iter().copied() {
        context.set(
            key,
            match key.kind() {
                KeyKind::Address => address("2001:db8::1"),
                KeyKind::Flag => Value::Flag(true),
                KeyKind::Number => Value::Number(1.3),
                KeyKind::Arn | KeyKind::Text => Value::Text("a:b/ü"),
                KeyKind::Texts => Value::Texts(if key == FixedKey::Groups { &groups } else { &keys }),
                KeyKind::Time => time("2026-01-31T12:00:00.123456789Z"),
            },
        );
    }
    context.set_principal_tags(&attributes);
    context.set_request_tags(&tags);
    let written = as_texts(&context);
    assert_eq!(written.len(), FixedKey::COUNT + 2);
    assert_eq!(written["iam:ab1cd2:groups"], groups);
    assert_eq!(written["aws:EpochTime"], ["1769860800"]);
    assert_eq!(written["s3:RequestObjectTag/K"], ["v w"]);
    let read = OwnedContext::parse(&written, &organization()).unwrap();
    let read = read.lend();
    assert_eq!(read.known().collect::<Vec<_>>(), context.known().collect::<Vec<_>>());
    assert_eq!(read.tags().collect::<Vec<_>>(), context.tags().collect::<Vec<_>>());
    assert_eq!(as_texts(&read), written);
}

#[test]
fn nothing_known_is_nothing_written() {
    assert!(as_texts(&Context::new()).is_empty());
    assert_eq!(parse(&[]).unwrap().lend().known().count(), 0);
}

#[test]
fn a_lent_context_answers_conditions() {
    let owned = parse(&[
        ("S3:Prefix", &["home/"]),
        ("aws:sourceip", &["203.0.113.7"]),
        ("aws:PrincipalTag/Team", &["red"]),
        ("s3:RequestObjectTag/a", &["b"]),
        ("iam:ab1cd2:groups", &[]),
    ])
    .unwrap();
    let context = owned.lend();
    assert!(met_in(&context, "StringEquals", "s3:prefix", &["home/"]));
    assert!(met_in(&context, "IpAddress", "aws:SourceIp", &["203.0.113.0/24"]));
    assert!(met_in(&context, "StringEquals", "aws:PrincipalTag/team", &["red"]));
    assert!(met_in(&context, "ForAnyValue:StringEquals", "s3:RequestObjectTagKeys", &["a"]), "follows from the tag");
    assert!(met_in(&context, "Null", "iam:ab1cd2:groups", &["true"]));
}

#[test]
fn what_cannot_be_is_refused_by_key() {
    for (entries, complaint) in [
        (&[("aws:SourceVpc", &["x"][..])][..], "aws:SourceVpc: \"aws:SourceVpc\" is not a condition key"),
        (&[("s3:prefix", &["a", "b"])], "s3:prefix: has one value, not 2"),
        (&[("s3:prefix", &[])], "s3:prefix: has one value, not 0"),
        (&[("s3:prefix", &["a"]), ("S3:prefix", &["b"])], "s3:prefix: is given twice"),
        (&[("aws:SourceIp", &["10.0.0.0/8"])], "\"10.0.0.0/8\" is not an IP address"),
        (&[("aws:SecureTransport", &["yes"])], "\"yes\" is not true or false"),
        (&[("s3:max-keys", &["ten"])], "\"ten\" is not a number"),
        (&[("aws:CurrentTime", &["noon"])], "\"noon\" is not a moment"),
        (&[("aws:PrincipalTag/role", &["x"])], "aws:PrincipalTag: the attribute name"),
        (&[("aws:PrincipalTag/a", &["x"]), ("aws:PrincipalTag/A", &["y"])], "is given twice"),
    ] {
        let found = parse(entries).unwrap_err();
        assert!(found.contains(complaint), "{found}");
    }
}

#[test]
fn what_is_shown_of_a_text_is_its_readers_to_say() {
    let mut context = Context::new();
    context.set(FixedKey::Referer, Value::Text("https://page.example/\"a\"?secret"));
    context.set(FixedKey::VersionId, Value::Text("v1"));
    let shown = context.to_json(&organization(), |key, text| match key {
        FixedKey::VersionId => None,
        _ => text.split('?').next(),
    });
    assert_eq!(shown, r#"{"aws:Referer":["https://page.example/\"a\""]}"#);
}

fn as_texts(context: &Context<'_>) -> BTreeMap<String, Vec<String>> {
    serde_json::from_str(&context.to_json(&organization(), |_, text| Some(text))).unwrap()
}
