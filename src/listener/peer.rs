//! Who is at the other end of a connection, as far as the connection itself can say.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use rustls::{ProtocolVersion, ServerConnection};

/// The other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The address that the connection came from. A proxy's, if one stands in between.
    pub address: SocketAddr,
    /// What TLS agreed on; none on a plain listener.
    pub tls: Option<TlsInfo>,
}

/// What a TLS handshake agreed on.
#[derive(Clone, Debug)]
pub struct TlsInfo {
    /// The protocol version.
    pub version: ProtocolVersion,
    /// The application protocol: `h2`, `http/1.1`, or none if the client named none.
    pub alpn: Option<String>,
    /// The host name that the client asked for. Unverified, as everything that a client says.
    pub sni: Option<String>,
}

impl Peer {
    /// What counts as one customer: an IPv4 address, or an IPv6 /64.
    #[must_use]
    pub fn network(&self) -> IpAddr {
        network_of(self.address.ip())
    }
}

/// One customer is one IPv4 address or one IPv6 /64: whoever has a /64 has 2^64 addresses to try.
pub(super) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address @ IpAddr::V4(_) => address,
    }
}

impl TlsInfo {
    pub(super) fn of(connection: &ServerConnection) -> Self {
        Self {
            // Known after every finished handshake.
            version: connection.protocol_version().unwrap_or(ProtocolVersion::TLSv1_2),
            alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            sni: connection.server_name().map(ToOwned::to_owned),
        }
    }

    /// The protocol version as a number: 1.2 or 1.3.
    #[must_use]
    pub fn version_number(&self) -> f64 {
        if self.version == ProtocolVersion::TLSv1_3 { 1.3 } else { 1.2 }
    }

    pub(super) fn is_http2(&self) -> bool {
        self.alpn.as_deref() == Some("h2")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_64_and_a_mapped_address_count_as_one_peer() {
        let parse = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(parse("2001:db8:0:1::1"), parse("2001:db8:0:1:ffff::9"));
        assert_ne!(parse("2001:db8:0:1::1"), parse("2001:db8:0:2::1"));
        assert_eq!(parse("::ffff:192.0.2.1"), parse("192.0.2.1"));
        assert_ne!(parse("192.0.2.2"), parse("192.0.2.1"));
    }
}
