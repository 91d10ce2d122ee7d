//! Which addresses identity providers may have. A name that an administrator wrote, or that a provider's
//! own document names, may lead anywhere; into our own network it leads only if the operator says so.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The rule for outgoing connections.
#[derive(Clone, Debug)]
pub(super) struct Egress {
    private_networks: Vec<IpNet>,
}

impl Egress {
    /// Public addresses are permitted, and those in `private_networks`.
    pub(super) fn new(private_networks: &[IpNet]) -> Self {
        Self { private_networks: private_networks.to_vec() }
    }

    /// Whether to connect to `address`. `loopback` permits this machine: for issuers whose configured
    /// host says that they are here.
    pub(super) fn permits(&self, address: IpAddr, loopback: bool) -> bool {
        let embedded = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => embedded_v4(address),
        };
        let listed = |address: IpAddr| self.private_networks.iter().any(|network| network.contains(&address));
        is_public(address)
            || listed(address)
            || embedded.is_some_and(|v4| listed(v4.into()))
            || (loopback && address.is_loopback())
            || crate::fault::check_is_off("egress_address")
    }
}

/// Whether an address is for everybody: globally reachable by the registries of RFC 6890, and no
/// multicast.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !within(u128::from(u32::from(address)), 32, NOT_PUBLIC_V4),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(v4) => is_public(v4.into()),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = u128::from(address);
    // Only 2000::/3 was ever given out.
    bits >> 125 == 0b001 && !within(bits, 128, NOT_PUBLIC_V6)
}

/// The IPv4 address that packets to this one end up at: mapped, NAT64 (RFC 6052), 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = u128::from(address);
    let from = |shift: u32| Some(Ipv4Addr::from(((bits >> shift) & 0xffff_ffff) as u32));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => from(0),
        [0x2002, ..] => from(80),
        _ => None,
    }
}

fn within(bits: u128, width: u32, networks: &[(u128, u32)]) -> bool {
    networks.iter().any(|(network, prefix)| bits >> (width - prefix) == network >> (width - prefix))
}

const fn v4(a: u8, b: u8, c: u8, d: u8) -> u128 {
    u32::from_be_bytes([a, b, c, d]) as u128
}

const NOT_PUBLIC_V4: &[(u128, u32)] = &[
    (v4(0, 0, 0, 0), 8),       // this network
    (v4(10, 0, 0, 0), 8),      // RFC 1918
    (v4(100, 64, 0, 0), 10),   // shared between carriers and customers
    (v4(127, 0, 0, 0), 8),     // this machine
    (v4(169, 254, 0, 0), 16),  // link-local: the metadata of clouds
    (v4(172, 16, 0, 0), 12),   // RFC 1918
    (v4(192, 0, 0, 0), 24),    // protocol assignments
    (v4(192, 0, 2, 0), 24),    // documentation
    (v4(192, 88, 99, 0), 24),  // 6to4 relays
    (v4(192, 168, 0, 0), 16),  // RFC 1918
    (v4(198, 18, 0, 0), 15),   // benchmarks
    (v4(198, 51, 100, 0), 24), // documentation
    (v4(203, 0, 113, 0), 24),  // documentation
    (v4(224, 0, 0, 0), 3),     // multicast, reserved, broadcast
];

/// Within `2000::/3`.
const NOT_PUBLIC_V6: &[(u128, u32)] = &[
    (0x2001_0000 << 96, 23), // protocol assignments, Teredo among them
    (0x2001_0db8 << 96, 32), // documentation
    (0x3fff_0000 << 96, 20), // documentation
];

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(egress: &Egress, address: &str) -> bool {
        egress.permits(address.parse().unwrap(), false)
    }

    #[test]
    fn h15_only_public_addresses_are_connected_to() {
        let egress = Egress::new(&[]);
        let public = ["8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "198.20.0.1"];
        let public_v6 = ["2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"];
        for address in public.iter().chain(&public_v6) {
            assert!(permits(&egress, address), "{address}");
        }
        let not_public = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::8.8.8.8",
            "2002:a00:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
            "4000::1",
        ];
        for address in not_public {
            assert!(!permits(&egress, address), "{address}");
        }
    }

    #[test]
    fn h15_an_operator_may_permit_networks_and_nothing_beside_them() {
        let egress = Egress::new(&["10.1.0.0/16".parse().unwrap(), "fd00:1::/32".parse().unwrap()]);
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd00:1::5", "8.8.8.8"] {
            assert!(permits(&egress, address), "{address}");
        }
        for address in ["10.2.0.1", "::ffff:10.2.0.1", "fd00:2::5", "127.0.0.1", "169.254.169.254"] {
            assert!(!permits(&egress, address), "{address}");
        }
    }

    #[test]
    fn h15_a_loopback_issuer_may_be_here_and_nowhere_else_private() {
        let egress = Egress::new(&[]);
        let permits = |address: &str| egress.permits(address.parse().unwrap(), true);
        assert!(permits("127.0.0.1") && permits("127.8.8.8") && permits("::1"));
        for address in ["10.0.0.1", "169.254.169.254", "0.0.0.0", "::", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1"] {
            assert!(!permits(address), "{address}");
        }
    }
}
