//! Documents that are taken, documents that are not, and what each condition lets in.

use super::*;

fn parse(document: &str) -> Result<PostPolicy, ErrorCode> {
    PostPolicy::parse(&STANDARD.encode(document)).map_err(|error| error.code)
}

fn with(conditions: &str) -> PostPolicy {
    parse(&format!("{{\"expiration\": \"2026-12-01T12:00:00.000Z\", \"conditions\": {conditions}}}")).unwrap()
}

fn fields(list: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in list {
        fields.add((*name).to_owned(), value.as_bytes().to_vec()).unwrap();
    }
    fields
}

fn check(conditions: &str, list: &[(&str, &str)]) -> Result<(), String> {
    let bucket = BucketName::parse("bucket").unwrap();
    with(conditions).check(&fields(list), &bucket).map_err(|error| {
        assert_eq!(error.code, ErrorCode::AccessDenied);
        error.message.into_owned()
    })
}

#[test]
fn documents_outside_the_form_are_refused() {
    let good = r#"{"expiration": "2026-12-01T12:00:00Z", "conditions": []}"#;
    assert!(parse(good).is_ok());
    for wrong in [
        "",
        "[]",
        "{}",
        "\u{feff}{}",
        r#"{"expiration": "2026-12-01T12:00:00Z"}"#,
        r#"{"conditions": []}"#,
        r#"{"Expiration": "2026-12-01T12:00:00Z", "conditions": []}"#,
        r#"{"expiration": "2026-12-01T12:00:00Z", "CONDITIONS": []}"#,
        r#"{"expiration": "2026-12-01T12:00:00Z", "conditions": {}}"#,
        r#"{"expiration": 1, "conditions": []}"#,
        r#"{"expiration": "2026-12-01T12:00:00Z", "conditions": [], "more": 1}"#,
        r#"{"expiration": "2026-12-01T12:00:00Z", "expiration": "2027-12-01T12:00:00Z", "conditions": []}"#,
        r#"{"expiration": "2026-12-01T12:00:00Z", "conditions": []} x"#,
        r#"{"expiration": "2026-12-01T12:00:00Z", "conditions": [[[[[[]]]]]]}"#,
    ] {
        assert_eq!(parse(wrong).unwrap_err(), ErrorCode::InvalidPolicyDocument, "{wrong}");
    }
    for wrong in ["", "!", "e30", &STANDARD.encode(good)[..10], &format!("{}\n", STANDARD.encode(good))] {
        assert_eq!(PostPolicy::parse(wrong).unwrap_err().code, ErrorCode::InvalidPolicyDocument, "{wrong:?}");
    }
}

#[test]
fn an_expiration_is_a_time_of_one_form() {
    let with = |time: &str| parse(&format!("{{\"expiration\": \"{time}\", \"conditions\": []}}"));
    for right in ["2026-12-01T12:00:00Z", "2026-12-01T12:00:00.000Z", "2026-12-01T13:00:00+01:00"] {
        assert_eq!(with(right).unwrap().expiration(), "2026-12-01T12:00:00Z".parse().unwrap(), "{right}");
    }
    for wrong in [
        "",
        "tomorrow",
        "2026-12-01",
        "2026-12-01 12:00:00Z",
        "2026-12-01T12:00:00",
        "20261201T120000Z",
        "2026-13-01T12:00:00Z",
        "1796126400",
        "2026-12-01T12:00:00Zx",
        "2026-12-01t12:00:00z",
    ] {
        assert_eq!(with(wrong).unwrap_err(), ErrorCode::InvalidPolicyDocument, "{wrong}");
    }
}

#[test]
fn conditions_outside_the_form_are_refused() {
    for wrong in [
        "{}",
        "[]",
        "\"a\"",
        "1",
        "null",
        r#"{"acl": 1}"#,
        r#"{"acl": "a", "acl": "b"}"#,
        r#"["eq", "$acl"]"#,
        r#"["eq", "acl", "a"]"#,
        r#"["eq", "$acl", 1]"#,
        r#"["eq", "$acl", "a", "b"]"#,
        r#"["ends-with", "$acl", "a"]"#,
        r#"["content-length-range", 0]"#,
        r#"["content-length-range", -1, 0]"#,
        r#"["content-length-range", 1.5, 2]"#,
        r#"["content-length-range", 2, 1]"#,
        r#"["content-length-range", "", "1"]"#,
    ] {
        let document = format!("{{\"expiration\": \"2026-12-01T12:00:00Z\", \"conditions\": [{wrong}]}}");
        assert_eq!(parse(&document).unwrap_err(), ErrorCode::InvalidPolicyDocument, "{wrong}");
    }
}

#[test]
fn every_condition_holds_and_is_about_every_field() {
    let conditions = r#"[{"bUcKeT": "bucket"}, ["StArTs-WiTh", "$KeY", "u/"], ["eq", "$acl", "private"],
        ["starts-with", "$Content-Type", "image/"]]"#;
    let good = [("key", "u/a"), ("acl", "private"), ("content-type", "image/png")];
    assert_eq!(check(conditions, &good), Ok(()));
    assert_eq!(
        check(conditions, &[&good[..], &[("x-ignore-a", "b"), ("policy", "c"), ("bucket", "bucket")]].concat()),
        Ok(())
    );
    assert_eq!(check(conditions, &[good[0], good[1], ("content-type", "image/png, image/gif")]), Ok(()));
    for wrong in [
        &[("key", "v/a"), good[1], good[2]][..],
        &[("key", "U/a"), good[1], good[2]],
        &[good[0], ("acl", "Private"), good[2]],
        &[good[0], good[1], ("content-type", "image/png, text/html")],
        &[good[0], good[1]],
        &[good[1], good[2]],
        &[good[0], good[1], good[2], ("bucket", "other")],
        &[good[0], good[1], good[2], ("x-amz-meta-a", "b")],
        &[good[0], good[1], good[2], ("submit", "b")],
    ] {
        assert!(check(conditions, wrong).unwrap_err().starts_with("Invalid according to Policy: "), "{wrong:?}");
    }
    let extra = check(conditions, &[&good[..], &[("one", ""), ("two", "")]].concat()).unwrap_err();
    assert_eq!(extra, "Invalid according to Policy: Extra input fields: one, two");
}

#[test]
fn a_policy_is_for_the_bucket_of_the_address() {
    for wrong in [r#"[["starts-with", "$key", ""]]"#, r#"[{"key": "a"}, {"bucket": "other"}]"#] {
        assert!(check(wrong, &[("key", "a")]).is_err(), "{wrong}");
        assert!(check(wrong, &[("key", "a"), ("bucket", "bucket")]).is_err(), "{wrong}");
    }
    assert!(check(r#"[{"key": "a"}, {"bucket": "bucket"}]"#, &[("key", "a")]).is_ok());
}

#[test]
fn lengths_are_what_all_ranges_allow() {
    assert_eq!(with("[]").file_lengths(), 0..=u64::MAX);
    let both = r#"[["content-length-range", 1, 20], ["Content-Length-Range", "10", "30"]]"#;
    assert_eq!(with(both).file_lengths(), 10..=20);
}
