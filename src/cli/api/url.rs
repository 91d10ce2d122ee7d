//! Where an API is: `https://host:port`, or `http://` on this machine.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use http::Uri;
use http::uri::{Authority, Scheme};

/// Scheme, host and port of an API. A value that exists keeps tokens off the network unless TLS protects them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ApiUrl {
    authority: Authority,
    tls: bool,
}

impl ApiUrl {
    /// Host and port as written, for the `Host` header.
    pub(super) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The host without brackets.
    pub(super) fn host(&self) -> &str {
        bare(&self.authority)
    }

    /// Whether TLS is spoken there.
    pub(super) fn is_tls(&self) -> bool {
        self.tls
    }

    /// The addresses to try, in this order.
    pub(super) async fn addresses(&self) -> std::io::Result<Vec<SocketAddr>> {
        let port = self.authority.port_u16().unwrap_or(if self.tls { 443 } else { 80 });
        addresses(self.host(), port).await
    }
}

/// The addresses of a host, which has no brackets.
pub(crate) async fn addresses(host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    // RFC 6761, section 6.3: these names mean this machine, whatever a resolver says.
    if is_localhost(host) {
        return Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
    }
    tokio::net::lookup_host((host, port)).await.map(Iterator::collect)
}

impl FromStr for ApiUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected https://host:port and nothing behind it";
        let uri: Uri = text.parse().map_err(|_| expected.to_owned())?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(expected.to_owned());
        };
        let tls = scheme == Scheme::HTTPS;
        let nothing_behind = parts.path_and_query.is_none_or(|path| path == "/");
        let is_web = tls || scheme == Scheme::HTTP;
        if !is_web || !nothing_behind || authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(expected.to_owned());
        }
        // One that is no port would become the scheme's: the token would go to another service.
        let port = authority.as_str().strip_prefix(authority.host());
        let right_port = port.is_some_and(|port| port.is_empty() || authority.port_u16().is_some_and(|port| port > 0));
        if !right_port {
            return Err("expected a port from 1 to 65535".to_owned());
        }
        let host = bare(&authority);
        let on_loopback = is_localhost(host) || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !tls && !on_loopback {
            return Err(
                "plain http is for this machine only, as everybody on the way would see the token: use https".into()
            );
        }
        Ok(Self { authority, tls })
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", if self.tls { "https" } else { "http" }, self.authority)
    }
}

fn bare(authority: &Authority) -> &str {
    authority.host().trim_start_matches('[').trim_end_matches(']')
}

fn is_localhost(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_travel_in_the_clear_on_this_machine_only() {
        for good in ["https://api.example.com", "https://10.0.0.1:9443/", "http://127.0.0.1:1", "http://[::1]:1/"] {
            assert!(good.parse::<ApiUrl>().is_ok(), "{good}");
        }
        assert!("http://localhost:9080".parse::<ApiUrl>().is_ok());
        for bad in [
            "http://api.example.com",
            "http://10.0.0.1:9443",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://0.0.0.0",
            "https://user:password@api.example.com",
            "https://api.example.com/v1",
            "https://api.example.com?x=y",
            "ftp://127.0.0.1",
            "127.0.0.1:9443",
            "http://127.0.0.1:99999",
            "http://127.0.0.1:0",
            "http://127.0.0.1:",
            "http://[::1]:65536",
            "https://api.example.com:443x",
            "http://[::ffff:127.0.0.1]",
            "http://localhost.",
            "http://2130706433",
            "api.example.com",
            "",
        ] {
            assert!(bad.parse::<ApiUrl>().is_err(), "{bad}");
        }
    }
}
