//! Each way to get `[federation]`, `[api]` and the limits of logins wrong, and the line it is refused with.

use crate::fixture::{Fixture, VALID, valid_but};
use crate::refused::assert_refused;

#[test]
fn federation() {
    assert_refused(&[
        (
            "[limits]",
            "[federation]\nprivate_networks = [\"10.0.0.0/8\", \"10.0.0.0/40\"]\n[limits]",
            r#"portcullis.toml:15: federation.private_networks[1]: found "10.0.0.0/40", expected a network such as "10.0.0.0/8""#,
        ),
        (
            "[limits]",
            "[federation]\nprivate_networks = [\"localhost\"]\n[limits]",
            r#"portcullis.toml:15: federation.private_networks[0]: found "localhost", expected a network such as "10.0.0.0/8""#,
        ),
        (
            "[limits]",
            "[federation]\nkeep_last_keys = \"0s\"\n[limits]",
            r#"portcullis.toml:15: federation.keep_last_keys: found "0s", expected a duration above zero such as "30s", "5min" or "12h""#,
        ),
        (
            "[limits]",
            "[federation]\nca_file = \"absent.pem\"\n[limits]",
            r#"portcullis.toml:15: federation.ca_file: found "absent.pem", expected a PEM file that exists"#,
        ),
        (
            "[limits]",
            "[federation]\nissuers = []\n[limits]",
            "portcullis.toml:15: federation.issuers: found an unknown field, expected one of private_networks, ca_file, keep_last_keys, saml",
        ),
        (
            "[limits]",
            "[federation.saml]\nentity_id = \"urn:us\"\n[limits]",
            "portcullis.toml:14: federation.saml.acs_url: found nothing, expected a value",
        ),
        (
            "[limits]",
            "[federation.saml]\nentity_id = \"of us\"\nacs_url = \"https://keys.example.com/\"\n[limits]",
            r#"portcullis.toml:15: federation.saml.entity_id: found "of us", expected a URI of at most 1024 visible characters"#,
        ),
        (
            "[limits]",
            "[federation.saml]\nentity_id = \"urn:us\"\nacs_url = \"keys.example.com\"\n[limits]",
            r#"portcullis.toml:16: federation.saml.acs_url: found "keys.example.com", expected an http or https URL of at most 1024 characters"#,
        ),
        (
            "[limits]",
            "[federation.saml]\nentity_id = \"urn:us\"\nacs_url = \"https://a/\"\nkey = \"x\"\n[limits]",
            "portcullis.toml:17: federation.saml.key: found an unknown field, expected entity_id or acs_url",
        ),
    ]);
}

#[test]
fn the_life_of_container_keys_and_the_limits_of_logins() {
    assert_refused(&[
        (
            "[limits]",
            "[api]\nlisten = \"127.0.0.1:0\"\ncontainer_key_life = \"14min\"\n[limits]",
            r#"portcullis.toml:16: api.container_key_life: found "14m", expected "15min" to "12h""#,
        ),
        (
            "[limits]",
            "[api]\nlisten = \"127.0.0.1:0\"\ncontainer_key_life = \"13h\"\n[limits]",
            r#"portcullis.toml:16: api.container_key_life: found "13h", expected "15min" to "12h""#,
        ),
        (
            "\"30s\"",
            "\"30s\"\nlogins_per_minute_per_peer = 0",
            "portcullis.toml:16: limits.logins_per_minute_per_peer: found 0, expected 1 to 1000000",
        ),
        (
            "\"30s\"",
            "\"30s\"\nkeys_per_minute_per_identity = 1000001",
            "portcullis.toml:16: limits.keys_per_minute_per_identity: found 1000001, expected 1 to 1000000",
        ),
    ]);
}

#[test]
fn what_is_right_is_taken_as_it_is_written() {
    let fixture = Fixture::new();
    std::fs::write(fixture.path("idp-ca.pem"), "").unwrap();
    let section = "[federation]\nprivate_networks = [\"10.0.0.0/8\", \"fd00::/8\"]\nca_file = \"idp-ca.pem\"\n\
                   keep_last_keys = \"1h\"\nsaml = { entity_id = \"urn:us\", acs_url = \"https://a/saml\" }\n[limits]";
    let federation = fixture.load(&valid_but("[limits]", section)).unwrap().federation;
    assert_eq!(federation.private_networks.len(), 2);
    assert_eq!(federation.ca_file, Some(fixture.path("idp-ca.pem")));
    assert_eq!(federation.keep_last_keys.as_secs(), 3600);
    assert_eq!(federation.saml.unwrap().acs_url, "https://a/saml");
    let absent = fixture.load(VALID).unwrap().federation;
    assert_eq!(absent, portcullis::config::Federation::default());
}
