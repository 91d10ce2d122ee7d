//! Forms that are accepted and refused, and secrets that stay hidden.

use rand::SeedableRng;
use rand::rngs::StdRng;
use zeroize::Zeroizing;

use super::*;

#[test]
fn generated_ids_and_secrets_have_the_published_forms() {
    let mut random = StdRng::seed_from_u64(7);
    for _ in 0..200 {
        let id = AccessKeyId::generate(&mut random);
        assert_eq!(id.as_str().len(), 20);
        assert!(id.as_str().starts_with("CW"));
        assert_eq!(AccessKeyId::parse(id.as_str()).as_ref(), Ok(&id));
        let secret = SecretAccessKey::generate(&mut random);
        assert_eq!(secret.expose().len(), 43);
        assert!(secret.expose().starts_with("cwo"));
        assert!(secret.expose().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}

#[test]
fn an_access_key_id_outside_the_alphabet_or_the_length_is_refused() {
    for text in
        ["", "short", "AKIA/IOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPL\u{0}", "*)(uid=*))(|(uid=*", &"A".repeat(129)]
    {
        assert_eq!(AccessKeyId::parse(text), Err(AccessKeyIdError), "{text}");
    }
    assert!(AccessKeyId::parse(&"A".repeat(16)).is_ok());
    assert!(AccessKeyId::parse(&"A".repeat(128)).is_ok());
}

#[test]
fn a_principal_needs_a_known_prefix_and_a_rest() {
    for text in ["", "root", "static/", "role/\n", "coreweave", "/static/x"] {
        assert_eq!(Principal::parse(text), Err(PrincipalError), "{text}");
    }
    assert!(Principal::parse("role/https://issuer.example:repo:a/b").is_ok());
}

#[test]
fn the_narrower_permission_is_the_minimum_and_the_default_is_none() {
    assert_eq!(Permission::default(), Permission::None);
    assert_eq!(Permission::Admin.min(Permission::Read), Permission::Read);
    assert!(
        Permission::None < Permission::Read
            && Permission::Read < Permission::Write
            && Permission::Write < Permission::Admin
    );
}

#[test]
fn a_secret_never_shows_in_debug_output() {
    let secret = SecretAccessKey::parse(Zeroizing::new("cwoVerySecretVerySecret".into())).unwrap();
    assert_eq!(format!("{secret:?}"), "SecretAccessKey(redacted)");
}
