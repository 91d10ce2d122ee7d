//! What a rule grants, as the headers of an answer. Every value is a list of names, a number, or an origin of
//! visible ASCII: there is nothing in it that could end a header.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{CorsMethod, CorsRule, Pattern};

/// The headers that tell a browser what a page of another origin may do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant(Vec<(HeaderName, HeaderValue)>);

impl Grant {
    /// What `rule` grants to `origin`, which it fits, and which wants to send `asked`.
    pub(super) fn new(rule: &CorsRule, origin: &str, asked: &[HeaderName]) -> Self {
        let any = rule.origins.iter().any(Pattern::is_any);
        let list = |names: &[HeaderName]| names.iter().map(HeaderName::as_str).collect::<Vec<_>>().join(", ");
        let methods: Vec<_> = rule.methods.iter().copied().map(CorsMethod::as_str).collect();
        let texts = [
            (ACCESS_CONTROL_ALLOW_ORIGIN, if any { "*".to_owned() } else { origin.to_owned() }),
            (ACCESS_CONTROL_ALLOW_METHODS, methods.join(", ")),
            (ACCESS_CONTROL_ALLOW_HEADERS, list(asked)),
            (ACCESS_CONTROL_EXPOSE_HEADERS, list(&rule.exposed_headers)),
            (ACCESS_CONTROL_MAX_AGE, rule.max_age.map(|seconds| seconds.to_string()).unwrap_or_default()),
            // Whoever has no origin of its own may be anybody.
            (ACCESS_CONTROL_ALLOW_CREDENTIALS, if any || origin == "null" { "" } else { "true" }.to_owned()),
        ];
        let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
        Self(texts.filter_map(|(name, text)| HeaderValue::try_from(text).ok().map(|value| (name, value))).collect())
    }

    /// Sets the headers in `headers`.
    pub fn write(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            headers.insert(name.clone(), value.clone());
        }
    }
}
