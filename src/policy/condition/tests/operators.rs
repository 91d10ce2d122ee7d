//! Each operator on keys with one value: match, no match, missing key, several values, `IfExists`.

use super::{address, compiled, complaint, met, met_in, time};
use crate::policy::condition::operator::operators;
use crate::policy::condition::{Context, FixedKey, Value};

use Value::{Absent, Flag, Number, Text};

/// An operator, a key, the document's values, a value that meets the condition, one that does not.
type Row = (&'static str, FixedKey, &'static [&'static str], Value<'static>, Value<'static>);

fn rows() -> Vec<Row> {
    use FixedKey::{CurrentTime, MaxKeys, Prefix, PrincipalArn, SecureTransport, SourceIp};
    const ARN: &[&str] = &["arn:aws:iam::ab1cd2:saml/A*", "arn:aws:iam::ab1cd2:role/?"];
    const NETWORKS: &[&str] = &["203.0.113.0/24", "2001:db8::/32"];
    const NOON: &[&str] = &["2026-01-31T12:00:00Z"];
    let (before, noon, after) =
        (time("2026-01-31T11:59:59Z"), time("2026-01-31T12:00:00Z"), time("2026-01-31T12:00:01Z"));
    vec![
        ("StringEquals", Prefix, &["a", "b*"], Text("b*"), Text("bc")),
        ("StringNotEquals", Prefix, &["a", "b*"], Text("bc"), Text("a")),
        ("StringEqualsIgnoreCase", Prefix, &["a", "Straße"], Text("STRAßE"), Text("b")),
        ("StringNotEqualsIgnoreCase", Prefix, &["a", "b"], Text("ab"), Text("B")),
        ("StringLike", Prefix, &["x", "home/*/?"], Text("home/a/b/c"), Text("home/a/")),
        ("StringNotLike", Prefix, &["x", "home/*"], Text("ho"), Text("home/")),
        ("NumericEquals", MaxKeys, &["1", "10.0"], Number(10.0), Number(2.0)),
        ("NumericNotEquals", MaxKeys, &["1", "10"], Number(2.0), Number(10.0)),
        ("NumericLessThan", MaxKeys, &["10"], Number(9.5), Number(10.0)),
        ("NumericLessThanEquals", MaxKeys, &["5", "10"], Number(10.0), Number(10.5)),
        ("NumericGreaterThan", MaxKeys, &["10"], Number(11.0), Number(10.0)),
        ("NumericGreaterThanEquals", MaxKeys, &["10"], Number(10.0), Number(9.0)),
        ("DateEquals", CurrentTime, &["1", "1769860800"], noon, after),
        ("DateNotEquals", CurrentTime, NOON, after, noon),
        ("DateLessThan", CurrentTime, NOON, before, noon),
        ("DateLessThanEquals", CurrentTime, NOON, noon, after),
        ("DateGreaterThan", CurrentTime, NOON, after, noon),
        ("DateGreaterThanEquals", CurrentTime, NOON, noon, before),
        ("Bool", SecureTransport, &["True"], Flag(true), Flag(false)),
        ("BinaryEquals", Prefix, &["AAAA", "aMOpPw=="], Text("h\u{e9}?"), Text("aMOpPw==")),
        ("IpAddress", SourceIp, NETWORKS, address("203.0.113.7"), address("203.0.114.7")),
        ("NotIpAddress", SourceIp, NETWORKS, address("2001:db9::1"), address("2001:db8::1")),
        ("ArnEquals", PrincipalArn, ARN, Text("arn:aws:iam::ab1cd2:role/x"), Text("arn:aws:iam::ab1cd2:role/xy")),
        ("ArnLike", PrincipalArn, ARN, Text("arn:aws:iam::ab1cd2:saml/A:b"), Text("arn:aws:iam::ab1cd2:saml/B")),
        ("ArnNotEquals", PrincipalArn, ARN, Text("arn:aws:iam::other:role/x"), Text("arn:aws:iam::ab1cd2:role/x")),
        ("ArnNotLike", PrincipalArn, ARN, Text("saml/A"), Text("arn:aws:iam::ab1cd2:saml/A")),
    ]
}

#[test]
fn every_operator_is_in_the_table() {
    let listed = operators().map(|(name, _)| name).filter(|name| !name.contains("...") && *name != "Null");
    assert_eq!(listed.collect::<Vec<_>>(), rows().iter().map(|row| row.0).collect::<Vec<_>>());
}

#[test]
fn each_operator_matches_what_it_says_and_nothing_else() {
    for (operator, key, values, right, wrong) in rows() {
        assert!(met(operator, key, right, values), "{operator} {values:?} is met by {right:?}");
        assert!(!met(operator, key, wrong, values), "{operator} {values:?} is not met by {wrong:?}");
        let relaxed = format!("{operator}IfExists");
        assert!(met(&relaxed, key, right, values), "{relaxed} {values:?} is met by {right:?}");
        assert!(!met(&relaxed, key, wrong, values), "{relaxed} {values:?} is not met by {wrong:?}");
    }
}

#[test]
fn a_missing_key_meets_negated_operators_and_if_exists_only() {
    for (operator, key, values, ..) in rows() {
        let negated = operator.contains("Not");
        assert_eq!(met(operator, key, Absent, values), negated, "{operator}");
        assert!(met(&format!("{operator}IfExists"), key, Absent, values), "{operator}IfExists");
        assert!(met(&format!("ForAllValues:{operator}"), key, Absent, values), "ForAllValues:{operator}");
        assert!(!met(&format!("ForAnyValue:{operator}"), key, Absent, values), "ForAnyValue:{operator}");
        assert!(met(&format!("ForAnyValue:{operator}IfExists"), key, Absent, values), "ForAnyValue:{operator}IfExists");
    }
}

#[test]
fn a_key_with_one_value_is_a_set_of_one() {
    for (operator, key, values, right, wrong) in rows() {
        for set in ["ForAllValues", "ForAnyValue"] {
            let operator = format!("{set}:{operator}");
            assert!(met(&operator, key, right, values), "{operator} {values:?} is met by {right:?}");
            assert!(!met(&operator, key, wrong, values), "{operator} {values:?} is not met by {wrong:?}");
        }
    }
}

#[test]
fn a_value_that_the_operator_cannot_read_matches_nothing() {
    let tags = [("t".to_owned(), "x".to_owned())];
    let mut context = Context::new();
    context.set_request_tags(&tags);
    let key = "s3:RequestObjectTag/t";
    for (operator, value) in [
        ("NumericEquals", "1"),
        ("NumericLessThan", "1"),
        ("NumericGreaterThanEquals", "1"),
        ("DateEquals", "2026-01-31"),
        ("DateLessThan", "2026-01-31"),
        ("Bool", "false"),
        ("IpAddress", "0.0.0.0/0"),
        ("ArnLike", "arn:*:*:*:*:*"),
    ] {
        assert!(!met_in(&context, operator, key, &[value]), "{operator}");
        assert!(!met_in(&context, &format!("{operator}IfExists"), key, &[value]), "{operator}IfExists");
    }
    for (operator, value) in [("NumericNotEquals", "1"), ("NotIpAddress", "0.0.0.0/0"), ("ArnNotLike", "arn:*:*:*:*:*")]
    {
        assert!(met_in(&context, operator, key, &[value]), "{operator}");
    }
    let tags = [("t".to_owned(), "7".to_owned())];
    context.set_request_tags(&tags);
    assert!(met_in(&context, "NumericGreaterThan", key, &["6"]), "a tag that is a number is compared as one");
}

#[test]
fn null_asks_whether_there_is_a_value() {
    let key = FixedKey::Acl;
    assert!(met("Null", key, Absent, &["true"]) && !met("Null", key, Absent, &["false"]));
    assert!(!met("Null", key, Text("private"), &["true"]) && met("Null", key, Text("private"), &["false"]));
    // "false (the key exists and its value is not null)", and an empty string is "a null data set".
    assert!(met("Null", key, Text(""), &["true"]) && !met("Null", key, Text(""), &["false"]));
    assert!(met("Null", FixedKey::SecureTransport, Flag(false), &["false"]), "`false` is a value");
    for operator in ["NullIfExists", "ForAnyValue:Null", "ForAllValues:Null"] {
        assert!(complaint(operator, "s3:x-amz-acl", &["true"]).contains("Null takes neither"));
    }
}

#[test]
fn ipv4_peers_of_an_ipv6_socket_count_as_ipv4() {
    let peer = address("::ffff:203.0.113.7");
    assert!(met("IpAddress", FixedKey::SourceIp, peer, &["203.0.113.0/24"]));
    assert!(met("IpAddress", FixedKey::SourceIp, peer, &["::ffff:203.0.113.0/120"]));
    assert!(met("IpAddress", FixedKey::SourceIp, peer, &["203.0.113.7"]), "an address alone is a network of one");
    assert!(!met("IpAddress", FixedKey::SourceIp, peer, &["::/0"]));
    assert!(met("IpAddress", FixedKey::SourceIp, address("::1"), &["::/0"]));
    assert!(!met("IpAddress", FixedKey::SourceIp, address("203.0.113.8"), &["203.0.113.7"]));
}

#[test]
fn the_epoch_is_counted_in_whole_seconds_and_compares_as_a_number_too() {
    let now = time("2026-01-31T12:00:00.75Z");
    for operator in ["DateEquals", "NumericEquals", "NumericLessThanEquals"] {
        assert!(met(operator, FixedKey::EpochTime, now, &["1769860800"]), "{operator}");
        assert!(!met(operator, FixedKey::EpochTime, now, &["1769860799"]), "{operator}");
    }
    assert!(complaint("NumericEquals", "aws:CurrentTime", &["1769860800"]).contains("Date... operators"));
}

#[test]
fn every_condition_has_to_be_met_and_the_first_that_is_not_is_named() {
    let written = [("StringEquals", "S3:PREFIX", "a"), ("Bool", "aws:SecureTransport", "true")];
    let written = written.map(|(operator, key, value)| (operator.into(), key.into(), vec![value.into()])).to_vec();
    let conditions = super::Conditions::parse(written, true, &super::organization(), "Condition").unwrap();
    let mut context = Context::new();
    context.set(FixedKey::Prefix, Text("a"));
    let unmet = conditions.unmet(&context).unwrap();
    assert_eq!(
        (unmet.operator(), unmet.key(), unmet.values()),
        ("Bool", "aws:SecureTransport", &["true".to_owned()][..])
    );
    context.set(FixedKey::SecureTransport, Flag(true));
    assert!(conditions.unmet(&context).is_none());
    context.set(FixedKey::Prefix, Text("b"));
    assert_eq!(conditions.unmet(&context).unwrap().key(), "S3:PREFIX");
    assert_eq!(conditions.iter().count(), 2);
    assert!(super::Conditions::default().unmet(&context).is_none(), "no condition is always met");
}

#[test]
fn e21_an_unknown_operator_is_refused_by_name() {
    for operator in ["StringMatches", "ForSomeValue:StringEquals", "IfExists", "", "StringEqualsIfExistsIfExists"] {
        let complaint = complaint(operator, "s3:prefix", &["x"]);
        let expected = format!("Statement[0].Condition.{operator}: {operator:?} is not a condition operator");
        assert!(complaint.starts_with(&expected), "{complaint}");
    }
    assert!(complaint("stringequals", "s3:prefix", &["x"]).contains("did you mean StringEquals?"));
    assert!(complaint("ForAnyValue:stringlikeifexists", "s3:prefix", &["x"]).contains("did you mean StringLike?"));
}

#[test]
fn an_operator_that_cannot_compare_the_key_is_refused_with_advice() {
    for (operator, key, advice) in [
        ("IpAddress", "s3:prefix", "s3:prefix is text; it is compared by String... operators"),
        ("StringLike", "aws:SourceIp", "compared by IpAddress and NotIpAddress"),
        ("StringEquals", "aws:SecureTransport", "compared by Bool"),
        ("StringEquals", "s3:max-keys", "compared by Numeric... operators"),
        ("NumericEquals", "s3:prefix", "compared by String... operators"),
        ("ForAnyValue:NumericEquals", "iam:ab1cd2:groups", "compared by String... operators"),
        ("DateEquals", "aws:PrincipalArn", "Arn... and String... operators"),
        ("ArnLike", "s3:prefix", "String... operators"),
        ("StringEquals", "iam:ab1cd2:groups", "can have several values; put ForAnyValue: or ForAllValues:"),
        ("StringNotEqualsIfExists", "s3:RequestObjectTagKeys", "can have several values"),
    ] {
        let complaint = complaint(operator, key, &["x"]);
        assert!(complaint.contains(advice), "{complaint}");
        assert!(complaint.starts_with(&format!("Statement[0].Condition.{operator}.{key}: ")), "{complaint}");
    }
    assert!(compiled("StringLike", "aws:PrincipalArn", &["*"]).is_ok());
}

#[test]
fn a_value_that_is_none_for_the_operator_is_refused_by_name() {
    for (operator, key, value) in [
        ("NumericEquals", "s3:max-keys", "ten"),
        ("NumericEquals", "s3:max-keys", "1e3"),
        ("NumericEquals", "s3:max-keys", "NaN"),
        ("NumericEquals", "s3:max-keys", "inf"),
        ("NumericEquals", "s3:max-keys", ".5"),
        ("NumericEquals", "s3:max-keys", "${aws:EpochTime}"),
        ("DateEquals", "aws:CurrentTime", "2026"),
        ("DateEquals", "aws:CurrentTime", "2026-02-30"),
        ("DateEquals", "aws:CurrentTime", "2026-01-31T12:00:00"),
        ("DateEquals", "aws:CurrentTime", "2026-01-31T12:00:00Z[Europe/Berlin]"),
        ("DateEquals", "aws:CurrentTime", ""),
        ("Bool", "aws:SecureTransport", "yes"),
        ("Null", "s3:prefix", ""),
        ("BinaryEquals", "s3:prefix", "%"),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/33"),
        ("IpAddress", "aws:SourceIp", "203.0.113"),
        ("IpAddress", "aws:SourceIp", "010.0.0.1"),
        ("IpAddress", "aws:SourceIp", "*"),
        ("ArnLike", "aws:PrincipalArn", "role/*"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam:ab1cd2:role/x"),
    ] {
        let complaint = complaint(operator, key, &[value]);
        assert!(complaint.contains(&format!("{value:?} is n")), "{complaint}");
    }
    assert!(complaint("StringEquals", "s3:prefix", &[]).contains("needs at least one value"));
}

#[test]
fn moments_are_read_in_the_forms_of_w3c() {
    let noon = time("2026-01-31T12:00:00Z");
    for written in [
        "2026-01-31T12:00Z",
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.000Z",
        "2026-01-31T13:00:00+01:00",
        "1769860800",
    ] {
        assert!(met("DateEquals", FixedKey::CurrentTime, noon, &[written]), "{written}");
    }
    assert!(met("DateEquals", FixedKey::CurrentTime, time("2026-01-31T00:00:00Z"), &["2026-01-31"]));
    assert!(met("DateEquals", FixedKey::CurrentTime, time("2026-01-01T00:00:00Z"), &["2026-01"]));
}

#[test]
fn arns_match_part_by_part() {
    // AWS's own example: "The first asterisk matches only us-east-2".
    let found = Text("arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt");
    let pattern = &["arn:aws:someservice:*:111122223333:finance/*"];
    assert!(met("StringLike", FixedKey::PrincipalArn, found, pattern));
    assert!(!met("ArnLike", FixedKey::PrincipalArn, found, pattern));
    assert!(met("ArnNotLike", FixedKey::PrincipalArn, found, pattern));
    assert!(met("ArnLike", FixedKey::PrincipalArn, found, &["*"]), "one star stands for any ARN");
    assert!(!met("ArnLike", FixedKey::PrincipalArn, Text("role/x"), &["*"]), "and for nothing else");
    assert!(met("ArnLike", FixedKey::PrincipalArn, found, &["*:a?s:*:*:*:*"]), "each part can include wildcards");
}
