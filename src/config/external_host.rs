//! `[s3] external_hosts`: the names that clients know the server by, where a proxy in front sends another Host.

use std::fmt;

use super::error::Problem;
use super::s3::is_host_name;

/// A name that clients know the server by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExternalHost {
    /// The name, in lower case.
    pub name: String,
    /// The port that clients name with it.
    pub port: Option<u16>,
}

impl fmt::Display for ExternalHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(formatter, "{}:{port}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

/// Two at most: each is another signature to compute for a request whose own does not match. None is the name of
/// a bucket under one of `domains`: that would be another bucket to who signs for it.
pub(super) fn check_all(written: &[String], domains: &[String]) -> Result<Vec<ExternalHost>, Problem> {
    let mut hosts: Vec<ExternalHost> = Vec::with_capacity(written.len());
    for (index, text) in written.iter().enumerate() {
        let problem = |expected: &str| Problem::text(format!("external_hosts[{index}]"), text, expected);
        let host = parse(&text.to_ascii_lowercase()).ok_or_else(|| {
            problem("a host name as clients write it, such as \"s3.example.com\" or \"s3.example.com:8443\"")
        })?;
        let is_below = |domain: &String| host.name.ends_with(&format!(".{}", domain.to_ascii_lowercase()));
        if domains.iter().any(is_below) {
            return Err(problem("a name that is not one of a bucket under [s3] domains"));
        }
        if hosts.contains(&host) {
            return Err(problem("each host once"));
        }
        if index == MOST {
            return Err(problem("two external hosts at most"));
        }
        hosts.push(host);
    }
    Ok(hosts)
}

fn parse(text: &str) -> Option<ExternalHost> {
    let (name, port) = match text.split_once(':') {
        None => (text, None),
        Some((name, digits)) => {
            let port = digits.parse().ok().filter(|port: &u16| *port > 0 && port.to_string() == digits);
            (name, Some(port?))
        }
    };
    is_host_name(name).then(|| ExternalHost { name: name.to_owned(), port })
}

const MOST: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn external_hosts_are_names_with_or_without_a_port() {
        let check = |hosts: &[&str]| {
            let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
            let read = check_all(&hosts, &["s3.example.com".to_owned()]);
            read.map(|hosts| hosts.iter().map(ToString::to_string).collect::<Vec<_>>()).ok()
        };
        assert_eq!(
            check(&["S3.Example.com", "s3.example.com:8443"]).unwrap(),
            ["s3.example.com", "s3.example.com:8443"]
        );
        for wrong in ["", "https://s3.example.com", "a:", "a:0", "a:080", "a:65536", "a/b", "127.0.0.1", "[::1]", "*.a"]
        {
            assert_eq!(check(&[wrong]), None, "{wrong}");
        }
        assert_eq!(check(&["a", "b", "c"]), None, "three");
        assert_eq!(check(&["a", "A"]), None, "twice");
        assert_eq!(check(&["bucket.s3.example.com"]), None, "the name of a bucket");
    }
}
