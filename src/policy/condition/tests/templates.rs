//! Wildcards and policy variables.

use std::collections::BTreeMap;

use super::{met_in, organization, time};
use crate::identity::Attributes;
use crate::policy::condition::{Context, FixedKey, Template, Value};

fn template(text: &str) -> Template {
    Template::parse(text, true, &organization(), "Resource").unwrap()
}

fn matches(pattern: &str, text: &str) -> bool {
    template(pattern).matches(text, &Context::new())
}

fn as_user(name: &str, pattern: &str, text: &str) -> bool {
    let mut context = Context::new();
    context.set(FixedKey::Username, Value::Text(name));
    template(pattern).matches(text, &context)
}

fn complaint(text: &str) -> String {
    Template::parse(text, true, &organization(), "Resource").unwrap_err().to_string()
}

/// What a glob means, in the fewest words; takes exponential time.
fn simple(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => simple(rest, text) || matches!(text, [_, more @ ..] if simple(pattern, more)),
        (['?', rest @ ..], [_, more @ ..]) => simple(rest, more),
        ([one, rest @ ..], [other, more @ ..]) => one == other && simple(rest, more),
        _ => false,
    }
}

fn words(alphabet: &[char], longest: usize) -> Vec<Vec<char>> {
    let mut all = vec![Vec::new()];
    let mut last = all.clone();
    for _ in 0..longest {
        last = last.iter().flat_map(|word| alphabet.iter().map(move |c| [&word[..], &[*c]].concat())).collect();
        all.extend(last.iter().cloned());
    }
    all
}

#[test]
fn every_short_pattern_means_what_the_simple_matcher_says() {
    let texts = words(&['a', 'é'], 5);
    let mut matched = 0;
    for pattern in words(&['a', 'é', '*', '?'], 5) {
        let compiled = template(&pattern.iter().collect::<String>());
        for text in &texts {
            let expected = simple(&pattern, text);
            let text: String = text.iter().collect();
            assert_eq!(compiled.matches(&text, &Context::new()), expected, "{pattern:?} {text:?}");
            matched += usize::from(expected);
        }
    }
    assert!(matched > 1000, "{matched}");
}

#[test]
fn wildcards_cross_slashes_and_a_question_mark_is_one_character() {
    assert!(matches("home/*", "home/") && matches("home/*", "home/a/b") && !matches("home/*", "home"));
    assert!(matches("*", "") && matches("**", "x") && !matches("?", "") && !matches("?", "ab"));
    assert!(matches("?", "é") && matches("a?c*e", "aéc…e") && !matches("a?c", "a\u{65}\u{301}c"));
    assert!(matches("a*b*c", "abbc") && !matches("a*bc*c", "abc") && !matches("ab*ba", "aba"));
    assert!(!matches("HOME/*", "home/a"), "case counts");
    assert!(matches("", "") && !matches("", "a"));
}

#[test]
fn hostile_patterns_do_not_multiply() {
    // A matcher that tries each star anew would need more steps than there are atoms.
    let text = "a".repeat(1024);
    assert!(!matches(&format!("{}b", "*a".repeat(4000)), &text));
    assert!(!matches(&format!("{}b*", "*a".repeat(500)), &text));
    assert!(matches(&"*a".repeat(1024), &text) && !matches(&"*a".repeat(1025), &text));
    assert!(!matches(&format!("*{}b*", "a?".repeat(500)), &text));
    assert!(!matches(&format!("*{}*", "?".repeat(1025)), &text));
    assert!(matches(&"*?".repeat(1024), &text) && !matches(&"*?".repeat(1025), &text));
}

#[test]
fn variables_stand_for_what_the_request_has() {
    assert!(as_user("bob", "home/${aws:username}/*", "home/bob/x"));
    assert!(as_user("bob", "home/${AWS:UserName}/*", "home/bob/x"), "names are written in either case");
    assert!(!as_user("bob", "home/${aws:username}/*", "home/bobby/x"));
    assert!(as_user("bob", "*/${aws:username}?*", "home/bo/bobx/y"), "a variable between wildcards");
    assert!(as_user("bob", "*${aws:username}", "x/bob") && !as_user("bob", "*${aws:username}", "x/bobx"));
    assert!(as_user("bob", "${aws:username}", "bob") && as_user("bob", "${aws:username}${aws:username}", "bobbob"));
}

#[test]
fn e20_what_a_request_says_is_no_pattern() {
    assert!(!as_user("*", "home/${aws:username}/*", "home/bob/x"));
    assert!(as_user("*", "home/${aws:username}/*", "home/*/x"));
    assert!(!as_user("b?b", "home/${aws:username}", "home/bob"));
    assert!(as_user("b?b", "home/${aws:username}", "home/b?b"));
    assert!(!as_user("${aws:username}", "home/${aws:username}", "home/bob"));
    assert!(as_user("${aws:username}", "home/${aws:username}", "home/${aws:username}"));
    assert!(as_user("a/b", "home/${aws:username}/*", "home/a/b/x"));
    assert!(!as_user("a/b", "home/${aws:username}/*", "home/a/x"));

    let mut context = Context::new();
    context.set(FixedKey::Username, Value::Text("*"));
    context.set(FixedKey::Prefix, Value::Text("secret"));
    context.set(FixedKey::PrincipalArn, Value::Text("arn:aws:iam::ab1cd2:static/bob"));
    for operator in ["StringLike", "StringEquals", "StringEqualsIgnoreCase"] {
        assert!(!met_in(&context, operator, "s3:prefix", &["${aws:username}"]), "{operator}");
    }
    assert!(met_in(&context, "StringNotLike", "s3:prefix", &["${aws:username}"]));
    assert!(!met_in(&context, "ArnLike", "aws:PrincipalArn", &["arn:aws:iam::ab1cd2:${aws:username}"]));
}

#[test]
fn a_variable_without_a_value_matches_nothing() {
    assert!(!matches("${aws:username}", "") && !matches("home/${aws:username}*", "home/x"));
    assert!(!as_user("", "home/${aws:username}*", "home/x"), "an empty value is none");
    let mut context = Context::new();
    context.set(FixedKey::Prefix, Value::Text("x"));
    // "StringEquals or StringLike do not match", "StringNotEquals or StringNotLike do match".
    for (operator, expected) in
        [("StringEquals", false), ("StringLike", false), ("StringNotEquals", true), ("StringNotLike", true)]
    {
        assert_eq!(met_in(&context, operator, "s3:prefix", &["${aws:username}"]), expected, "{operator}");
    }
    assert!(met_in(&context, "StringEquals", "s3:prefix", &["${aws:username}", "x"]), "the others still count");
}

#[test]
fn a_default_takes_the_place_of_a_missing_value() {
    let pattern = "bucket-${aws:PrincipalTag/team, 'company-wide'}/*";
    assert!(matches(pattern, "bucket-company-wide/x"));
    let attributes = Attributes::parse(BTreeMap::from([("team".to_owned(), "yellow".to_owned())])).unwrap();
    let mut context = Context::new();
    context.set_principal_tags(&attributes);
    assert!(template(pattern).matches("bucket-yellow/x", &context));
    assert!(template("${aws:PrincipalTag/TEAM}").matches("yellow", &context));
    assert!(!template(pattern).matches("bucket-company-wide/x", &context));
    assert!(matches("${aws:username,'*'}", "*") && !matches("${aws:username,'*'}", "x"), "a default is literal");
    assert!(matches("${aws:username, 'a}b'}", "a}b"));
}

#[test]
fn escapes_are_the_characters_themselves() {
    assert!(matches("a${*}b", "a*b") && !matches("a${*}b", "axb"));
    assert!(matches("a${?}b", "a?b") && !matches("a${?}b", "axb"));
    assert!(matches("a${$}{aws:username}", "a${aws:username}"));
    assert!(matches("$", "$") && matches("{$}", "{$}") && matches("}", "}"));
}

#[test]
fn without_variables_they_are_text() {
    let compiled = Template::parse("home/${aws:username}/*", false, &organization(), "Resource").unwrap();
    let mut context = Context::new();
    context.set(FixedKey::Username, Value::Text("bob"));
    assert!(compiled.matches("home/${aws:username}/x", &context));
    assert!(!compiled.matches("home/bob/x", &context));
    assert!(Template::parse("${nobody:knows", false, &organization(), "Resource").is_ok());
}

#[test]
fn variables_that_mean_nothing_are_refused_by_name() {
    assert!(
        complaint("a/${aws:SourceVpc}").starts_with("Resource: the policy variable ${aws:SourceVpc} means nothing")
    );
    assert!(complaint("${}").contains("${}"));
    assert!(complaint("${ aws:username}").contains("means nothing here"));
    assert!(complaint("${iam:ab1cd2:groups}").contains("can have several values"));
    assert!(complaint("${iam:other:groups}").contains("another organization"));
    assert!(complaint("x${aws:username").contains("\"${aws:username\" is not closed"));
    for wrong in ["${aws:username, bob}", "${aws:username, 'bob}", "${aws:username, 'bob'", "${aws:username, 'a'b'}"] {
        assert!(complaint(wrong).contains("${aws:username, 'default'}"), "{wrong}");
    }
}

#[test]
fn other_values_are_written_before_they_are_compared() {
    let mut context = Context::new();
    context.set(FixedKey::SourceIp, super::address("::ffff:203.0.113.7"));
    context.set(FixedKey::CurrentTime, time("2026-01-31T12:00:00Z"));
    context.set(FixedKey::EpochTime, time("2026-01-31T12:00:00.5Z"));
    context.set(FixedKey::SecureTransport, Value::Flag(true));
    context.set(FixedKey::TlsVersion, Value::Number(1.3));
    context.set(FixedKey::MaxKeys, Value::Number(1e300));
    for (pattern, text) in [
        ("${aws:SourceIp}", "203.0.113.7"),
        ("${aws:CurrentTime}", "2026-01-31T12:00:00Z"),
        ("x/${aws:EpochTime}/*", "x/1769860800/y"),
        ("${aws:SecureTransport}", "true"),
        ("${s3:TlsVersion}", "1.3"),
    ] {
        assert!(template(pattern).matches(text, &context), "{pattern}");
    }
    assert!(!template("${s3:max-keys}*").matches("1", &context), "what is too long to be written is no value");
}
