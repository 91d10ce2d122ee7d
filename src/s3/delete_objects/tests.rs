//! Batches: what is read, what is written, and each way to be refused.

use proptest::prelude::*;

use super::*;
use crate::s3::ErrorCode;

fn delete(inner: &str) -> String {
    format!("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inner}</Delete>")
}

fn one(key: &str) -> String {
    delete(&format!("<Object><Key>{key}</Key></Object>"))
}

fn keys(document: &str) -> Vec<String> {
    let batch = DeleteObjects::parse(document.as_bytes()).expect(document);
    batch.objects.into_iter().map(|object| object.key.as_str().to_owned()).collect()
}

fn refusal(document: &[u8]) -> ErrorCode {
    let shown = String::from_utf8_lossy(&document[..document.len().min(200)]).into_owned();
    DeleteObjects::parse(document).expect_err(&shown).code
}

fn batch(count: usize) -> String {
    delete(&"<Object><Key>k</Key></Object>".repeat(count))
}

#[test]
fn e8_keys_are_read_to_the_byte() {
    let cases = [
        ("k", "k"),
        ("  leading and trailing ", "  leading and trailing "),
        ("a&amp;b&lt;c&gt;d&quot;e&apos;f", "a&b<c>d\"e'f"),
        ("&#x41;&#66;&#x1F6AA;", "AB🚪"),
        ("<![CDATA[<Key>&amp;]]>", "<Key>&amp;"),
        ("a<![CDATA[b]]>c", "abc"),
        ("a<!-- b -->c", "ac"),
        ("&#x1;", "\u{1}"),
        ("a&#x9;b", "a\tb"),
        ("ä/a\u{308}", "ä/a\u{308}"),
    ];
    for (written, key) in cases {
        assert_eq!(keys(&one(written)), [key], "{written}");
    }
    assert_eq!(keys(&batch(2)), ["k", "k"], "duplicates stay");
}

#[test]
fn e8_versions_and_conditions_are_read_and_versions_change_the_action() {
    let document = delete(
        "\n  <Quiet>true</Quiet>\n  <Object><Key>a</Key><VersionId>null</VersionId><ETag>\"x\"</ETag>\
         <LastModifiedTime>t</LastModifiedTime><Size>1</Size></Object>\n <Object><VersionId/><Key>b</Key></Object>\n",
    );
    let batch = DeleteObjects::parse(document.as_bytes()).expect("readable");
    assert!(batch.quiet);
    let [first, second] = batch.objects.as_slice() else { panic!("two objects") };
    let first_optional = [&first.version_id, &first.etag, &first.last_modified_time, &first.size];
    assert_eq!(first_optional.map(Option::as_deref), [Some("null"), Some("\"x\""), Some("t"), Some("1")]);
    assert_eq!((first.action(), second.action()), (Action::DeleteObjectVersion, Action::DeleteObject));
    assert_eq!(DeleteObjects::parse(batch.to_xml().as_bytes()).expect("readable"), batch);
}

#[test]
fn e9_documents_that_are_no_batch_are_malformed() {
    let good = one("k");
    assert!(DeleteObjects::parse(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{good}\n").as_bytes()).is_ok());
    let documents = [
        String::new(),
        "k".into(),
        "{}".into(),
        delete(""),
        delete("<Quiet>true</Quiet>"),
        "<Remove><Object><Key>k</Key></Object></Remove>".into(),
        "<s3:Delete xmlns:s3=\"x\"><Object><Key>k</Key></Object></s3:Delete>".into(),
        format!("<!DOCTYPE Delete>{good}"),
        format!("<!DOCTYPE Delete [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{}", one("&e;")),
        one("&e;"),
        one("&nbsp;"),
        one("&"),
        one("&#0;"),
        one("&#x110000;"),
        one("&#xD800;"),
        one("a\u{0}"),
        one("a\u{1}"),
        one(""),
        one("<b>k</b>"),
        format!("{good}{good}"),
        format!("{good}text"),
        format!("text{good}"),
        format!("{good}&#65;"),
        format!("{good}<![CDATA[x]]>"),
        format!("<?target instruction?>{good}"),
        format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>{good}"),
        good.replace("</Delete>", ""),
        good.replace("</Key>", "</Kez>"),
        delete("text<Object><Key>k</Key></Object>"),
        delete("<Object><Key>k</Key></Object>text"),
        delete("<Object>text<Key>k</Key></Object>"),
        delete("<Object><Key>k</Key><Key>l</Key></Object>"),
        delete("<Object><Key>k</Key><Owner>o</Owner></Object>"),
        delete("<Object><VersionId>v</VersionId></Object>"),
        delete("<Object><key>k</key></Object>"),
        delete("<Object><Key>k</Key></Object><Extra/>"),
        delete("<Quiet>yes</Quiet><Object><Key>k</Key></Object>"),
        delete("<Quiet>true</Quiet><Quiet>false</Quiet><Object><Key>k</Key></Object>"),
        delete("<Object a=\"1\" a=\"2\"><Key>k</Key></Object>"),
    ];
    for document in documents {
        assert_eq!(refusal(document.as_bytes()), ErrorCode::MalformedXML, "{document}");
    }
    assert_eq!(refusal(b"<Delete><Object><Key>\xff</Key></Object></Delete>"), ErrorCode::MalformedXML);
}

#[test]
fn e9_a_batch_is_bounded() {
    assert_eq!(keys(&batch(1000)).len(), 1000);
    assert_eq!(refusal(batch(1001).as_bytes()), ErrorCode::MalformedXML);
    assert_eq!(refusal(batch(100_000).as_bytes()), ErrorCode::MalformedXML);
    assert_eq!(refusal("<Delete>".repeat(100_000).as_bytes()), ErrorCode::MalformedXML);
    let padding = " ".repeat(DeleteObjects::MAX_BYTES);
    assert_eq!(refusal(delete(&padding).as_bytes()), ErrorCode::MalformedXML);
    assert_eq!(keys(&one(&"k".repeat(1024))).len(), 1);
    assert_eq!(refusal(one(&"k".repeat(1025)).as_bytes()), ErrorCode::KeyTooLongError);
}

#[test]
fn keys_that_no_path_may_hold_are_refused_in_a_batch_too() {
    for key in ["a&#13;b", "a&#10;b", "a\nb", "a\rb"] {
        assert_eq!(refusal(one(key).as_bytes()), ErrorCode::InvalidURI, "{key:?}");
    }
}

#[test]
fn what_xml_cannot_carry_is_written_as_references() {
    let batch = DeleteObjects::parse(one("&#x1;&lt;&amp;\u{85}").as_bytes()).expect("readable");
    assert!(batch.to_xml().contains("<Key>&#x1;&lt;&amp;\u{85}</Key>"), "{}", batch.to_xml());
}

proptest! {
    #[test]
    fn what_is_sent_on_reads_as_what_was_judged(keys in proptest::collection::vec("[^\0\r\n\u{FFFE}\u{FFFF}]{1,20}", 1..5), quiet: bool) {
        let object = |key: &String| ObjectToDelete {
            key: ObjectKey::parse(key).expect("a key"),
            version_id: None, etag: None, last_modified_time: None, size: None,
        };
        let batch = DeleteObjects { quiet, objects: keys.iter().map(object).collect() };
        prop_assert_eq!(DeleteObjects::parse(batch.to_xml().as_bytes()).expect("readable"), batch);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[<>/&;#x0-9 DeleteObjctKy!\\[\\]-]{0,80}") {
        let _ = DeleteObjects::parse(&bytes);
        let _ = DeleteObjects::parse(delete(&text).as_bytes());
    }
}
