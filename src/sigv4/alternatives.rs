//! What proxies in front of a server change of a request after it was signed, and the few readings of the
//! request that are tried for it: another domain, another port, another Accept-Encoding. Never another
//! bucket, key or way to name them.
//!
//! | order | Host | Accept-Encoding, if it is signed |
//! | --- | --- | --- |
//! | 1 | the first external host | as received |
//! | 2 | the second external host | as received |
//! | 3 | as received without its port, or with the default one | as received |
//! | 4, 5 | the external hosts with the default port added, or taken away | as received |
//! | last | as received if it is one of ours, the first external host if not | `identity`, `gzip`, empty: those that were not received |
//!
//! Five at most, and each once. Those with another Accept-Encoding have their places first, so that of the others
//! the last fall away.

use crate::s3::{Address, Domains, RequestHead};

/// The most alternatives to a request: with the request as received that makes six signatures.
const MOST: usize = 5;

/// What of a request was other than it was signed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Forgiven {
    /// Accept-Encoding.
    AcceptEncoding,
    /// The name in Host; perhaps its port too.
    Host,
    /// Host and Accept-Encoding.
    HostAndAcceptEncoding,
    /// The port in Host.
    Port,
}

/// What is forgiven: the alternatives to any request, by the configuration.
#[derive(Debug)]
pub struct Forgiveness {
    /// As clients write them, with the port if they name one.
    external_hosts: Vec<String>,
    /// Under which names buckets are addressed here.
    domains: Domains,
    /// The same, and what clients call us besides.
    all_domains: Domains,
    names: Vec<String>,
    default_port: u16,
}

/// Another reading of a request. It has no part that could name another bucket, key or version.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Alternative {
    what: Forgiven,
    host: Option<String>,
    accept_encoding: Option<&'static str>,
}

/// At most five, in the order they are tried.
#[derive(Debug, Default)]
pub(super) struct Alternatives([Option<Alternative>; MOST]);

impl Forgiven {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::AcceptEncoding, Self::Host, Self::HostAndAcceptEncoding, Self::Port];

    /// Its name in the request log and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AcceptEncoding => "accept-encoding",
            Self::Host => "host",
            Self::HostAndAcceptEncoding => "host-and-accept-encoding",
            Self::Port => "port",
        }
    }
}

impl Alternative {
    pub(super) fn what(&self) -> Forgiven {
        self.what
    }

    /// What stands for the Host.
    pub(super) fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// What stands for the Accept-Encoding header, if that is signed.
    pub(super) fn accept_encoding(&self) -> Option<&str> {
        self.accept_encoding
    }
}

impl Alternatives {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Alternative> {
        self.0.iter().flatten()
    }

    fn push(&mut self, alternative: Alternative) {
        if let Some(place) = self.0.iter_mut().find(|place| place.is_none()) {
            *place = Some(alternative);
        }
    }

    fn has_host(&self, host: &str) -> bool {
        self.iter().any(|alternative| alternative.host() == Some(host))
    }
}

impl Forgiveness {
    /// `external_hosts` are `(name, port)` as clients write them, in lower case; `domains` those of the server;
    /// `default_port` is the one that clients leave out.
    #[must_use]
    pub fn new(external_hosts: &[(String, Option<u16>)], domains: &[String], default_port: u16) -> Self {
        let mut names: Vec<String> = domains.to_vec();
        names.extend(external_hosts.iter().map(|(name, _)| name.clone()).filter(|name| !domains.contains(name)));
        let written = |(name, port): &(String, Option<u16>)| match port {
            Some(port) => format!("{name}:{port}"),
            None => name.clone(),
        };
        Self {
            external_hosts: external_hosts.iter().map(written).collect(),
            domains: Domains::new(domains.to_vec()),
            all_domains: Domains::new(names.clone()),
            names,
            default_port,
        }
    }

    /// The alternatives to `head`. They depend on nothing but the request and the configuration: not on the key,
    /// not on the signature.
    pub(super) fn alternatives(&self, head: &RequestHead, accept_encoding_is_signed: bool) -> Alternatives {
        let received = head.headers.get("accept-encoding").map(http::HeaderValue::as_bytes);
        let other = |value: &&str| accept_encoding_is_signed && received != Some(value.as_bytes());
        let encodings = || ENCODINGS.into_iter().filter(other);
        let room = MOST - encodings().count();

        let label = self.domains.label(&head.host);
        let externals = || self.external_hosts.iter().map(|host| format!("{label}{host}"));
        let mut alternatives = Alternatives::default();
        let hosts = externals()
            .map(|host| (Forgiven::Host, host))
            .chain([(Forgiven::Port, self.other_port(&head.host))])
            .chain(externals().map(|host| (Forgiven::Host, self.other_default_port(&host))));
        let hosts = hosts.filter(|(what, host)| *host != head.host && self.is_same_address(*what, host, head));
        for (what, host) in hosts {
            if alternatives.iter().count() < room && !alternatives.has_host(&host) {
                alternatives.push(Alternative { what, host: Some(host), accept_encoding: None });
            }
        }
        let first = externals()
            .next()
            .filter(|host| !self.is_ours(&head.host, label) && self.is_same_address(Forgiven::Host, host, head));
        for encoding in encodings() {
            let what = if first.is_some() { Forgiven::HostAndAcceptEncoding } else { Forgiven::AcceptEncoding };
            alternatives.push(Alternative { what, host: first.clone(), accept_encoding: Some(encoding) });
        }
        alternatives
    }

    /// Whether `host` means for the path of `head` what the request as received means. Another name is read
    /// as all names that clients know, since that is what they signed for: where one of our names lies below
    /// another, the label of a bucket in the one is part of the name in the other.
    fn is_same_address(&self, what: Forgiven, host: &str, head: &RequestHead) -> bool {
        let domains = if what == Forgiven::Port { &self.domains } else { &self.all_domains };
        Address::parse(host, &head.raw_path, domains).is_ok_and(|address| address == head.address)
            || crate::fault::check_is_off("forgiven_same_address")
    }

    /// Whether clients may have sent `host` themselves, as far as we know.
    fn is_ours(&self, host: &str, label: &str) -> bool {
        let (name, _) = split_port(host);
        let name = name.get(label.len()..).unwrap_or_default();
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Without its port, whichever that is, or with the default one.
    fn other_port(&self, host: &str) -> String {
        match split_port(host) {
            (name, Some(_)) => name.to_owned(),
            (name, None) => format!("{name}:{}", self.default_port),
        }
    }

    /// With the default port, or without it. Another port stays.
    fn other_default_port(&self, host: &str) -> String {
        match split_port(host) {
            (name, Some(port)) if port == self.default_port.to_string() => name.to_owned(),
            (_, Some(_)) => host.to_owned(),
            (name, None) => format!("{name}:{}", self.default_port),
        }
    }
}

/// The name and the port of a Host that was read without error.
fn split_port(host: &str) -> (&str, Option<&str>) {
    let after_literal = host.rfind(']').map_or(0, |end| end + 1);
    match host[after_literal..].find(':') {
        Some(colon) => (&host[..after_literal + colon], Some(&host[after_literal + colon + 1..])),
        None => (host, None),
    }
}

/// What clients sign before a proxy says what it can decode itself, or nothing.
const ENCODINGS: [&str; 3] = ["identity", "gzip", ""];
