//! What a form wants to be answered with once its file is stored.

use http::StatusCode;

use super::Fields;
use crate::s3::percent::{self, Slash};
use crate::s3::xml::{escape, escape_key, push_element};

/// The answer that a form asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PostAnswer {
    /// 204, or 200: nothing but headers.
    Empty(StatusCode),
    /// 201: a document about the object.
    Document,
    /// 303 to this address, with bucket, key and entity tag added to its query.
    Redirect(String),
}

impl PostAnswer {
    /// Reads the fields that ask for it. A redirect goes before a status; one that is no address of a page
    /// counts for nothing, as does a status other than 200 and 201.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html#RESTObjectPOST-requests-form-fields>
    #[must_use]
    pub fn wanted_by(fields: &Fields) -> Self {
        let redirect = fields.get("success_action_redirect").or_else(|| fields.get("redirect"));
        if let Some(address) = redirect.filter(|address| is_page(address)) {
            return Self::Redirect(address.to_owned());
        }
        match fields.get("success_action_status") {
            Some("200") => Self::Empty(StatusCode::OK),
            Some("201") => Self::Document,
            _ => Self::Empty(StatusCode::NO_CONTENT),
        }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Empty(status) => *status,
            Self::Document => StatusCode::CREATED,
            Self::Redirect(_) => StatusCode::SEE_OTHER,
        }
    }

    /// Where the answer points to: the page that was asked for, or the object, which is at `object`.
    #[must_use]
    pub fn location(&self, object: &str, bucket: &str, key: &str, etag: &str) -> String {
        let Self::Redirect(page) = self else { return object.to_owned() };
        let encode = |text: &str| percent::encode(text, Slash::Encode);
        let query = format!("bucket={}&key={}&etag={}", encode(bucket), encode(key), encode(etag));
        let (page, fragment) = page.find('#').map_or((page.as_str(), ""), |at| page.split_at(at));
        let mark = if page.contains('?') { '&' } else { '?' };
        format!("{page}{mark}{query}{fragment}")
    }

    /// The document about the object, if one was asked for.
    #[must_use]
    pub fn document(&self, object: &str, bucket: &str, key: &str, etag: &str) -> Option<String> {
        let Self::Document = self else { return None };
        let mut document = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse>");
        push_element(&mut document, "Location", &escape(object));
        push_element(&mut document, "Bucket", &escape(bucket));
        push_element(&mut document, "Key", &escape_key(key));
        push_element(&mut document, "ETag", &escape(etag));
        document.push_str("</PostResponse>");
        Some(document)
    }
}

/// An absolute address of a page: visible ASCII, with a host.
fn is_page(address: &str) -> bool {
    let uri = address.bytes().all(|byte| byte.is_ascii_graphic()).then(|| address.split('#').next()?.parse().ok());
    let uri: Option<http::Uri> = uri.flatten();
    uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(fields: &[(&str, &str)]) -> PostAnswer {
        let mut all = Fields::default();
        for (name, value) in fields {
            all.add((*name).to_owned(), value.as_bytes().to_vec()).unwrap();
        }
        PostAnswer::wanted_by(&all)
    }

    #[test]
    fn the_status_is_200_or_201_or_204() {
        for (value, status) in [("200", 200), ("201", 201), ("204", 204), ("302", 204), ("", 204), ("200 ", 204)] {
            assert_eq!(wanted(&[("success_action_status", value)]).status(), status, "{value:?}");
        }
        assert_eq!(wanted(&[]).status(), 204);
    }

    #[test]
    fn a_redirect_is_an_absolute_address_and_goes_before_a_status() {
        let of = |address: &str| wanted(&[("success_action_status", "201"), ("success_action_redirect", address)]);
        for (address, location) in [
            ("http://a.example/ok", "http://a.example/ok?bucket=b&key=k%2F%26&etag=%22e%22"),
            ("https://a.example/ok?x=1#top", "https://a.example/ok?x=1&bucket=b&key=k%2F%26&etag=%22e%22#top"),
        ] {
            assert_eq!(of(address).status(), 303);
            assert_eq!(of(address).location("o", "b", "k/&", "\"e\""), location);
        }
        for ignored in [
            "",
            "/ok",
            "//a.example/",
            "javascript:alert(1)",
            "ftp://a.example/",
            "http:///ok",
            "http://a.example/\r\nSet-Cookie: a=b",
            "http://a.example/ä",
            "http://a example/",
        ] {
            assert_eq!(of(ignored), PostAnswer::Document, "{ignored:?}");
        }
        assert_eq!(wanted(&[("redirect", "http://a.example/")]).status(), 303);
    }

    #[test]
    fn the_document_is_escaped() {
        let document = PostAnswer::Document.document("http://h/b/%26", "b", "&<k>", "\"e\"").unwrap();
        assert!(document.contains("<Location>http://h/b/%26</Location><Bucket>b</Bucket>"), "{document}");
        assert!(document.contains("<Key>&amp;&lt;k&gt;</Key><ETag>&quot;e&quot;</ETag>"), "{document}");
        assert_eq!(PostAnswer::Empty(StatusCode::OK).document("", "", "", ""), None);
    }
}
