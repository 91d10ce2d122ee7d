//! Only in builds with `--cfg portcullis_bench_no_auth`, which pass every request on without asking who sent
//! it: such a program listens on loopback alone, and says at every start what it is.

use std::net::SocketAddr;

use super::StartError;
use crate::config::Config;

/// Refuses every address that others could reach, and warns.
///
/// # Errors
/// [`StartError::Unguarded`].
pub(super) fn keep_to_loopback(config: &Config) -> Result<(), StartError> {
    let api = config.api.as_ref().map(|api| ("api", api.endpoint.listen));
    let admin = config.admin.as_ref().map(|admin| ("admin", admin.listen));
    for (section, address) in [Some(("s3", config.s3.listen)), api, admin].into_iter().flatten() {
        refuse_reachable(section, address)?;
    }
    tracing::warn!("this build authenticates nobody: every request is passed on. It is for benchmarks only");
    Ok(())
}

fn refuse_reachable(section: &'static str, address: SocketAddr) -> Result<(), StartError> {
    if address.ip().is_loopback() { Ok(()) } else { Err(StartError::Unguarded { section, address }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_authentication_listens_on_loopback_only() {
        for address in ["127.0.0.1:8443", "127.8.8.8:1", "[::1]:8443"] {
            assert!(refuse_reachable("s3", address.parse().unwrap()).is_ok(), "{address}");
        }
        for address in ["0.0.0.0:8443", "10.0.0.1:8443", "[::]:8443", "[::ffff:127.0.0.1]:8443", "192.0.2.1:0"] {
            let refused = refuse_reachable("s3", address.parse().unwrap());
            assert!(matches!(refused, Err(StartError::Unguarded { section: "s3", .. })), "{address}");
        }
    }

    #[test]
    fn such_a_build_says_so_in_its_version() {
        assert!(crate::app::VERSION.ends_with(" WITHOUT AUTHENTICATION, for benchmarks only"));
    }
}
