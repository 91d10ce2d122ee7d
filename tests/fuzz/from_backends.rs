//! What backends answer. They are trusted with the data; what they write still must not confuse us.

use portcullis::s3::list_buckets::{BucketEntry, BucketPage, list_buckets_answer};
use portcullis::s3::xml::{RootElement, parse_error_document, rewrite_text, root_element};

#[test]
fn error_document() {
    crate::engine::run("error_document", |input| {
        let Some(error) = parse_error_document(input) else { return };
        assert!(!error.code.is_empty() && error.elements.len() <= 64);
        assert!(error.message.len() <= 8 * input.len());
        let relayed = error.relayed(&["Condition", "BucketName"], "/bucket/key", "1234");
        assert_eq!(root_element(relayed.as_bytes()), RootElement::Error);
        let again = parse_error_document(relayed.as_bytes()).unwrap();
        assert_eq!(readable(&error.code), again.code);
        assert_eq!(readable(&error.message), again.message);
        // Nothing of the backend's own request goes on but what was named.
        let own = |name: &str| matches!(name, "Condition" | "BucketName" | "Resource" | "RequestId");
        assert!(again.elements.iter().all(|(name, _)| own(name)), "{:?}", again.elements);
        assert_eq!(again.relayed(&["Condition", "BucketName"], "/bucket/key", "1234"), relayed);
    });
}

/// What XML cannot carry stands for itself no longer.
fn readable(text: &str) -> String {
    let carried = |character| matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..);
    let text: String = text.chars().map(|it| if carried(it) { it } else { char::REPLACEMENT_CHARACTER }).collect();
    text.trim_ascii().to_owned()
}

#[test]
fn root_of_an_answer() {
    crate::engine::run("root_of_an_answer", |input| {
        // Once it is known what an answer is, no further byte makes it another one.
        let mut known = RootElement::Unknown;
        for end in 0..=input.len().min(300) {
            let now = root_element(&input[..end]);
            assert!(known == RootElement::Unknown || now == known, "{known:?}, then {now:?} after {end} bytes");
            known = now;
        }
        // An error that could be read as one is never taken for a success, where nothing stands before it.
        if input.trim_ascii_start().starts_with(b"<") && parse_error_document(input).is_some() {
            let start = input.trim_ascii_start();
            let markup = start.starts_with(b"<?") || start.starts_with(b"<!");
            assert!(markup || root_element(input) == RootElement::Error);
        }
    });
}

#[test]
fn rewritten_answer() {
    const PATH: [&str; 2] = ["CompleteMultipartUploadResult", "Location"];
    crate::engine::run("rewritten_answer", |input| {
        let text = "https://s3.example.com/a<b&c";
        let Some(rewritten) = rewrite_text(input, &PATH, text) else { return };
        assert!(rewritten.len() <= input.len() + 200);
        assert!(std::str::from_utf8(&rewritten).unwrap().contains("https://s3.example.com/a&lt;b&amp;c"));
        // Every other byte is as it was: written again, nothing changes.
        assert_eq!(rewrite_text(&rewritten, &PATH, text).unwrap(), rewritten);
    });
}

#[test]
fn bucket_page() {
    crate::engine::run("bucket_page", |input| {
        let Ok(page) = BucketPage::parse(input) else { return };
        assert!(page.buckets.len() <= input.len() / 10);
        assert!(page.next.as_ref().is_none_or(|token| !token.is_empty()));
        let buckets: Vec<_> =
            page.buckets.iter().map(|(name, _)| BucketEntry { name: name.clone(), created_at: None }).collect();
        let answer = list_buckets_answer("ab1cd2", "us-east-1", None, &buckets, false);
        let names = |page: &BucketPage| page.buckets.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&BucketPage::parse(answer.as_bytes()).unwrap()), names(&page));
    });
}
