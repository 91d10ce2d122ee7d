//! Where the requests go: an endpoint, a bucket there, and how it is addressed.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::{Authority, Scheme};

/// Scheme, host and port of an S3 endpoint. Plain HTTP is allowed anywhere: signatures give no secret away.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Endpoint {
    authority: Authority,
    tls: bool,
}

/// A bucket at an endpoint.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) endpoint: Endpoint,
    pub(super) bucket: String,
    is_virtual_hosted: bool,
    authority: Authority,
}

impl Endpoint {
    /// Whether TLS is spoken there.
    pub(super) fn is_tls(&self) -> bool {
        self.tls
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected https://host:port or http://host:port, and nothing behind it".to_owned();
        let parts = text.parse::<Uri>().map_err(|_| expected())?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else { return Err(expected()) };
        let tls = scheme == Scheme::HTTPS;
        let nothing_behind = parts.path_and_query.is_none_or(|path| path == "/");
        let host = authority.host();
        let port = authority.as_str().strip_prefix(host);
        let right_port = port.is_some_and(|port| port.is_empty() || authority.port_u16().is_some_and(|port| port > 0));
        if !(tls || scheme == Scheme::HTTP) || !nothing_behind || host.is_empty() || !right_port {
            return Err(expected());
        }
        // As SDKs do: the host is signed without the port that the scheme stands for.
        let is_usual_port = authority.port_u16() == Some(if tls { 443 } else { 80 });
        let authority = if is_usual_port { host.parse().map_err(|_| expected())? } else { authority };
        Ok(Self { authority, tls })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", if self.tls { "https" } else { "http" }, self.authority)
    }
}

impl Target {
    /// # Errors
    /// If the bucket's name cannot be part of a host name, where it has to be.
    pub(super) fn new(endpoint: Endpoint, bucket: String, is_virtual_hosted: bool) -> Result<Self, String> {
        let authority = if is_virtual_hosted {
            let host = format!("{bucket}.{}", endpoint.authority);
            host.parse().map_err(|_| format!("{host} is no host name: use --path-style"))?
        } else {
            endpoint.authority.clone()
        };
        Ok(Self { endpoint, bucket, is_virtual_hosted, authority })
    }

    /// Host and port as they are sent and signed.
    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The host without brackets.
    pub(super) fn host(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }

    /// The port to connect to.
    pub(super) fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.endpoint.tls { 443 } else { 80 })
    }

    /// The decoded path of the object `key`.
    pub(super) fn path(&self, key: &str) -> String {
        if self.is_virtual_hosted { format!("/{key}") } else { format!("/{}/{key}", self.bucket) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_scheme_a_host_and_a_port() {
        let shown = |text: &str| text.parse::<Endpoint>().map(|endpoint| endpoint.to_string());
        assert_eq!(shown("https://s3.example.com:443/"), Ok("https://s3.example.com".to_owned()));
        assert_eq!(shown("http://10.0.0.1:443"), Ok("http://10.0.0.1:443".to_owned()));
        assert_eq!(shown("http://[::1]:80"), Ok("http://[::1]".to_owned()));
        for bad in
            ["s3.example.com", "ftp://a", "https://", "https://a/b", "https://u:p@a", "https://a:0", "https://a:x"]
        {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_bucket_is_in_the_path_or_in_the_host() {
        let endpoint: Endpoint = "https://[::1]:8443".parse().expect("an endpoint");
        let target = Target::new(endpoint, "b".into(), false).expect("a target");
        assert_eq!((target.host(), target.port(), target.path("k/1").as_str()), ("::1", 8443, "/b/k/1"));
        let endpoint: Endpoint = "https://s3.example.com".parse().expect("an endpoint");
        let target = Target::new(endpoint, "b".into(), true).expect("a target");
        assert_eq!((target.host(), target.port(), target.path("k").as_str()), ("b.s3.example.com", 443, "/k"));
    }
}
