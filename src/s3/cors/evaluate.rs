//! Which rule answers a request. The first that fits decides, as in S3.

use http::HeaderName;

use super::{CorsMethod, CorsRule, CorsRules, Grant};
use crate::s3::{ErrorCode, S3Error};

/// What a browser asks before it sends a request for a page of another origin.
///
/// <https://fetch.spec.whatwg.org/#cors-preflight-fetch>
#[derive(Clone, Debug)]
pub struct Preflight {
    origin: String,
    method: CorsMethod,
    headers: Vec<HeaderName>,
}

impl Preflight {
    /// Reads the three headers of a preflight, the last of which may be missing.
    ///
    /// # Errors
    /// 400 `BadRequest`.
    pub fn parse(origin: Option<&str>, method: Option<&str>, headers: Option<&str>) -> Result<Self, S3Error> {
        let bad = |message: &'static str| S3Error::new(ErrorCode::BadRequest, message);
        let origin = origin.ok_or_else(|| bad("Insufficient information. Origin request header needed."))?;
        let origin = Some(origin).filter(|origin| is_origin(origin)).ok_or_else(|| bad("Invalid Origin."))?;
        let method = method.and_then(|method| CorsMethod::parse(method).ok());
        let method = method.ok_or_else(|| {
            bad("Invalid Access-Control-Request-Method: it has to be DELETE, GET, HEAD, POST or PUT.")
        })?;
        let names = headers.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
        let names: Result<Vec<_>, _> = names.take(MOST_HEADERS + 1).map(HeaderName::try_from).collect();
        let headers = names.ok().filter(|names| names.len() <= MOST_HEADERS);
        let headers = headers.ok_or_else(|| {
            bad("Invalid Access-Control-Request-Headers: it has to list at most 100 names of headers.")
        })?;
        Ok(Self { origin: origin.to_owned(), method, headers })
    }
}

impl CorsRules {
    /// What a page may do that asks with `preflight`; `None` if no rule fits.
    #[must_use]
    pub fn preflight(&self, preflight: &Preflight) -> Option<Grant> {
        let Preflight { origin, method, headers } = preflight;
        let rule = self.0.iter().find(|rule| rule.fits(origin, *method) && rule.lets(headers))?;
        Some(Grant::new(rule, origin, headers))
    }

    /// What a page of `origin` may know of the answer to a request with `method`; `None` if no rule fits.
    #[must_use]
    pub fn actual(&self, origin: &str, method: CorsMethod) -> Option<Grant> {
        let rule = self.0.iter().find(|rule| rule.fits(origin, method))?;
        Some(Grant::new(rule, origin, &[]))
    }
}

impl CorsRule {
    fn fits(&self, origin: &str, method: CorsMethod) -> bool {
        let off = crate::fault::check_is_off("cors_rule_needed");
        let origin = is_origin(origin) && self.origins.iter().any(|pattern| pattern.matches(origin));
        off || origin && self.methods.contains(&method)
    }

    fn lets(&self, headers: &[HeaderName]) -> bool {
        let allowed = |name: &HeaderName| self.allowed_headers.iter().any(|pattern| pattern.matches(name.as_str()));
        headers.iter().all(allowed) || crate::fault::check_is_off("cors_headers")
    }
}

/// Whether `text` can be said back as an origin: visible ASCII, and one value. `null` is one, too: of files and of
/// frames without an origin.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    let byte = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b',' | b';' | b'"' | b'<' | b'>' | b'*');
    (1..=1024).contains(&text.len()) && text.bytes().all(byte)
}

/// More than any page sends; each is compared with each pattern of each rule.
const MOST_HEADERS: usize = 100;
