//! What little of XML the answers of S3 need.

/// What stands in every `<name>`, unescaped; elements within are left as they are.
pub(crate) fn texts(document: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let after = document.split(&open).skip(1);
    after.filter_map(|text| text.split_once(&close)).map(|(text, _)| unescape(text)).collect()
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn unescape(text: &str) -> String {
    let quotes = text.replace("&#34;", "\"").replace("&quot;", "\"").replace("&#39;", "'").replace("&#43;", "+");
    quotes.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
