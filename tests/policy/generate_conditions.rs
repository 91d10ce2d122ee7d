//! Random `Condition` blocks, and values for the keys that they name.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::asked::{GROUPS, Known};
use crate::coverage::OPERATORS;
use crate::dice::Dice;
use crate::generate::one;

/// What stands before and behind an operator's name.
const FORMS: &[(&str, &str)] = &[
    ("", ""),
    ("", "IfExists"),
    ("ForAnyValue:", ""),
    ("ForAllValues:", ""),
    ("ForAnyValue:", "IfExists"),
    ("ForAllValues:", "IfExists"),
];
const TEXT_KEYS: &[&str] = &[
    "aws:username",
    "aws:userid",
    "aws:UserAgent",
    "s3:prefix",
    "s3:delimiter",
    "s3:x-amz-acl",
    "aws:PrincipalTag/team",
    "s3:RequestObjectTag/Team",
];
const TEXTS_KEYS: &[&str] = &[GROUPS, "s3:RequestObjectTagKeys"];
const TEXTS: &[&str] =
    &["x", "x/", "x/y", "X", "an", "ann", "Ann", "a*", "a?n", "é", "É", "team", "${aws:username}", "*", ""];
const WRITTEN: &[&str] = &["x", "x/", "x/y", "X", "an", "ann", "Ann", "a*", "a?n", "é", "team", "*", ""];
/// Values of tags have to be those of labels.
const TAGS: &[&str] = &["x", "an", "ann", "Ann", "team", ""];
const VARIABLES: &[&str] = &[
    "${aws:username}",
    "${aws:userid}",
    "${AWS:UserName}",
    "${aws:PrincipalTag/team}",
    "${aws:PrincipalTag/team, 'x'}",
    "${aws:username, 'ann'}",
    "${s3:prefix}",
    "${*}",
    "${?}",
    "${$}",
];
const NUMBER_KEYS: &[&str] = &["s3:max-keys", "s3:signatureAge", "s3:TlsVersion"];
const NUMBERS: &[&str] = &["0", "1", "9", "10", "1.2", "1.3", "1000"];
const TIME_KEYS: &[&str] = &["aws:CurrentTime", "aws:EpochTime", "s3:object-lock-retain-until-date"];
const TIMES: &[&str] = &[
    "2026-11-20T00:00:00Z",
    "2026-11-20T00:00:00.5Z",
    "2026-11-19T23:59:59Z",
    "2026-11-20T01:00:00Z",
    "2026-01-01T00:00:00Z",
];
const WRITTEN_TIMES: &[&str] = &[
    "2026-11-20T00:00:00Z",
    "2026-11-20T01:00:00Z",
    "2026-11-20",
    "2026-11-20T01:00:00+01:00",
    "2026-11-19T19:00:00-05:00",
    "2026-11-20T00:00Z",
    "2026-11-20T00:00:00.5Z",
    "1795132800",
    "1795136400",
];
const ADDRESSES: &[&str] = &["203.0.113.7", "203.0.114.7", "10.0.0.1", "2001:db8::1", "2001:db9::1", "::1"];
const NETWORKS: &[&str] = &[
    "203.0.113.0/24",
    "203.0.112.0/22",
    "203.0.113.7",
    "203.0.113.7/32",
    "203.0.113.128/25",
    "0.0.0.0/0",
    "::/0",
    "2001:db8::/32",
    "2001:db8::1",
    "2001:DB8::/31",
];
const ARN_KEYS: &[&str] = &["aws:PrincipalArn", "s3:x-amz-server-side-encryption-aws-kms-key-id"];
const ARNS: &[&str] = &[
    "arn:aws:iam::ab1cd2:saml/Admin",
    "arn:aws:iam::ab1cd2:saml/Adm",
    "arn:aws:iam::ab1cd2:role/https://i:ann",
    "arn:aws:iam::ab1cd2:coreweave/ann",
    "arn:aws:kms:eu:1:key/x",
    "arn:aws:kms:eu:1:x:key/x",
];

/// A `Condition` element.
pub(crate) fn block(dice: &mut Dice, variables: bool) -> Value {
    let mut block = Map::new();
    for _ in 0..=dice.below(3) / 2 {
        let (operator, form) = (dice.below(OPERATORS.len()), dice.below(FORMS.len()));
        add(&mut block, dice, variables, operator, form);
    }
    Value::Object(block)
}

/// A `Condition` element with one operator in one form: all of them in turn.
pub(crate) fn of_cell(dice: &mut Dice, variables: bool, cell: usize) -> Value {
    let mut block = Map::new();
    add(&mut block, dice, variables, cell % OPERATORS.len(), cell / OPERATORS.len() % FORMS.len());
    Value::Object(block)
}

fn add(block: &mut Map<String, Value>, dice: &mut Dice, variables: bool, operator: usize, form: usize) {
    let (base, (before, after)) = (OPERATORS[operator], FORMS[form]);
    let operator = if base == "Null" { base.to_owned() } else { format!("{before}{base}{after}") };
    let (key, values) = line(dice, base, !before.is_empty(), variables);
    block.insert(operator, json!({ key: values }));
}

/// A key and the values it is compared with.
fn line(dice: &mut Dice, base: &str, set: bool, variables: bool) -> (String, Value) {
    let (key, pool): (&str, &[&str]) = match base {
        "Null" => (any_key(dice), &["true", "false"]),
        "Bool" => ("aws:SecureTransport", &["true", "false"]),
        "BinaryEquals" => (dice.pick(TEXT_KEYS), &["eA==", "YW5u", "eC8="]),
        "IpAddress" | "NotIpAddress" => ("aws:SourceIp", NETWORKS),
        numeric if numeric.starts_with("Numeric") => (dice.pick(NUMBER_KEYS), NUMBERS),
        date if date.starts_with("Date") => (dice.pick(TIME_KEYS), WRITTEN_TIMES),
        arn if arn.starts_with("Arn") => (dice.pick(ARN_KEYS), ARNS),
        _ if set && !dice.one_in(8) => (dice.pick(TEXTS_KEYS), WRITTEN),
        _ => (dice.pick(TEXT_KEYS), WRITTEN),
    };
    let key = match key.split_once('/') {
        Some((prefix, tag)) => format!("{}/{tag}", dice.recased(prefix)),
        None if key == GROUPS => key.to_owned(),
        None => dice.recased(key),
    };
    let value = |dice: &mut Dice| {
        let word = dice.pick(pool);
        match base {
            "Bool" | "Null" if dice.one_in(3) => json!(word == "true"),
            numeric if numeric.starts_with("Numeric") && !word.contains('.') && dice.one_in(3) => {
                json!(word.parse::<i64>().unwrap())
            }
            arn if arn.starts_with("Arn") => json!(arn_pattern(dice, word)),
            text if text.starts_with("String") && dice.one_in(3) => json!(with_variable(dice, word, variables)),
            text if text.starts_with("String") => json!(dice.pattern(word)),
            _ => json!(word),
        }
    };
    let most = if matches!(base, "Bool" | "Null") { 1 } else { 3 };
    let values = if dice.one_in(2) { value(dice) } else { json!(dice.several(1, most, value)) };
    (key, values)
}

/// `word` with a variable in it, if there may be one; else with the text of one.
pub(crate) fn with_variable(dice: &mut Dice, word: &str, variables: bool) -> String {
    let variable = dice.pick(VARIABLES);
    // What is only text in a document without variables must not look like one that is broken.
    let word = if variables || dice.one_in(2) { word } else { "x" };
    match dice.below(4) {
        0 => variable.to_owned(),
        1 => format!("{variable}/{word}"),
        2 => format!("{variable}*"),
        _ => format!("{word}{variable}"),
    }
}

/// One part between colons becomes a pattern; the colons stay.
fn arn_pattern(dice: &mut Dice, word: &str) -> String {
    let mut parts: Vec<String> = word.splitn(6, ':').map(str::to_owned).collect();
    let at = 1 + dice.below(parts.len() - 1);
    if !parts[at].is_empty() {
        parts[at] = dice.pattern(&parts[at]);
    } else if dice.one_in(2) {
        "*".clone_into(&mut parts[at]);
    }
    parts.join(":")
}

fn any_key(dice: &mut Dice) -> &'static str {
    match dice.below(6) {
        0 => dice.pick(NUMBER_KEYS),
        1 => dice.pick(TIME_KEYS),
        2 => dice.pick(ARN_KEYS),
        3 => dice.pick(TEXTS_KEYS),
        4 => "aws:SourceIp",
        _ => dice.pick(TEXT_KEYS),
    }
}

/// Values for some of the keys; each is missing now and then.
pub(crate) fn known(dice: &mut Dice) -> BTreeMap<String, Known> {
    let mut known = BTreeMap::new();
    let mut put = |dice: &mut Dice, key: &str, value: Known| {
        if !dice.one_in(4) {
            known.insert(key.to_owned(), value);
        }
    };
    for key in TEXT_KEYS {
        let pool = if key.contains("PrincipalTag/") { TAGS } else { TEXTS };
        let value = one(dice.pick(pool));
        put(dice, key, value);
    }
    for key in TEXTS_KEYS {
        let value = Known::Many(dice.several(0, 3, |dice| dice.pick(TEXTS).to_owned()));
        put(dice, key, value);
    }
    for (keys, pool) in [(NUMBER_KEYS, NUMBERS), (TIME_KEYS, TIMES), (ARN_KEYS, ARNS)] {
        for key in keys {
            let value = one(dice.pick(pool));
            put(dice, key, value);
        }
    }
    let value = one(dice.pick(ADDRESSES));
    put(dice, "aws:SourceIp", value);
    let value = one(dice.pick(&["true", "false"]));
    put(dice, "aws:SecureTransport", value);
    known
}
