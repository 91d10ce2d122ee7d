//! The addresses of identity providers, as text that was checked.

use http::Uri;
use http::uri::{Authority, Scheme};

/// Where a document of an identity provider is: https, or http on this machine. No user, no fragment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::federation) struct ProviderUrl {
    scheme: Scheme,
    authority: Authority,
    path_and_query: String,
}

/// Why a text is no address of an identity provider.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(in crate::federation) enum ProviderUrlError {
    /// No URL, or one with user information or a fragment.
    #[error("it has to be a URL of visible ASCII characters, with a host, without user information and fragment")]
    Form,
    /// A scheme that nothing is fetched by.
    #[error("it has to be https; http is for localhost, 127.0.0.1 and [::1] only")]
    Scheme,
}

impl ProviderUrl {
    /// Reads `text`; http only if the host is this machine's own.
    pub(in crate::federation) fn parse(text: &str) -> Result<Self, ProviderUrlError> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains(['#', '\\']) {
            return Err(ProviderUrlError::Form);
        }
        let uri: Uri = text.parse().map_err(|_| ProviderUrlError::Form)?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(ProviderUrlError::Form);
        };
        let named = !authority.host().is_empty() && !authority.as_str().contains('@');
        let right_port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => true,
            Some(rest) => rest.strip_prefix(':').and_then(|port| port.parse::<u16>().ok()).is_some_and(|port| port > 0),
            None => false,
        };
        if !named || !right_port {
            return Err(ProviderUrlError::Form);
        }
        let path_and_query = parts.path_and_query.map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned());
        let url = Self { scheme, authority, path_and_query };
        let right = url.is_https() || (url.scheme == Scheme::HTTP && url.is_loopback());
        if right { Ok(url) } else { Err(ProviderUrlError::Scheme) }
    }

    /// Whether TLS is spoken there.
    pub(in crate::federation) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Whether its host says that it is on this machine.
    pub(in crate::federation) fn is_loopback(&self) -> bool {
        matches!(self.authority.host(), "localhost" | "127.0.0.1" | "[::1]")
    }

    /// The host, an IPv6 address without its brackets.
    pub(in crate::federation) fn host(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }

    /// The port, or the scheme's.
    pub(in crate::federation) fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.is_https() { 443 } else { 80 })
    }

    /// Host and port as they were written: for the `Host` header.
    pub(in crate::federation) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// What to ask for.
    pub(in crate::federation) fn path_and_query(&self) -> &str {
        &self.path_and_query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_http_on_this_machine_are_addresses() {
        let texts = [
            ("https://idp.example.com", "idp.example.com", 443, "/"),
            ("https://idp.example.com:8443/realms/a?b=c", "idp.example.com", 8443, "/realms/a?b=c"),
            ("http://127.0.0.1:8080/", "127.0.0.1", 8080, "/"),
            ("http://localhost", "localhost", 80, "/"),
            ("http://[::1]:1/x", "::1", 1, "/x"),
            ("https://10.0.0.1/", "10.0.0.1", 443, "/"),
        ];
        for (text, host, port, path) in texts {
            let url = ProviderUrl::parse(text).unwrap();
            assert_eq!((url.host(), url.port(), url.path_and_query()), (host, port, path), "{text}");
        }
    }

    #[test]
    fn h15_other_schemes_and_hidden_hosts_are_none() {
        let schemes = ["http://idp.example.com/", "http://127.0.0.2/", "http://localhost.example.com/", "ftp://a/"];
        for text in schemes.iter().chain(&["http://0.0.0.0/", "http://[::ffff:127.0.0.1]/", "HTTP://example.com/"]) {
            assert_eq!(ProviderUrl::parse(text), Err(ProviderUrlError::Scheme), "{text}");
        }
        let forms = [
            "file:///etc/passwd",
            "idp.example.com",
            "/path",
            "",
            "https://",
            "https://user@a/",
            "https://a:b@c/",
            "https://a/#b",
            "https://a /",
            "https://a\\@b/",
            "https://a:99999/",
            "https://a:/",
            "https://ä/",
            "https://a\n/",
            "data:text/plain,a",
        ];
        for text in forms {
            assert_eq!(ProviderUrl::parse(text), Err(ProviderUrlError::Form), "{text}");
        }
    }
}
