//! `--context key=value`: what a request has for condition keys, as written on the command line.

/// One value for one key. A key may be given several times.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) key: String,
    pub(super) value: String,
}

/// Splits at the first `=`: keys have none.
pub(super) fn parse(text: &str) -> Result<Given, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok(Given { key: key.to_owned(), value: value.to_owned() }),
        _ => Err("expected KEY=VALUE, such as s3:prefix=home/; see portcullis operations --conditions".to_owned()),
    }
}
