//! What each part of a rule allows, which documents are refused, and that nothing granted can end a header.

use http::HeaderMap;
use proptest::prelude::*;

use super::*;
use crate::s3::ErrorCode;

fn document(rules: &str) -> String {
    format!("<CORSConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{rules}</CORSConfiguration>")
}

fn rule(parts: &str) -> String {
    format!("<CORSRule>{parts}</CORSRule>")
}

fn allowing(origin: &str, method: &str, more: &str) -> String {
    rule(&format!("<AllowedOrigin>{origin}</AllowedOrigin><AllowedMethod>{method}</AllowedMethod>{more}"))
}

fn parse(rules: &str) -> CorsRules {
    CorsRules::parse(document(rules).as_bytes()).unwrap()
}

fn refused(document: &str) -> ErrorCode {
    CorsRules::parse(document.as_bytes()).expect_err(document).code
}

fn headers(grant: Option<Grant>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    grant?.write(&mut headers);
    Some(headers)
}

fn preflight(rules: &CorsRules, origin: &str, method: &str, asked: &str) -> Option<HeaderMap> {
    headers(rules.preflight(&Preflight::parse(Some(origin), Some(method), Some(asked)).unwrap()))
}

#[test]
fn an_origin_matches_as_a_whole_with_one_wildcard_anywhere() {
    for (pattern, matches, fails) in [
        (
            "https://a.example",
            &["https://a.example"][..],
            &["https://a.example.evil", "http://a.example", "https://A.example"][..],
        ),
        ("*", &["https://a.example", "null"], &[]),
        (
            "https://*.example",
            &["https://a.example", "https://a.b.example", "https://.example"],
            &["https://example", "https://a.example:8443"],
        ),
        ("*suffix", &["suffix", "a.suffix"], &["suffix.a", "uffix"]),
        ("start*end", &["startend", "start1end"], &["starend", "start", "0startend", "startend0"]),
        // The two ends may not share characters.
        ("abc*bcd", &["abcbcd"], &["abcd"]),
        ("null", &["null"], &["https://null", "nul"]),
        ("https://*", &["https://a.example"], &["http://a.example", "null"]),
    ] {
        let rules = parse(&allowing(pattern, "GET", ""));
        for origin in matches {
            assert!(rules.actual(origin, CorsMethod::Get).is_some(), "{pattern} {origin}");
        }
        for origin in fails {
            assert!(rules.actual(origin, CorsMethod::Get).is_none(), "{pattern} {origin}");
        }
    }
}

#[test]
fn what_cannot_be_said_back_is_no_origin_even_to_a_rule_for_all() {
    let rules = parse(&allowing("*", "GET", ""));
    for origin in ["", "*", "a b", "a,b", "a\u{e9}", "a\"b", "a<b", &"a".repeat(1025)] {
        assert!(rules.actual(origin, CorsMethod::Get).is_none(), "{origin}");
        assert_eq!(Preflight::parse(Some(origin), Some("GET"), None).unwrap_err().code, ErrorCode::BadRequest);
    }
}

#[test]
fn the_method_has_to_be_allowed_by_the_rule_of_the_origin() {
    let rules = parse(&(allowing("https://a", "GET", "") + &allowing("https://b", "PUT", "")));
    assert!(rules.actual("https://a", CorsMethod::Get).is_some());
    assert!(rules.actual("https://b", CorsMethod::Put).is_some());
    assert!(rules.actual("https://a", CorsMethod::Put).is_none());
    assert!(rules.actual("https://a", CorsMethod::Head).is_none(), "GET does not stand for HEAD");
    for method in ["get", "PATCH", "OPTIONS", "*", ""] {
        assert_eq!(Preflight::parse(Some("https://a"), Some(method), None).unwrap_err().code, ErrorCode::BadRequest);
    }
}

#[test]
fn every_header_that_is_asked_for_has_to_be_allowed() {
    let rules = parse(&allowing(
        "https://a",
        "PUT",
        "<AllowedHeader>Content-Type</AllowedHeader><AllowedHeader>x-amz-*</AllowedHeader>",
    ));
    let allowed = preflight(&rules, "https://a", "PUT", "content-type, X-Amz-Meta-A").unwrap();
    assert_eq!(allowed["access-control-allow-headers"], "content-type, x-amz-meta-a");
    assert!(preflight(&rules, "https://a", "PUT", "").unwrap().get("access-control-allow-headers").is_none());
    assert!(preflight(&rules, "https://a", "PUT", "content-type,x-other").is_none());
    assert!(preflight(&rules, "https://a", "PUT", "xx-amz-meta-a").is_none());
    let none = parse(&allowing("https://a", "PUT", ""));
    assert!(preflight(&none, "https://a", "PUT", "").is_some());
    assert!(preflight(&none, "https://a", "PUT", "content-type").is_none());
    let all = parse(&allowing("https://a", "PUT", "<AllowedHeader>*</AllowedHeader>"));
    assert!(preflight(&all, "https://a", "PUT", "authorization, x-anything").is_some());
    let many = ["a"; 101].join(",");
    for broken in ["a b", "a:b", "a, \u{e9}", "(a)", &many] {
        let error = Preflight::parse(Some("https://a"), Some("PUT"), Some(broken)).unwrap_err();
        assert_eq!(error.code, ErrorCode::BadRequest, "{broken}");
    }
}

#[test]
fn the_first_rule_that_fits_decides() {
    let first = allowing("https://a", "GET", "<MaxAgeSeconds>1</MaxAgeSeconds>");
    let narrow = allowing("https://a", "PUT", "<MaxAgeSeconds>2</MaxAgeSeconds>");
    let second = allowing("*", "PUT", "<AllowedHeader>*</AllowedHeader><MaxAgeSeconds>3</MaxAgeSeconds>");
    let rules = parse(&(first + &narrow + &second));
    assert_eq!(preflight(&rules, "https://a", "GET", "").unwrap()["access-control-max-age"], "1");
    assert_eq!(preflight(&rules, "https://a", "PUT", "").unwrap()["access-control-max-age"], "2");
    assert_eq!(preflight(&rules, "https://a", "PUT", "x-a").unwrap()["access-control-max-age"], "3");
}

#[test]
fn an_origin_is_said_back_unless_the_rule_is_for_all() {
    let said = |pattern: &str, origin: &str| {
        headers(parse(&allowing(pattern, "GET", "")).actual(origin, CorsMethod::Get)).unwrap()
    };
    let all = said("*", "https://a");
    assert_eq!(all["access-control-allow-origin"], "*");
    assert!(all.get("access-control-allow-credentials").is_none());
    let named = said("https://*", "https://a");
    assert_eq!(named["access-control-allow-origin"], "https://a");
    assert_eq!(named["access-control-allow-credentials"], "true");
    assert_eq!(named["access-control-allow-methods"], "GET");
    let nobody = said("null", "null");
    assert_eq!(nobody["access-control-allow-origin"], "null");
    assert!(nobody.get("access-control-allow-credentials").is_none());
    let mixed = parse(&rule(
        "<AllowedOrigin>https://a</AllowedOrigin><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>",
    ));
    assert_eq!(headers(mixed.actual("https://a", CorsMethod::Get)).unwrap()["access-control-allow-origin"], "*");
}

#[test]
fn a_document_is_written_as_it_was_read() {
    let text = document(
        &(rule(
            "<ID>a &amp; b</ID><AllowedHeader>x-amz-*</AllowedHeader><AllowedHeader>range</AllowedHeader>\
         <AllowedMethod>GET</AllowedMethod><AllowedMethod>DELETE</AllowedMethod>\
         <AllowedOrigin>https://*.example?a&amp;b</AllowedOrigin><AllowedOrigin>null</AllowedOrigin>\
         <ExposeHeader>etag</ExposeHeader><MaxAgeSeconds>3000</MaxAgeSeconds>",
        ) + &rule("<AllowedMethod>PUT</AllowedMethod><AllowedOrigin>*</AllowedOrigin>")),
    );
    assert_eq!(CorsRules::parse(text.as_bytes()).unwrap().to_xml(), text);
}

#[test]
fn l08_a_document_that_could_break_a_header_is_refused() {
    let good = allowing("https://a", "GET", "<ExposeHeader>x-a</ExposeHeader>");
    assert!(CorsRules::parse(document(&good).as_bytes()).is_ok());
    for bad in ["x-a&#10;set-cookie: a", "x-a&#13;&#10;x-b", "x-a\nx-b", "a b", "a,b", "a:b", "*", "x-*", "", "&#233;"]
    {
        let with = |name: &str| document(&allowing("https://a", "GET", &format!("<{name}>{bad}</{name}>")));
        assert_eq!(refused(&with("ExposeHeader")), ErrorCode::InvalidRequest, "{bad}");
        if !bad.contains('*') {
            assert_eq!(refused(&with("AllowedHeader")), ErrorCode::InvalidRequest, "{bad}");
        }
    }
    for bad in ["a&#10;b", "a&#13;b", "a&#9;b", "a b", "", "&#127;", "https://\u{e9}", "https://*.*"] {
        assert_eq!(refused(&document(&allowing(bad, "GET", ""))), ErrorCode::InvalidRequest, "{bad}");
    }
    for bad in ["get", "PATCH", "OPTIONS", "*", "GET&#10;", "", "GET PUT"] {
        let text = document(&allowing("*", bad, ""));
        // Space around a value is no part of it.
        let trimmed = bad == "GET&#10;";
        assert_eq!(CorsRules::parse(text.as_bytes()).is_ok(), trimmed, "{bad}");
    }
}

#[test]
fn what_is_no_such_document_is_malformed() {
    let one = allowing("*", "GET", "");
    for bad in [
        String::new(),
        "<CORSConfiguration/>".to_owned(),
        "<CORSConfiguration>".to_owned(),
        "<Other/>".to_owned(),
        format!("<!DOCTYPE a>{}", document(&one)),
        document("text"),
        document(&one.repeat(101)),
        document(&rule("<AllowedOrigin>*</AllowedOrigin>")),
        document(&rule("<AllowedMethod>GET</AllowedMethod>")),
        document(&allowing("*", "GET", "<Other>a</Other>")),
        document(&allowing("*", "GET", "<ID>a</ID><ID>b</ID>")),
        document(&allowing("*", "GET", &format!("<ID>{}</ID>", "a".repeat(256)))),
        document(&allowing("*", "GET", "<MaxAgeSeconds>1</MaxAgeSeconds><MaxAgeSeconds>2</MaxAgeSeconds>")),
        document(&allowing("*", "GET", "<MaxAgeSeconds>-1</MaxAgeSeconds>")),
        document(&allowing("*", "GET", "<MaxAgeSeconds>+1</MaxAgeSeconds>")),
        document(&allowing("*", "GET", "<MaxAgeSeconds/>")),
        document(&allowing("*", "GET", "<MaxAgeSeconds>2147483648</MaxAgeSeconds>")),
        document(&allowing("*", "GET", "<AllowedMethod><a/></AllowedMethod>")),
        document(&allowing("*", "GET", &format!("<!--{}-->", "a".repeat(64 * 1024)))),
    ] {
        assert_eq!(refused(&bad), ErrorCode::MalformedXML, "{}", &bad[..bad.len().min(300)]);
    }
    assert!(CorsRules::parse(document(&one.repeat(100)).as_bytes()).is_ok());
}

proptest! {
    #[test]
    fn l08_nothing_that_is_granted_can_end_a_header(
        origin in ".{0,20}", pattern in ".{0,12}", header in ".{0,12}", exposed in ".{0,12}", asked in ".{0,20}",
        wild in any::<bool>(),
    ) {
        let part = |name: &str, text: &str| format!("<{name}>{}</{name}>", crate::s3::xml::escape(text));
        let parts = [
            part("AllowedOrigin", if wild { "*" } else { &pattern }),
            part("AllowedMethod", "GET"),
            part("AllowedHeader", if wild { "*" } else { &header }),
            if exposed.is_empty() || wild { String::new() } else { part("ExposeHeader", &exposed) },
        ];
        let Ok(rules) = CorsRules::parse(document(&rule(&parts.concat())).as_bytes()) else { return Ok(()) };
        let asked = Preflight::parse(Some(&origin), Some("GET"), Some(&asked)).ok();
        let grants = [rules.actual(&origin, CorsMethod::Get), asked.and_then(|asked| rules.preflight(&asked))];
        for headers in grants.into_iter().filter_map(headers) {
            for value in headers.values() {
                prop_assert!(value.as_bytes().iter().all(|byte| (0x20..0x7f).contains(byte)), "{value:?}");
            }
        }
    }
}
