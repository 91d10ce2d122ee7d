//! Certificates: rotation, expiry, and what is refused when they are configured (I15).

use portcullis::federation::saml::{SamlError, SamlTrust, SamlTrustError, SamlTrustSettings};

use crate::build::{NOW, sign_assertion, unsigned};
use crate::case::{settings, time, verify};
use crate::keys::{ECDSA, SECOND, Signer, TRUSTED};

fn role(trust: &SamlTrust, signer: &Signer) -> Result<String, SamlError> {
    verify(trust, &sign_assertion(&unsigned(), signer), NOW).map(|verified| verified.role().to_owned())
}

#[test]
fn i15_during_a_rotation_both_certificates_work() {
    for order in [[&*TRUSTED, &*SECOND], [&*SECOND, &*TRUSTED]] {
        let trust = SamlTrust::new(&settings(&order)).unwrap();
        assert_eq!(role(&trust, &TRUSTED).as_deref(), Ok("researcher"));
        assert_eq!(role(&trust, &SECOND).as_deref(), Ok("researcher"));
    }
}

#[test]
fn i15_after_a_rotation_the_old_certificate_is_refused() {
    let before = SamlTrust::new(&settings(&[&TRUSTED])).unwrap();
    let after = SamlTrust::new(&settings(&[&SECOND])).unwrap();
    assert_eq!(role(&before, &TRUSTED).as_deref(), Ok("researcher"));
    assert_eq!(role(&after, &TRUSTED), Err(SamlError::BadSignature));
    assert_eq!(role(&after, &SECOND).as_deref(), Ok("researcher"));
}

/// A pinned certificate is a key that was agreed upon. Its dates are for the operator to see.
#[test]
fn i15_an_expired_certificate_works_and_its_end_is_reported() {
    let trust = SamlTrust::new(&settings(&[&SECOND, &TRUSTED])).unwrap();
    let ends: Vec<_> = trust.certificates().map(|it| it.not_after).collect();
    assert_eq!(ends, [time("2021-12-31T00:00:00Z"), time("2040-12-31T00:00:00Z")]);
    assert!(ends[0] < time(NOW));
    assert_eq!(role(&trust, &SECOND).as_deref(), Ok("researcher"));
    for summary in trust.certificates() {
        assert_eq!((summary.key.as_str(), summary.fingerprint.len()), ("RSA 2048", 64));
    }
}

#[test]
fn i15_settings_that_cannot_be_trusted_are_refused_with_what_to_fix() {
    let refused = |change: &dyn Fn(&mut SamlTrustSettings)| {
        let mut settings = settings(&[&TRUSTED]);
        change(&mut settings);
        SamlTrust::new(&settings).err()
    };
    assert_eq!(refused(&|_| ()), None);
    assert_eq!(refused(&|it| it.entity_id.clear()), Some(SamlTrustError::EntityId));
    assert_eq!(refused(&|it| it.entity_id.push(' ')), Some(SamlTrustError::EntityId));
    assert_eq!(refused(&|it| it.certificates_pem.clear()), Some(SamlTrustError::NoCertificate));
    let many = |it: &mut SamlTrustSettings| it.certificates_pem = vec![TRUSTED.certificate_pem.clone(); 9];
    assert_eq!(refused(&many), Some(SamlTrustError::TooManyCertificates(8)));
    let second = |pem: &str| refused(&|it| it.certificates_pem.push(pem.to_owned()));
    assert_eq!(second("hello"), Some(SamlTrustError::NotPem(2)));
    assert_eq!(second(&TRUSTED.certificate_pem.repeat(2)), Some(SamlTrustError::NotPem(2)));
    assert_eq!(second(&TRUSTED.certificate_pem.replace("CERTIFICATE", "PRIVATE KEY")), Some(SamlTrustError::NotPem(2)));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(second(broken), Some(SamlTrustError::NotACertificate(2)));
    assert_eq!(second(WEAK), Some(SamlTrustError::WeakKey { number: 2, bits: 1024 }));
    assert_eq!(second(&ECDSA.certificate_pem), Some(SamlTrustError::KeyKind(2)));
    assert_eq!(second(ED25519), Some(SamlTrustError::KeyKind(2)));
    let ecdsa = SamlTrustSettings { accept_ecdsa_and_pss: true, ..settings(&[&ECDSA]) };
    let trust = SamlTrust::new(&ecdsa).unwrap();
    assert_eq!(trust.certificates().next().map(|it| it.key.as_str()), Some("ECDSA P-256"));
}

/// A self-signed certificate with an RSA key of 1024 bits; nothing here would make one.
const WEAK: &str = "-----BEGIN CERTIFICATE-----
MIIB/DCCAWWgAwIBAgIUQ9nytXdnjkxxGH0YQai9z4lo6XMwDQYJKoZIhvcNAQEL
BQAwDzENMAsGA1UEAwwEd2VhazAgFw0yNjExMjMwNDQ1NDlaGA8yMTI2MTAzMDA0
NDU0OVowDzENMAsGA1UEAwwEd2VhazCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkC
gYEAzPeHhPTMR+S+lDs4dpfTIhKzkagb1ymX4j7U1Ayk1r1p+8EJV+dWSwkZO6ek
9b/Es2eb2Up1KaDQ1tUgnNwGPd2ML0GVmntPsV+vuUmshUsu25GcoRdj+NoWWUNK
NI5sMuDMszqvcVz5ImEcJxMEBnOPfuD8+CbRLIX+IaIAh8UCAwEAAaNTMFEwHQYD
VR0OBBYEFJ1snKiPIW/x7+IvIOt3Y+07nPeBMB8GA1UdIwQYMBaAFJ1snKiPIW/x
7+IvIOt3Y+07nPeBMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADgYEA
BzdMufk2MZMAt5s33t4kGNIisZLEJosQsETQJZnhfiLdlfR0+3JxubQInMsM5J7v
o9lbreCCh5RO4+o9zYuq83BqaLESKqvmnD1H/pmG4KybiIydAsAlkqbsSaqgnOxw
ePZEsaIPn8nh/9/PEXjwi1rhWItrmWjYmgq156tcB00=
-----END CERTIFICATE-----
";

/// One with an Ed25519 key, which XML signatures hardly know.
const ED25519: &str = "-----BEGIN CERTIFICATE-----
MIIBMDCB46ADAgECAhRXk2HdwOHlTeR5mjm0/TzlsK/ItTAFBgMrZXAwDTELMAkG
A1UEAwwCZWQwIBcNMjYxMTIzMDQ0NTQ5WhgPMjEyNjEwMzAwNDQ1NDlaMA0xCzAJ
BgNVBAMMAmVkMCowBQYDK2VwAyEA7cDPrWbja6Zyfegj9RpEaEX2L9xtXlxT5zPD
umnV4zmjUzBRMB0GA1UdDgQWBBROSsM7HFyHNXjR2YVMELMhR9oUyTAfBgNVHSME
GDAWgBROSsM7HFyHNXjR2YVMELMhR9oUyTAPBgNVHRMBAf8EBTADAQH/MAUGAytl
cANBAAW3AMeos4obmHUwmGObP+/W9tlDBF2A6eE96FLcv9qUb+0cCgksdTTJ8UVj
v860DYoKXugonxq8aeDFXv6+vgk=
-----END CERTIFICATE-----
";
