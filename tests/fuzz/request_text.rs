//! Requests as text: `METHOD target`, then a line for each header. So the kept inputs can be read.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use portcullis::s3::{Domains, RequestHead, S3Error};

/// A request as hyper would hand it over.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
}

/// `None` for what no HTTP library would let through.
pub(crate) fn parts(input: &[u8]) -> Option<Parts> {
    let mut lines = input.split(|&byte| byte == b'\n');
    let first = lines.next()?;
    let space = first.iter().position(|&byte| byte == b' ')?;
    let method = Method::from_bytes(&first[..space]).ok()?;
    let uri = Uri::try_from(&first[space + 1..]).ok()?;
    let mut headers = HeaderMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        headers.append(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii_start()).ok()?);
    }
    Some(Parts { method, uri, headers })
}

pub(crate) fn domains() -> Domains {
    Domains::new(vec!["s3.example.com".into(), "storage.example.org".into()])
}

impl Parts {
    pub(crate) fn head(&self) -> Result<RequestHead, S3Error> {
        RequestHead::parse(self.method.clone(), &self.uri, self.headers.clone(), &domains())
    }
}
