//! `portcullis check` as an operator runs it.

use std::process::{Command, Output};

use crate::fixture::{Fixture, SECRET, VALID, valid_but};

pub(crate) fn check(fixture: &Fixture, text: &str) -> Output {
    fixture.write("portcullis.toml", text);
    Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .arg("check")
        .arg("--config")
        .arg(fixture.path("portcullis.toml"))
        .env_remove("CREDENTIALS_DIRECTORY")
        .output()
        .unwrap()
}

#[test]
fn a_good_file_exits_0_and_shows_what_would_run_but_no_secret() {
    let fixture = Fixture::new();
    let output =
        check(&fixture, &valid_but("[s3]", "[s3]\ntls = { cert = \"development.pem\", key = \"development.key\" }"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let shown = String::from_utf8(output.stdout).unwrap();
    for part in [
        "organization ab1cd2",
        "localhost until 2046-",
        "backend  main at http://127.0.0.1:8333, buckets *",
        "identity static/* at most admin, 12h never permanent",
        "portcullis.redb",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn federation_and_the_life_of_container_credentials_are_shown() {
    let fixture = Fixture::new();
    let federation = "[api]\nlisten = \"127.0.0.1:0\"\ncontainer_key_life = \"30min\"\n[federation]\n\
                      private_networks = [\"10.0.0.0/8\"]\nkeep_last_keys = \"6h\"\n[federation.saml]\n\
                      entity_id = \"urn:example:s3\"\nacs_url = \"https://s3.example.com/acs\"\n[store]";
    let output = check(&fixture, &valid_but("[store]", federation));
    let shown = String::from_utf8(output.stdout).unwrap();
    for part in [
        "container credentials live 30m",
        "10.0.0.0/8",
        "6h",
        "saml     as urn:example:s3",
        "https://s3.example.com/acs",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    let shown = String::from_utf8(check(&fixture, VALID).stdout).unwrap();
    assert!(shown.contains("saml     off") && !shown.contains("container credentials"), "{shown}");
}

#[test]
fn a_wrong_file_exits_2_with_exactly_one_line() {
    let fixture = Fixture::new();
    let output = check(&fixture, &valid_but("\"ab1cd2\"", "\"\""));
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let expected = format!(
        "{}:1: org_id: found \"\", expected 1 to 64 characters of a-z, 0-9 and -\n",
        fixture.path("portcullis.toml").display()
    );
    assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
}

#[test]
fn a_key_that_is_not_for_the_certificate_exits_2_with_one_line() {
    let fixture = Fixture::new();
    let output =
        check(&fixture, &valid_but("[s3]", "[s3]\ntls = { cert = \"development.pem\", key = \"server.key\" }"));
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.ends_with('\n') && line.matches('\n').count() == 1, "{line}");
    assert!(line.contains("cannot be used together"), "{line}");
}

#[test]
fn a_configuration_in_which_nobody_may_have_a_key_is_warned_about() {
    let fixture = Fixture::new();
    let output = check(&fixture, &VALID.replace("[[identity]]\nprefix = \"static/\"\npermission = \"admin\"\n", ""));
    assert_eq!(output.status.code(), Some(0));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("warning: no [[identity]] section: no key can be minted or used"), "{shown}");
}

#[test]
fn the_credentials_directory_of_the_service_manager_is_used() {
    let fixture = Fixture::new();
    fixture.secret("credentials/backend.id", "HANDEDOVERBYSYSTEMD");
    fixture.write("portcullis.toml", VALID);
    let output = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(["check", "--config"])
        .arg(fixture.path("portcullis.toml"))
        .env("CREDENTIALS_DIRECTORY", fixture.path("credentials"))
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("as access key HANDEDOVERBYSYSTEMD"), "{shown}");
}
