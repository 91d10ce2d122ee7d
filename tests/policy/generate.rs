//! Random documents and questions about them that nearly match: few words, many of them beginnings of
//! one another, and patterns made of the words that are asked for.

use serde_json::{Value, json};

use crate::asked::{Asked, Known, ORGANIZATION, On};
use crate::dice::Dice;
use crate::generate_conditions;

/// What is in force in one round: valid documents of both layers.
#[derive(Clone, Debug)]
pub(crate) struct PolicySet {
    pub(crate) organization: Vec<Value>,
    pub(crate) bucket: &'static str,
    pub(crate) bucket_policy: Value,
}

const BUCKETS: &[&str] = &["b", "bb", "b-evil", "a.b"];
const KEYS: &[&str] = &[
    "x",
    "x/",
    "x/y",
    "xy",
    "X",
    "y",
    "x:y",
    "é",
    "x/é",
    "*",
    "?",
    "a*b",
    "a*/x",
    "${aws:username}",
    "ann",
    "ann/x",
    "an/x",
    "ann/",
    "x//y",
    "x/y/z",
    "b",
    "team",
];
/// Those that may stand in documents: without `${`, which is a variable there.
const WORDS: &[&str] =
    &["x", "x/", "x/y", "xy", "X", "y", "x:y", "é", "x/é", "a*b", "ann", "ann/x", "an/x", "x/y/z", "b"];
const WHO: &[&str] = &[
    "saml/Adm",
    "saml/Admin",
    "saml/Admins",
    "saml/ann",
    "role/Admin",
    "role/https://i:ann",
    "role/https://i:an",
    "role/https://i:8443:ann",
    "role/https://i.b/p:ann",
    "coreweave/ann",
    "coreweave/an",
    "coreweave/a*",
    "coreweave/${aws:username}",
    "static/CWANN",
    "static/CWAN",
];
const OBJECT_ACTIONS: &[&str] =
    &["s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl", "s3:DeleteObject"];
const BUCKET_ACTIONS: &[&str] =
    &["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketAcl", "s3:PutBucketAcl", "s3:DeleteBucket"];
const OTHER_ACTIONS: &[&str] =
    &["s3:ListAllMyBuckets", "cwobject:CreateAccessKey", "cwobject:CreateAccessKeyOIDC", "cwobject:ListBucketInfo"];

/// One organization policy.
pub(crate) fn organization_policy(dice: &mut Dice, number: usize) -> Value {
    let mut names = 0;
    let statement = |dice: &mut Dice| {
        names += 1;
        json!({
            "name": format!("s{names}"),
            "effect": dice.pick(&["Allow", "Allow", "Deny"]),
            "actions": dice.several(1, 3, |dice| action_pattern(dice, true)),
            "resources": dice.several(1, 3, bare_resource),
            "principals": dice.several(1, 3, organization_principal),
        })
    };
    json!({ "version": "v1alpha1", "name": format!("p{number}"), "statements": dice.several(1, 4, statement) })
}

/// A statement for everybody and everything in `bucket` that leaves the decision to one condition: the
/// operator and the form of the cell with this number, so that every cell has its turn.
pub(crate) fn conditional_statement(dice: &mut Dice, bucket: &str, variables: bool, cell: usize) -> Value {
    json!({
        "Effect": dice.pick(&["Allow", "Deny"]),
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
        "Condition": generate_conditions::of_cell(dice, variables, cell),
    })
}

/// One statement of the policy of `bucket`. With `variables` it may have some.
pub(crate) fn bucket_statement(dice: &mut Dice, bucket: &str, variables: bool) -> Value {
    // Half of them leave the decision to their conditions.
    let wide = dice.one_in(2);
    let mut statement = json!({ "Effect": dice.pick(&["Allow", "Allow", "Deny"]) });
    let mut put = |dice: &mut Dice, name: &str, wide_value: Value, value: Value| {
        let negated = dice.one_in(5);
        if wide && !negated {
            statement[name] = wide_value;
        } else {
            statement[if negated { format!("Not{name}") } else { name.to_owned() }] = value;
        }
    };
    let value = bucket_principal(dice);
    put(dice, "Principal", json!("*"), value);
    let value = one_or_list(dice, |dice| action_pattern(dice, false));
    put(dice, "Action", json!("s3:*"), value);
    let value = one_or_list(dice, |dice| arn(dice, bucket, variables));
    put(dice, "Resource", json!([format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")]), value);
    if dice.one_in(3) {
        statement["Sid"] = json!(format!("S{}", dice.below(100)));
    }
    if wide || dice.one_in(3) {
        statement["Condition"] = generate_conditions::block(dice, variables);
    }
    statement
}

/// The version of a bucket policy, and whether it has variables.
pub(crate) fn version(dice: &mut Dice) -> (Option<&'static str>, bool) {
    match dice.below(6) {
        0 => (Some("2008-10-17"), false),
        1 => (None, false),
        _ => (Some("2012-10-17"), true),
    }
}

pub(crate) fn bucket(dice: &mut Dice) -> &'static str {
    dice.pick(BUCKETS)
}

/// A question, more often about `bucket` than not.
pub(crate) fn asked(dice: &mut Dice, bucket: &str) -> Asked {
    let bucket = if dice.one_in(4) { dice.pick(BUCKETS) } else { bucket };
    let (action, on) = match dice.below(9) {
        0 => (dice.pick(OTHER_ACTIONS), On::Any),
        1..=3 => (dice.pick(BUCKET_ACTIONS), On::Bucket(bucket.to_owned())),
        _ => (dice.pick(OBJECT_ACTIONS), On::Object(bucket.to_owned(), dice.pick(KEYS).to_owned())),
    };
    let who = (!dice.one_in(6)).then(|| dice.pick(WHO).to_owned());
    Asked { who, action: action.to_owned(), on, known: generate_conditions::known(dice) }
}

fn action_pattern(dice: &mut Dice, of_organization: bool) -> String {
    if dice.one_in(4) {
        return dice.pick(&["*", "s3:*", "s3:Get*", "S3:*", "s3:*Object*"]).to_owned();
    }
    let action = match dice.below(5) {
        0 if of_organization => dice.pick(OTHER_ACTIONS),
        0 | 1 => dice.pick(BUCKET_ACTIONS),
        _ => dice.pick(OBJECT_ACTIONS),
    };
    let pattern = dice.pattern(action);
    dice.recased(&pattern)
}

fn bare_resource(dice: &mut Dice) -> String {
    let bucket = dice.pick(BUCKETS);
    match dice.below(8) {
        0 => "*".to_owned(),
        1 => bucket.to_owned(),
        2 => format!("{bucket}/*"),
        3 | 4 => dice.pattern(bucket),
        _ => {
            let key = dice.pick(WORDS);
            format!("{}/{}", dice.pattern(bucket), dice.pattern(key))
        }
    }
}

fn organization_principal(dice: &mut Dice) -> String {
    match dice.below(8) {
        0 => "*".to_owned(),
        1 => "anonymous".to_owned(),
        2 => dice.pick(&["role/*", "role*", "r*", "saml/*", "s*", "role/Adm*", "role/https://i*", "c*"]).to_owned(),
        _ => short_principal(dice),
    }
}

/// Exact, cut short with `*`, or `role/` for what is `saml/`.
fn short_principal(dice: &mut Dice) -> String {
    let who = dice.pick(WHO);
    let who = match who.strip_prefix("saml/") {
        Some(role) if dice.one_in(2) => format!("role/{role}"),
        _ => who.to_owned(),
    };
    if dice.one_in(3) && who.is_ascii() {
        return format!("{}*", &who[..=dice.below(who.len())].trim_end_matches('*'));
    }
    who
}

fn bucket_principal(dice: &mut Dice) -> Value {
    let one = |dice: &mut Dice| match dice.below(8) {
        0 => ORGANIZATION.to_owned(),
        1 => format!("arn:aws:iam::{ORGANIZATION}:root"),
        2 => "*".to_owned(),
        3 => "arn:aws:iam::static:role/static/inventory".to_owned(),
        _ => format!("arn:aws:iam::{ORGANIZATION}:{}", short_principal(dice)),
    };
    let list = one_or_list(dice, one);
    match dice.below(6) {
        0 => json!("*"),
        1 | 2 => json!({ "CW": list }),
        _ => json!({ "AWS": list }),
    }
}

fn arn(dice: &mut Dice, bucket: &str, variables: bool) -> String {
    let key = dice.pick(WORDS);
    let key = match dice.below(5) {
        0 => "*".to_owned(),
        1 => generate_conditions::with_variable(dice, key, variables),
        _ => dice.pattern(key),
    };
    match dice.below(8) {
        0 => "*".to_owned(),
        1 | 2 => format!("arn:aws:s3:::{bucket}"),
        3 => format!("arn:aws:s3:::{bucket}*"),
        _ => format!("arn:aws:s3:::{bucket}/{key}"),
    }
}

fn one_or_list(dice: &mut Dice, mut make: impl FnMut(&mut Dice) -> String) -> Value {
    if dice.one_in(2) { json!(make(dice)) } else { json!(dice.several(1, 3, make)) }
}

/// The values of one or several for a question.
pub(crate) fn one(text: &str) -> Known {
    Known::One(text.to_owned())
}
