//! Which condition keys are known, and why others are not.

use super::organization;
use crate::policy::condition::{ConditionKey, Context, FixedKey, Value};

fn parse(name: &str) -> Result<ConditionKey, String> {
    ConditionKey::parse(name, &organization()).map_err(|error| error.to_string())
}

#[test]
fn every_key_of_the_list_is_known_in_letters_of_either_case() {
    for key in FixedKey::ALL.iter().copied().filter(|key| *key != FixedKey::Groups) {
        for name in [key.name().to_owned(), key.name().to_uppercase(), key.name().to_lowercase()] {
            assert_eq!(parse(&name), Ok(ConditionKey::Fixed(key)), "{name}");
        }
    }
}

#[test]
fn groups_are_those_of_the_own_organization() {
    assert_eq!(parse("iam:ab1cd2:groups"), Ok(FixedKey::Groups.into()));
    assert_eq!(parse("IAM:AB1CD2:Groups"), Ok(FixedKey::Groups.into()));
    for other in ["iam:other:groups", "iam:<org>:groups", "iam::groups"] {
        assert!(parse(other).unwrap_err().contains("the one here is iam:ab1cd2:groups"), "{other}");
    }
}

#[test]
fn tags_have_their_name_in_the_key() {
    assert_eq!(parse("AWS:principaltag/Team"), Ok(ConditionKey::PrincipalTag("Team".into())));
    assert_eq!(parse("s3:RequestObjectTag/a/b"), Ok(ConditionKey::RequestObjectTag("a/b".into())));
    let tags = [("Team".to_owned(), "x".to_owned()), ("é".to_owned(), "y".to_owned())];
    let mut context = Context::new();
    context.set_request_tags(&tags);
    let value = |name: &str| context.value(&parse(name).unwrap());
    assert_eq!(value("s3:RequestObjectTag/Team"), Value::Text("x"));
    assert_eq!(value("s3:RequestObjectTag/é"), Value::Text("y"));
    assert_eq!(value("s3:RequestObjectTag/team"), Value::Absent, "keys of object tags differ by case");
    assert_eq!(value("aws:PrincipalTag/Team"), Value::Absent);
}

#[test]
fn e21_a_key_that_cannot_be_known_is_refused_by_name() {
    for name in [
        "aws:SourceVpc",
        "aws:MultiFactorAuthPresent",
        "aws:SourceArn",
        "s3:ResourceAccount",
        "aws:PrincipalTag/",
        "s3:RequestObjectTag/",
        "aws:PrincipalTag",
        "prefix",
        "s3:prefix ",
        "é",
        "",
    ] {
        let expected = format!(
            "condition key: {name:?} is not a condition key that can be known here; `portcullis operations \
             --conditions` lists them"
        );
        assert_eq!(parse(name), Err(expected));
    }
    assert!(parse("s3:ExistingObjectTag/x").unwrap_err().contains("only the backend knows which tags an object has"));
}
