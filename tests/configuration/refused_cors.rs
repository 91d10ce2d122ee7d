//! Each way to get a CORS rule of this server wrong.

use crate::fixture::{Fixture, valid_but};
use crate::refused::assert_refused;

#[test]
fn rules_that_no_browser_could_be_told() {
    let rule = |fields: &str| format!("[s3]\ncors = [{{ {fields} }}]\n");
    let (origins, methods) = ("allowed_origins = [\"https://a.example\"]", "allowed_methods = [\"GET\"]");
    let accepted =
        format!("{origins}, {methods}, allowed_headers = [\"x-*\"], expose_headers = [\"etag\"], max_age = \"24h\"");
    assert_eq!(Fixture::new().refusal(&valid_but("[s3]\n", &rule(&accepted))), "accepted");
    let origin = "an origin such as \"https://app.example.com\", with at most one * in it, or \"*\"";
    for (fields, refusal) in [
        (methods.to_owned(), "s3.cors[0].allowed_origins: found nothing, expected a value".to_owned()),
        (origins.to_owned(), "s3.cors[0].allowed_methods: found nothing, expected a value".to_owned()),
        (
            format!("allowed_origins = [], {methods}"),
            "s3.cors[0].allowed_origins: found an empty list, expected at least one, such as \"https://a.example\""
                .replace("a.example", "app.example.com"),
        ),
        (
            format!("{origins}, allowed_methods = []"),
            "s3.cors[0].allowed_methods: found an empty list, expected at least one, such as \"GET\"".to_owned(),
        ),
        (
            format!("{origins}, allowed_methods = [\"GET\", \"PATCH\"]"),
            "s3.cors[0].allowed_methods[1]: found \"PATCH\", expected DELETE, GET, HEAD, POST or PUT".to_owned(),
        ),
        (
            format!("allowed_origins = [\"https://a b\"], {methods}"),
            format!("s3.cors[0].allowed_origins[0]: found \"https://a b\", expected {origin}"),
        ),
        (
            format!("allowed_origins = [\"https://*.*\"], {methods}"),
            "s3.cors[0].allowed_origins[0]: found \"https://*.*\", expected at most one *".to_owned(),
        ),
        (
            format!("{origins}, {methods}, allowed_headers = [\"a:b\"]"),
            "s3.cors[0].allowed_headers[0]: found \"a:b\", expected the name of a header, with at most one * in it"
                .to_owned(),
        ),
        (
            format!("{origins}, {methods}, expose_headers = [\"*\"]"),
            "s3.cors[0].expose_headers[0]: found \"*\", expected the name of a header, without a wildcard".to_owned(),
        ),
        (
            format!("{origins}, {methods}, max_age = \"25h\""),
            "s3.cors[0].max_age: found 90000s, expected at most 24 hours".to_owned(),
        ),
    ] {
        assert_refused(&[("[s3]\n", &rule(&fields), &format!("portcullis.toml:3: {refusal}"))]);
    }
    assert_refused(&[(
        "[s3]\n",
        "[s3]\ncors_cache_life = \"2h\"\n",
        "portcullis.toml:3: s3.cors_cache_life: found 7200s, expected 1s to 1h",
    )]);
}
