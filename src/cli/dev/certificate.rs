//! The development CA and the certificate it issues. The CA may sign for loopback names only, so that
//! trusting it is not dangerous; its key stays in the folder, to renew the certificate under a CA that
//! clients trust already.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use super::folder::Folder;
use crate::tls::provider;

/// The CA that clients are to trust.
pub(super) struct Authority {
    /// Its certificate, as PEM.
    pub(super) file: PathBuf,
    /// Whether it was made just now: nobody trusts it yet.
    pub(super) is_new: bool,
}

/// Makes the CA and the certificate, or whichever of them is missing or damaged, or renews the
/// certificate before it ends.
pub(super) fn ensure(folder: &Folder, now: Timestamp) -> anyhow::Result<Authority> {
    let file = folder.file(CA);
    if is_usable(folder, now) {
        return Ok(Authority { file, is_new: false });
    }
    let kept = folder.read(CA_KEY).and_then(|text| KeyPair::from_pem(&text).ok());
    let is_new = kept.is_none() || !file.exists();
    let key = match kept {
        Some(key) if !is_new => key,
        _ => make_authority(folder, now).context("the development CA cannot be made")?,
    };
    issue(folder, now, key).context("the development certificate cannot be made")?;
    if is_usable(folder, now) {
        return Ok(Authority { file, is_new });
    }
    // CA and key do not belong together: somebody changed one of them.
    let key = make_authority(folder, now).context("the development CA cannot be made")?;
    issue(folder, now, key).context("the development certificate cannot be made")?;
    Ok(Authority { file, is_new: true })
}

/// Whether a client that trusts the CA accepts the certificate, today and in the time before a renewal
/// would be due.
fn is_usable(folder: &Folder, now: Timestamp) -> bool {
    let check = || -> Option<()> {
        let root = CertificateDer::from_pem_slice(folder.read(CA)?.as_bytes()).ok()?;
        let leaf = CertificateDer::from_pem_slice(folder.read(CERTIFICATE)?.as_bytes()).ok()?;
        let key = PrivateKeyDer::from_pem_slice(folder.read(KEY)?.as_bytes()).ok()?;
        let provider = provider();
        CertifiedKey::from_der(vec![leaf.clone()], key, &provider).ok()?.keys_match().ok()?;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(root).ok()?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()?;
        let soon = u64::try_from(now.as_second()).ok()? + RENEW_BEFORE.as_secs();
        for name in ["localhost", "any-bucket.s3.localhost", "127.0.0.1", "::1"] {
            let name = ServerName::try_from(name).ok()?;
            let at = UnixTime::since_unix_epoch(Duration::from_secs(soon));
            verifier.verify_server_cert(&leaf, &[], &name, &[], at).ok()?;
        }
        Some(())
    };
    check().is_some()
}

fn make_authority(folder: &Folder, now: Timestamp) -> anyhow::Result<KeyPair> {
    let key = KeyPair::generate()?;
    let certificate = authority(now)?.self_signed(&key)?;
    folder.write(CA_KEY, &key.serialize_pem())?;
    folder.write(CA, &certificate.pem())?;
    Ok(key)
}

/// What the CA's certificate says. Its name is all that a certificate it issues repeats.
fn authority(now: Timestamp) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("Portcullis development CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(IpAddr::V4(Ipv4Addr::LOCALHOST), 32)),
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(IpAddr::V6(Ipv6Addr::LOCALHOST), 128)),
        ],
        excluded_subtrees: Vec::new(),
    });
    set_validity(&mut params, now, CA_DAYS)?;
    Ok(params)
}

fn issue(folder: &Folder, now: Timestamp, authority_key: KeyPair) -> anyhow::Result<()> {
    let issuer = Issuer::new(authority(now)?, authority_key);
    let key = KeyPair::generate()?;
    // No `*.localhost`: a wildcard of two labels is malformed to some clients.
    let names = ["localhost", "s3.localhost", "*.s3.localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = name("localhost");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params, now, CERTIFICATE_DAYS)?;
    let certificate = params.signed_by(&key, &issuer)?;
    folder.write(KEY, &key.serialize_pem())?;
    folder.write(CERTIFICATE, &certificate.pem())
}

/// The organization is the one that listeners refuse on any address but loopback.
fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Portcullis development");
    name.push(DnType::CommonName, common);
    name
}

/// Sets a validity from yesterday, in case clocks differ, until `days` from now.
fn set_validity(params: &mut CertificateParams, now: Timestamp, days: i64) -> anyhow::Result<()> {
    let day = |days: i64| -> anyhow::Result<_> {
        let date = now.to_zoned(TimeZone::UTC).date().checked_add(days.days())?;
        let (month, day) = (u8::try_from(date.month())?, u8::try_from(date.day())?);
        Ok(rcgen::date_time_ymd(i32::from(date.year()), month, day))
    };
    params.not_before = day(-1)?;
    params.not_after = day(days)?;
    Ok(())
}

/// The CA's certificate: what clients are told to trust.
const CA: &str = "ca.pem";
const CA_KEY: &str = "ca.key";
/// The names that the configuration uses.
pub(super) const CERTIFICATE: &str = "server.pem";
pub(super) const KEY: &str = "server.key";

/// Twenty years: it is meant to outlive the folder.
const CA_DAYS: i64 = 7300;
/// Within what every client accepts.
const CERTIFICATE_DAYS: i64 = 365;
const RENEW_BEFORE: Duration = Duration::from_hours(30 * 24);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn ca_and_certificate_stay_until_a_renewal_is_due_and_the_ca_then_stays_too() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(&dir.path().join("dev")).unwrap();
        let files = || [CA, CERTIFICATE].map(|name| folder.read(name).unwrap().to_string());

        assert!(ensure(&folder, at("2026-01-01T12:00:00Z")).unwrap().is_new);
        let first = files();
        assert!(!ensure(&folder, at("2026-11-30T12:00:00Z")).unwrap().is_new);
        assert_eq!(files(), first);
        assert!(!ensure(&folder, at("2026-12-05T12:00:00Z")).unwrap().is_new);
        let second = files();
        assert_eq!(second[0], first[0], "the CA");
        assert_ne!(second[1], first[1], "the certificate");
    }

    #[test]
    fn what_is_lost_or_damaged_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(&dir.path().join("dev")).unwrap();
        let now = at("2026-01-01T12:00:00Z");
        ensure(&folder, now).unwrap();
        let other_key = KeyPair::generate().unwrap().serialize_pem();
        for (name, text, is_new) in [
            (CERTIFICATE, "", false),
            (KEY, other_key.as_str(), false),
            (CA_KEY, "no key", true),
            (CA_KEY, other_key.as_str(), true),
            (CA, "no certificate", true),
        ] {
            folder.write(name, text).unwrap();
            if name == CA_KEY {
                // As long as the certificate is good, the CA's key is not needed.
                assert!(!ensure(&folder, now).unwrap().is_new);
                folder.write(CERTIFICATE, "").unwrap();
            }
            assert!(!is_usable(&folder, now), "{name}");
            assert_eq!(ensure(&folder, now).unwrap().is_new, is_new, "{name}");
            assert!(is_usable(&folder, now), "{name}");
        }
    }
}
