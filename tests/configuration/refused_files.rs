//! Files that a configuration refers to: who may read them, and what must be in them.

use crate::fixture::{Fixture, VALID, valid_but};

const WITH_TLS: &str = "[s3]\ntls = { cert = \"server.pem\", key = \"server.key\" }";

#[test]
fn a_secret_that_others_can_read_is_refused() {
    for (mode, shown) in [(0o644, "0644"), (0o640, "0640"), (0o604, "0604"), (0o620, "0620")] {
        let fixture = Fixture::new();
        fixture.write_with_mode("backend.secret", "a-secret-that-others-can-read", mode);
        assert_eq!(
            fixture.refusal(VALID),
            format!(
                "portcullis.toml:7: backend[0].credentials.secret_access_key_file: found backend.secret with mode \
                 {shown}, expected a file that only its owner can read (chmod 600)"
            )
        );
    }
    let fixture = Fixture::new();
    fixture.write_with_mode("backend.secret", "a-secret-that-nobody-else-reads", 0o400);
    assert_eq!(fixture.refusal(VALID), "accepted");
}

#[test]
fn a_seal_key_that_others_can_read_is_refused_and_a_missing_one_is_left_to_the_store() {
    let fixture = Fixture::new();
    fixture.write("seal.key", "x");
    assert_eq!(
        fixture.refusal(VALID),
        "portcullis.toml:10: store.seal_key_file: found seal.key with mode 0644, \
         expected a file that only its owner can read (chmod 600)"
    );
    std::fs::remove_file(fixture.path("seal.key")).unwrap();
    assert_eq!(fixture.refusal(VALID), "accepted");
}

#[test]
fn older_seal_keys_have_to_be_there_and_readable_by_their_owner_alone() {
    let with_older = VALID.replace(
        "seal_key_file = \"seal.key\"",
        "seal_key_file = \"seal.key\"\nolder_seal_key_files = [\"older.key\"]",
    );
    let fixture = Fixture::new();
    let found = |found: &str, expected: &str| {
        format!("portcullis.toml:11: store.older_seal_key_files: found {found}, expected {expected}")
    };
    assert_eq!(fixture.refusal(&with_older), found("older.key (no such file)", "a file that can be read"));
    fixture.write("older.key", "not read here");
    let expected = "a file that only its owner can read (chmod 600)";
    assert_eq!(fixture.refusal(&with_older), found("older.key with mode 0644", expected));
    fixture.secret("older.key", "not read here");
    assert_eq!(fixture.refusal(&with_older), "accepted");
}

#[test]
fn a_private_key_that_others_can_read_is_refused() {
    let fixture = Fixture::new();
    let key = std::fs::read_to_string(fixture.path("server.key")).unwrap();
    fixture.write("server.key", &key);
    assert_eq!(
        fixture.refusal(&valid_but("[s3]", WITH_TLS)),
        "portcullis.toml:3: s3.tls.key: found server.key with mode 0644, \
         expected a file that only its owner can read (chmod 600)"
    );
}

#[test]
fn certificate_files_without_the_right_content_are_refused() {
    let fixture = Fixture::new();
    assert_eq!(fixture.refusal(&valid_but("[s3]", WITH_TLS)), "accepted");
    let refusal = |cert: &str, key: &str| {
        let with_tls = format!("[s3]\ntls = {{ cert = \"{cert}\", key = \"{key}\" }}");
        fixture.refusal(&valid_but("[s3]", &with_tls))
    };
    assert_eq!(
        refusal("absent.pem", "server.key"),
        "portcullis.toml:3: s3.tls.cert: found absent.pem (no such file), expected a PEM certificate chain"
    );
    assert_eq!(
        refusal("backend.id", "server.key"),
        "portcullis.toml:3: s3.tls.cert: found backend.id (no certificate in it), expected a PEM certificate chain"
    );
    assert_eq!(
        refusal("server.pem", "backend.secret"),
        "portcullis.toml:3: s3.tls.key: found backend.secret (no private key in it), expected a PEM private key"
    );
    assert_eq!(
        refusal("server.pem", "absent.key"),
        "portcullis.toml:3: s3.tls.key: found absent.key (no such file), expected a file that can be read"
    );
}

#[test]
fn the_development_certificate_is_for_loopback_only_unless_insecure_is_set() {
    let fixture = Fixture::new();
    let with = |listen: &str, more: &str| {
        let section = format!(
            "[s3]\nlisten = \"{listen}\"\ntls = {{ cert = \"development.pem\", key = \"development.key\" }}\n{more}"
        );
        fixture.refusal(&VALID.replace("[s3]\nlisten = \"127.0.0.1:0\"", &section))
    };
    assert_eq!(with("127.0.0.1:0", ""), "accepted");
    assert_eq!(with("[::1]:0", ""), "accepted");
    assert_eq!(
        with("192.0.2.1:8443", ""),
        "portcullis.toml:4: s3.tls.cert: found the development certificate (development.pem), \
         expected your own certificate, or a loopback address, or insecure = true"
    );
    assert_eq!(with("192.0.2.1:8443", "insecure = true"), "accepted");
}

#[test]
fn plain_http_beyond_loopback_needs_insecure() {
    let fixture = Fixture::new();
    let listener = |more: &str| fixture.refusal(&valid_but("127.0.0.1:0\"", &format!("0.0.0.0:8080\"{more}")));
    assert_eq!(
        listener(""),
        "portcullis.toml:3: s3.listen: found \"0.0.0.0:8080\" without tls, \
         expected a loopback address, or tls, or insecure = true"
    );
    assert_eq!(listener("\ninsecure = true"), "accepted");
    let backend = |more: &str| fixture.refusal(&valid_but("127.0.0.1:8333\"", &format!("10.0.0.1:8333\"{more}")));
    assert_eq!(
        backend(""),
        "portcullis.toml:6: backend[0].endpoint: found \"http://10.0.0.1:8333\", \
         expected https, or a loopback host, or payload = \"signed\", or insecure = true"
    );
    assert_eq!(backend("\npayload = \"signed\""), "accepted");
    assert_ne!(backend("\npayload = \"plain\""), "accepted");
    assert_eq!(backend("\ninsecure = true"), "accepted");
}

/// Attack row G11.
#[test]
fn g11_published_credentials_are_refused_for_a_backend_beyond_loopback() {
    let fixture = Fixture::new();
    let remote = valid_but("http://127.0.0.1:8333", "https://s3.internal:8333");
    assert_eq!(fixture.refusal(&remote), "accepted");
    let expected = "portcullis.toml:7: backend[0].credentials.secret_access_key_file: found a default or example \
                    credential, expected a credential of your own: this one is published, and the backend is not on \
                    loopback";
    for (id, secret) in [
        ("AKIAIOSFODNN7EXAMPLE", "a-secret-of-ones-own-for-a-known-id"),
        ("PORTCULLISBACKENDID", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("minioadmin", "minioadmin"),
    ] {
        fixture.secret("backend.id", id);
        fixture.secret("backend.secret", secret);
        assert_eq!(fixture.refusal(&remote), expected, "{id}");
    }
    fixture.secret("backend.secret", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    assert_eq!(fixture.refusal(VALID), "accepted", "on loopback an example credential is a development set-up");
}

#[test]
fn empty_or_malformed_credentials_are_refused_without_being_shown() {
    let fixture = Fixture::new();
    for secret in ["", "\n", "short", "has a space in the middle"] {
        fixture.secret("backend.secret", secret);
        let refusal = fixture.refusal(VALID);
        let length = secret.trim_end_matches('\n').len();
        assert_eq!(
            refusal,
            format!(
                "portcullis.toml:7: backend[0].credentials.secret_access_key_file: found {length} bytes that are no \
                 secret access key, expected 16 to 256 printable ASCII characters without spaces"
            )
        );
    }
    fixture.secret("backend.id", "two words");
    assert_eq!(
        fixture.refusal(VALID),
        "portcullis.toml:7: backend[0].credentials.access_key_id_file: found 9 bytes that are no access key id, \
         expected 1 to 128 printable characters other than / , ="
    );
}

#[test]
fn a_missing_file_is_named() {
    let fixture = Fixture::new();
    std::fs::remove_file(fixture.path("backend.id")).unwrap();
    assert_eq!(
        fixture.refusal(VALID),
        "portcullis.toml:7: backend[0].credentials.access_key_id_file: found backend.id (no such file), \
         expected a file that can be read"
    );
    let fixture = Fixture::new();
    assert_eq!(
        fixture.refusal(&valid_but("portcullis.redb", "absent/portcullis.redb")),
        "portcullis.toml:9: store.path: found \"absent/portcullis.redb\", expected a file in a folder that exists"
    );
    assert_eq!(
        fixture.refusal(&valid_but("name = \"main\"", "name = \"main\"\nca_file = \"absent.pem\"")),
        "portcullis.toml:6: backend[0].ca_file: found \"absent.pem\", expected a PEM file that exists"
    );
}

#[test]
fn a_bare_name_is_taken_from_the_credentials_folder_first() {
    let fixture = Fixture::new();
    fixture.write_with_mode("credentials/backend.secret", "handed-over-by-the-service-manager", 0o440);
    let folder = fixture.path("credentials");
    let config = fixture.load_with_credentials(VALID, Some(&folder)).unwrap();
    assert_eq!(config.backends[0].secret.expose(), "handed-over-by-the-service-manager");
    assert_eq!(config.backends[0].access_key_id, "PORTCULLISBACKENDID", "what is not there comes from beside the file");

    fixture.write_with_mode("credentials/backend.secret", "handed-over-to-the-whole-world", 0o444);
    let error = fixture.load_with_credentials(VALID, Some(&folder)).unwrap_err().to_string();
    assert!(error.contains("with mode 0444"), "{error}");
}
