//! Error documents both ways, bodies that turn out to be errors, and rewritten elements.

use proptest::prelude::*;

use super::*;
use crate::s3::{ErrorCode, S3Error};

#[test]
fn an_error_document_can_always_be_read_back() {
    let error = S3Error::new(ErrorCode::SignatureDoesNotMatch, "a < b & \"c\" \u{0}\u{1}\r\n</Message><Code>x</Code>")
        .with("StringToSign", "AWS4-HMAC-SHA256\n20260101")
        .with("Empty", "");
    let document = error_document(&error, "/bucket/<key>", "ID'1");
    let read = parse_error_document(document.as_bytes()).expect("readable");
    assert_eq!(read.code, "SignatureDoesNotMatch");
    assert_eq!(read.message, "a < b & \"c\" \u{FFFD}\u{FFFD}\r\n</Message><Code>x</Code>");
    let elements: Vec<_> = read.elements.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let expected = [
        ("StringToSign", "AWS4-HMAC-SHA256\n20260101"),
        ("Empty", ""),
        ("Resource", "/bucket/<key>"),
        ("RequestId", "ID'1"),
    ];
    assert_eq!(elements, expected);
    assert!(
        document.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SignatureDoesNotMatch</Code>")
    );
}

#[test]
fn error_documents_of_backends_are_read_tolerantly_and_nothing_else_is() {
    let read = |text: &str| parse_error_document(text.as_bytes()).map(|error| (error.code, error.message));
    let pair = |code: &str, message: &str| Some((code.to_owned(), message.to_owned()));
    assert_eq!(read("  \n<?xml version=\"1.0\"?><Error><Code> A </Code></Error>"), pair("A", ""));
    assert_eq!(read("<s:Error xmlns:s=\"x\"><s:Code>A</s:Code><s:Message>m</s:Message></s:Error>"), pair("A", "m"));
    assert_eq!(read("<Error><Nested><Code>B</Code></Nested><Empty/><Code>A</Code></Error>junk"), pair("A", ""));
    assert_eq!(read("<Error><Code>A</Code><Message><![CDATA[<m>]]></Message></Error>"), pair("A", "<m>"));
    for text in ["", "x", "{}", "<Error/>", "<Error></Error>", "<Error><Code/></Error>", "<Html><Code>A</Code></Html>"]
    {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(read("<!DOCTYPE Error><Error><Code>A</Code></Error>"), None);
    assert_eq!(read("<Error><Code>A</Code>"), None);
    let long = format!("<Error><Code>A</Code><Message>{}</Message></Error>", "m".repeat(64 * 1024));
    assert_eq!(read(&long), None);
    let many = format!("<Error><Code>A</Code>{}</Error>", "<E>e</E>".repeat(1000));
    assert!(parse_error_document(many.as_bytes()).expect("readable").elements.len() < 64);
}

#[test]
fn a_body_that_turns_out_to_be_an_error_is_recognised_at_its_root() {
    let cases = [
        ("<Error><Code>A</Code>", RootElement::Error),
        ("\n \n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n<Error>", RootElement::Error),
        ("\u{FEFF}<Error xmlns=\"x\">", RootElement::Error),
        ("<!-- c --><s:Error/>", RootElement::Error),
        ("<?xml version=\"1.0\"?><!-- c --><?p i?><Error>", RootElement::Error),
        ("<CopyObjectResult><Error>", RootElement::Other),
        ("<Errors>", RootElement::Other),
        ("<error>", RootElement::Other),
        ("{}", RootElement::Other),
        ("<!DOCTYPE Error>", RootElement::Other),
        ("", RootElement::Unknown),
        (" \r\n", RootElement::Unknown),
        ("<?xml version", RootElement::Unknown),
        ("<", RootElement::Unknown),
        ("<Err", RootElement::Unknown),
        ("<Error", RootElement::Unknown),
        ("<!-", RootElement::Unknown),
    ];
    for (text, expected) in cases {
        assert_eq!(root_element(text.as_bytes()), expected, "{text:?}");
    }
    assert_eq!(root_element(&[b"<", &[b'a'; 100][..]].concat()), RootElement::Other);
}

#[test]
fn what_a_root_is_does_not_change_with_more_bytes() {
    let long = format!("<{}:Error/>", "a".repeat(70));
    for text in ["<!-a:Error/>", "<!x:Error>", &long, "<Error>", "<!-- x --><s:Error >"] {
        let all = root_element(text.as_bytes());
        for end in 0..text.len() {
            let then = root_element(&text.as_bytes()[..end]);
            assert!(then == RootElement::Unknown || then == all, "{then:?}, then {all:?}: {text}");
        }
    }
}

#[test]
fn a_byte_order_mark_that_comes_in_two_pieces_is_one() {
    let document = "\u{FEFF} <Error/>".as_bytes();
    for (length, expected) in [(1, RootElement::Unknown), (2, RootElement::Unknown), (3, RootElement::Unknown)] {
        assert_eq!(root_element(&document[..length]), expected, "{length}");
    }
    assert_eq!(root_element(document), RootElement::Error);
    assert_eq!(root_element(" \u{FEFF}<Error/>".as_bytes()), RootElement::Error);
    assert_eq!(root_element(b"\xEFx"), RootElement::Other);
}

#[test]
fn an_element_is_rewritten_and_every_other_byte_stays() {
    let path = ["CompleteMultipartUploadResult", "Location"];
    let rewritten = |text: &str| {
        rewrite_text(text.as_bytes(), &path, "https://us/b/k?a&b").map(|bytes| String::from_utf8(bytes).expect("text"))
    };
    let around = |location: &str| {
        format!(
            "  \n<?xml version=\"1.0\"?>\n<CompleteMultipartUploadResult xmlns=\"x\"> {location} <Key>Location</Key>\
             <ETag>&quot;1&quot;</ETag></CompleteMultipartUploadResult>\n"
        )
    };
    let expected = around("<Location>https://us/b/k?a&amp;b</Location>");
    for location in ["http://backend:8333/b/k", "", "<![CDATA[x]]>", "a&amp;b"] {
        assert_eq!(
            rewritten(&around(&format!("<Location>{location}</Location>"))),
            Some(expected.clone()),
            "{location}"
        );
    }
    assert_eq!(rewritten(&around("<Location/>")), Some(expected));
    assert_eq!(rewritten(&around("")), None);
    assert_eq!(rewritten(&around("<Location / />")), None);
    for broken in ["", "x", "<CompleteMultipartUploadResult><Location>x", "<Error><Location>x</Location></Error>"] {
        assert_eq!(rewritten(broken), None, "{broken}");
    }
    let region =
        rewrite_text(b"<LocationConstraint xmlns=\"x\" />", &["LocationConstraint"], "eu-1").expect("rewritten");
    assert_eq!(String::from_utf8(region).expect("text"), "<LocationConstraint xmlns=\"x\">eu-1</LocationConstraint>");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), text in "[<>/?&;! ErorCde\\[\\]-]{0,60}") {
        for document in [bytes, text.into_bytes()] {
            let _ = parse_error_document(&document);
            let _ = root_element(&document);
            let _ = rewrite_text(&document, &["Error", "Code"], "x");
        }
    }

    #[test]
    fn whatever_an_error_says_its_document_is_read_back(message in "\\PC{0,40}", resource in ".{0,40}") {
        let document = error_document(&S3Error::new(ErrorCode::InvalidURI, message.clone()), &resource, "id");
        let read = parse_error_document(document.as_bytes()).expect("readable");
        prop_assert_eq!(read.message, message.trim_ascii());
    }
}
