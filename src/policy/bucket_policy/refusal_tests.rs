//! One test per way in which a bucket policy is refused, and what stands in the message.

use serde_json::{Value, json};

use super::BucketPolicy;
use crate::identity::OrganizationId;
use crate::policy::PolicyError;

fn parse(document: &str) -> Result<BucketPolicy, PolicyError> {
    BucketPolicy::parse(document.as_bytes(), "b", &OrganizationId::parse("ab1cd2").unwrap())
}

fn document() -> Value {
    json!({
        "Version": "2012-10-17",
        "Id": "example",
        "Statement": [{
            "Sid": "One",
            "Effect": "Allow",
            "Principal": { "AWS": ["arn:aws:iam::ab1cd2:saml/A"] },
            "Action": ["s3:*"],
            "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
            "Condition": { "StringEquals": { "s3:prefix": ["a"] } },
        }],
    })
}

/// What the document is refused with once the statement has `name` with `value`, or lacks it.
fn refusal(name: &str, value: Value) -> String {
    let mut document = document();
    let statement = document["Statement"][0].as_object_mut().unwrap();
    match value {
        Value::Null => statement.remove(name),
        value => statement.insert(name.to_owned(), value),
    };
    parse(&document.to_string()).expect_err(&document.to_string()).to_string()
}

fn is_refused(name: &str, value: Value, expected: &str) {
    let refusal = refusal(name, value);
    assert!(refusal.contains(expected), "{refusal:?} does not say {expected:?}");
}

#[test]
fn the_example_is_accepted_and_one_may_stand_for_a_list_of_one() {
    assert!(parse(&document().to_string()).is_ok());
    let mut single = document();
    single["Statement"] = single["Statement"][0].clone();
    single["Statement"]["Principal"]["AWS"] = json!("arn:aws:iam::ab1cd2:saml/A");
    single["Statement"]["Action"] = json!("s3:ListBucket");
    single["Statement"]["Resource"] = json!("arn:aws:s3:::b");
    single["Statement"]["Condition"]["StringEquals"]["s3:prefix"] = json!("a");
    assert!(parse(&single.to_string()).is_ok());
}

#[test]
fn what_is_needed_is_missed() {
    for name in ["Effect", "Principal", "Action", "Resource"] {
        is_refused(name, Value::Null, &format!("Statement[0].{name}: Missing required field {name}"));
    }
    assert!(parse("{}").unwrap_err().to_string().contains("Missing required field Statement"));
}

#[test]
fn e21_what_is_unknown_is_named() {
    is_refused("Conditions", json!({}), "Statement[0].Conditions: Unknown field Conditions");
    is_refused("effect", json!("Allow"), "Statement[0].effect: Unknown field effect");
    let mut document = document();
    document["Statements"] = json!([]);
    assert!(parse(&document.to_string()).unwrap_err().to_string().starts_with("Statements: Unknown field"));
}

#[test]
fn what_stands_twice_is_named() {
    let text = document().to_string().replace(r#""Effect":"Allow""#, r#""Effect":"Allow","Effect":"Deny""#);
    assert!(parse(&text).unwrap_err().to_string().starts_with("Statement[0].Effect: stands twice"));
    let text = document().to_string().replace(r#""s3:prefix":"#, r#""s3:prefix":["b"],"s3:prefix":"#);
    let refusal = parse(&text).unwrap_err().to_string();
    assert!(refusal.starts_with("Statement[0].Condition.StringEquals.s3:prefix: stands twice"), "{refusal}");
}

#[test]
fn what_is_empty_means_nothing() {
    for (name, value) in [
        ("Action", json!([])),
        ("Resource", json!([])),
        ("Condition", json!({})),
        ("Condition", json!({ "StringEquals": {} })),
        ("Condition", json!({ "StringEquals": { "s3:prefix": [] } })),
        ("Principal", json!({ "AWS": [] })),
    ] {
        is_refused(name, value, "empty");
    }
    is_refused("Principal", json!({}), "names nobody");
    let empty = json!({ "Statement": [] }).to_string();
    assert!(parse(&empty).unwrap_err().to_string().contains("Statement: the list is empty"));
}

#[test]
fn an_element_and_its_not_form_contradict() {
    for name in ["Principal", "Action", "Resource"] {
        let expected = format!("a statement has {name} or Not{name}, not both");
        let value = document()["Statement"][0][name].clone();
        is_refused(&format!("Not{name}"), value, &expected);
    }
}

#[test]
fn every_value_has_its_form() {
    for (name, value, expected) in [
        ("Effect", json!("allow"), "Invalid effect: allow"),
        ("Effect", json!(["Allow"]), "Statement[0].Effect: expected a text, found a list"),
        ("Sid", json!(1), "Statement[0].Sid: expected a text, found a number"),
        ("Sid", json!("a\nb"), "Statement[0].Sid: expected at most 256 visible characters"),
        ("Action", json!({}), "Statement[0].Action: expected a text or a list of texts, found an object"),
        ("Action", json!([1]), "Statement[0].Action[0]: expected a text, found a number"),
        ("Resource", json!(true), "Statement[0].Resource: expected a text or a list of texts"),
        ("Condition", json!([]), "Statement[0].Condition: expected an object, found a list"),
        ("Condition", json!({ "StringEquals": "a" }), "Statement[0].Condition.StringEquals: expected an object"),
        ("Condition", json!({ "StringEquals": { "s3:prefix": [null] } }), "s3:prefix[0]: expected a value"),
        ("Condition", json!({ "StringEquals": { "s3:prefix": { "a": 1 } } }), "s3:prefix: expected a value"),
    ] {
        is_refused(name, value, expected);
    }
    for (member, value, expected) in [
        ("Version", json!("2020-01-01"), "The policy must contain a valid version string"),
        ("Version", json!(2012), "Version: expected a text"),
        ("Id", json!([]), "Id: expected a text"),
        ("Statement", json!("x"), "Statement: expected an object"),
        ("Statement", json!(["x"]), "Statement[0]: expected an object"),
    ] {
        let mut document = document();
        document[member] = value;
        let refusal = parse(&document.to_string()).unwrap_err().to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
    assert!(parse("[]").unwrap_err().to_string().contains("expected an object"));
    assert!(parse("{").unwrap_err().to_string().contains("Policies must be valid JSON"));
}

#[test]
fn names_of_statements_are_unique_unless_they_are_empty() {
    let mut document = document();
    let other = document["Statement"][0].clone();
    document["Statement"].as_array_mut().unwrap().push(other);
    let refusal = parse(&document.to_string()).unwrap_err().to_string();
    assert!(
        refusal.starts_with("Statement[1].Sid: Statement IDs (SID) in a single policy must be unique"),
        "{refusal}"
    );
    document["Statement"][0]["Sid"] = json!("");
    document["Statement"][1]["Sid"] = json!("");
    assert!(parse(&document.to_string()).is_ok());
}

#[test]
fn a_document_has_a_size() {
    let mut text = document().to_string();
    text.push_str(&" ".repeat(BucketPolicy::LIMIT - text.len()));
    assert!(parse(&text).is_ok());
    text.push(' ');
    let limit = BucketPolicy::LIMIT;
    assert_eq!(parse(&text).unwrap_err(), PolicyError::TooLarge { found: limit + 1, limit });
}

#[test]
fn resources_lie_in_the_bucket() {
    for resource in [
        "",
        "**",
        "b",
        "b/*",
        "arn:aws:s3:::",
        "arn:aws:s3:::*",
        "arn:aws:s3:::*/*",
        "arn:aws:s3:::b*",
        "arn:aws:s3:::b*/x",
        "arn:aws:s3:::?/x",
        "arn:aws:s3:::b2/x",
        "arn:aws:s3:::other",
        "arn:aws:s3:::B/x",
        "arn:aws:s3:::b/",
        "arn:aws:s3:::${aws:username}/x",
        "arn:aws:s3:us-east-1:123:b/x",
        "arn:aws:s3express:::b/x",
        "ARN:aws:s3:::b/x",
    ] {
        is_refused(
            "Resource",
            json!(["arn:aws:s3:::b", resource]),
            "Statement[0].Resource[1]: Policy has invalid resource",
        );
    }
    is_refused("Resource", json!("arn:aws:s3:::b/${aws:nothing}"), "Statement[0].Resource");
}

#[test]
fn actions_exist_and_are_of_s3() {
    for action in
        ["s3:Nothing", "s3:Nothing*", "GetObject", "ec2:*", "", "cwobject:*", "cwobject:CreateAccessKey", "c*"]
    {
        is_refused("Action", json!(["s3:*", action]), "Statement[0].Action[1]: Policy has invalid action");
    }
    is_refused("Action", json!("s3:DeleteBucketLifecycle"), "s3:PutLifecycleConfiguration");
    let mut document = document();
    document["Statement"][0]["Action"] = json!(["*", "s3:ReplicateObject", "S3:GETOBJECT"]);
    assert!(parse(&document.to_string()).is_ok());
}

#[test]
fn every_action_applies_to_some_resource() {
    let expected = "Action does not apply to any resource(s) in statement";
    for (actions, resource) in [
        (json!("s3:ListBucket"), "arn:aws:s3:::b/*"),
        (json!(["s3:GetObject", "s3:ListBucket"]), "arn:aws:s3:::b/*"),
        (json!("s3:GetObject"), "arn:aws:s3:::b"),
        (json!("s3:*Object"), "arn:aws:s3:::b"),
        (json!("s3:ListAllMyBuckets"), "arn:aws:s3:::b"),
    ] {
        let mut document = document();
        document["Statement"][0]["Action"] = actions;
        document["Statement"][0]["Resource"] = json!(resource);
        let refusal = parse(&document.to_string()).expect_err(&document.to_string()).to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
    for (actions, resource) in
        [(json!("s3:List*"), "arn:aws:s3:::b/*"), (json!("s3:*"), "arn:aws:s3:::b"), (json!("s3:GetObject"), "*")]
    {
        let mut document = document();
        document["Statement"][0]["Action"] = actions;
        document["Statement"][0]["Resource"] = json!(resource);
        assert!(parse(&document.to_string()).is_ok(), "{document}");
    }
}

#[test]
fn principals_are_of_the_organization() {
    for principal in [
        json!("saml/A"),
        json!(["*"]),
        json!({ "AWS": "saml/A" }),
        json!({ "AWS": "123456789012" }),
        json!({ "AWS": "arn:aws:iam::zz9zz9:saml/A" }),
        json!({ "AWS": "arn:aws:iam::ab1cd2:user/a" }),
        json!({ "AWS": "arn:aws:iam::ab1cd2:saml/*a" }),
        json!({ "AWS": "arn:aws:iam::ab1cd2:anonymous" }),
        json!({ "AWS": "arn:aws:iam::ab1cd2:" }),
        json!({ "AWS": "arn:aws:iam::static:saml/A" }),
        json!({ "AWS": "arn:aws:sts::ab1cd2:saml/A" }),
        json!({ "Service": "s3.amazonaws.com" }),
        json!({ "CanonicalUser": "a" }),
        json!({ "AWS": "*", "Federated": "a" }),
    ] {
        is_refused("Principal", principal, "Invalid principal in policy");
    }
}

#[test]
fn e21_conditions_that_mean_nothing_are_refused_with_their_place() {
    is_refused("Condition", json!({ "StringMatches": { "s3:prefix": "a" } }), "Statement[0].Condition.StringMatches");
    is_refused("Condition", json!({ "StringEquals": { "aws:Nothing": "a" } }), "StringEquals.aws:Nothing");
}

#[test]
fn a_number_that_would_not_be_kept_as_written_is_no_text() {
    for number in ["1.10", "1e3", "123456789012345678901234567890"] {
        for operator in ["StringEquals", "StringNotLikeIfExists", "ForAnyValue:StringEquals"] {
            let condition: Value =
                serde_json::from_str(r#"{ "KEY": { "aws:PrincipalTag/release": ["x", 0] } }"#).unwrap();
            let condition = condition.to_string().replace("KEY", operator).replace('0', number);
            let text = document().to_string().replace(r#"{"StringEquals":{"s3:prefix":["a"]}}"#, &condition);
            let refusal = parse(&text).expect_err(&text).to_string();
            let place = format!("Statement[0].Condition.{operator}.aws:PrincipalTag/release[1]: ");
            assert!(refusal.starts_with(&place) && refusal.contains("in quotes"), "{refusal}");
        }
    }
    // What a number is compared with as a number, or is whole, means what it says.
    for condition in [
        json!({ "NumericLessThanEqualsIfExists": { "s3:TlsVersion": 1.2 } }),
        json!({ "StringEquals": { "aws:PrincipalTag/release": [1, -1, true] } }),
    ] {
        let mut document = document();
        document["Statement"][0]["Condition"] = condition;
        assert!(parse(&document.to_string()).is_ok(), "{document}");
    }
}

#[test]
fn e20_a_variable_that_may_be_missing_leaves_nothing_out_of_an_allow() {
    let all_but = |effect: &str, left_out: Value| {
        let mut document = document();
        let statement = document["Statement"][0].as_object_mut().unwrap();
        statement.remove("Resource");
        statement.insert("Effect".to_owned(), json!(effect));
        statement.insert("NotResource".to_owned(), left_out);
        document
    };
    let own = "arn:aws:s3:::b/home/${aws:username}/*";
    let refusal = parse(&all_but("Allow", json!(["arn:aws:s3:::b/x", own])).to_string()).unwrap_err().to_string();
    assert!(refusal.starts_with("Statement[0].NotResource[1]: "), "{refusal}");
    for part in [own, "${key, 'default'}", "use Resource"] {
        assert!(refusal.contains(part), "{refusal:?} does not say {part:?}");
    }
    // Where it denies, a missing value makes it deny more; with a default there is always something left out.
    assert!(parse(&all_but("Deny", json!(own)).to_string()).is_ok());
    let with_default = "arn:aws:s3:::b/home/${aws:username, 'nobody'}/*";
    assert!(parse(&all_but("Allow", json!([with_default, "arn:aws:s3:::b/${*}"])).to_string()).is_ok());
    // Without variables it is text.
    let mut old = all_but("Allow", json!(own));
    old["Version"] = json!("2008-10-17");
    assert!(parse(&old.to_string()).is_ok());
    let mut listed = document();
    listed["Statement"][0]["Resource"] = json!(["arn:aws:s3:::b", own]);
    assert!(parse(&listed.to_string()).is_ok());
}

#[test]
fn patterns_that_would_take_seconds_to_look_for_are_refused() {
    let with = |pattern: String| {
        let document = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
            "Condition": { "StringLike": { "aws:UserAgent": pattern } },
        } });
        let organization = OrganizationId::parse("ab1cd2").unwrap();
        BucketPolicy::parse(document.to_string().as_bytes(), "b", &organization).map(drop)
    };
    let error = with(format!("*{}b*", "?a".repeat(9_000))).unwrap_err().to_string();
    assert!(error.contains("aws:UserAgent") && error.contains("too much between two *s"), "{error}");
    with(format!("*{}b*", "a".repeat(18_000))).unwrap();
    with("*Mozilla/?.?*".to_owned()).unwrap();
}
