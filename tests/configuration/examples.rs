//! The files in `config/`: they load, and the example tells the truth about defaults.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use portcullis::config::{Addressing, BucketPattern, PayloadForm};
use portcullis::identity::Permission;

use crate::fixture::{Fixture, SECRET};

fn shipped(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)).unwrap()
}

/// Everything that the example is read as, without the folder's own name.
fn read_as(text: &str) -> String {
    let fixture = Fixture::new();
    let config =
        fixture.load(&text.replace("../certs/server", "development")).unwrap_or_else(|error| panic!("{error}"));
    format!("{config:?}").replace(fixture.path("").to_str().unwrap(), "")
}

fn production(fixture: &Fixture) -> String {
    in_folder_of(fixture, "production.toml")
}

/// A shipped file for production, with its files in the folder of the fixture.
fn in_folder_of(fixture: &Fixture, name: &str) -> String {
    fixture.write("internal-ca.pem", &fs::read_to_string(fixture.path("server.pem")).unwrap());
    shipped(name).replace("/etc/portcullis/tls/", "").replace("/var/lib/portcullis/", "")
}

#[cfg(feature = "etcd")]
#[test]
fn the_file_of_a_fleet_loads_and_shows_the_defaults_of_what_it_comments_out() {
    let fixture = Fixture::new();
    let text = in_folder_of(&fixture, "fleet.toml");
    let config = fixture.load(&text).unwrap();
    let portcullis::config::StorePlace::Etcd(etcd) = &config.store.place else { panic!("{:?}", config.store) };
    assert_eq!(etcd.endpoints.len(), 3);
    assert!(etcd.tls.as_ref().is_some_and(|tls| tls.client.is_some()) && etcd.login.is_none());
    assert_eq!(config.store.control_socket, Path::new("/run/portcullis/control.sock"));
    let uncommented = ["prefix", "max_staleness", "insecure"]
        .iter()
        .fold(text.clone(), |text, field| text.replacen(&format!("# {field} = "), &format!("{field} = "), 1));
    assert_ne!(uncommented, text);
    assert_eq!(format!("{config:?}"), format!("{:?}", fixture.load(&uncommented).unwrap()));
}

#[test]
fn every_shipped_file_is_loaded_by_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let shipped: HashSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "toml"))
        .collect();
    assert_eq!(
        shipped,
        HashSet::from(["example.toml", "fleet.toml", "minimal.toml", "production.toml"].map(String::from))
    );
}

#[test]
fn the_minimal_file_loads_and_everything_else_has_its_default() {
    let config = Fixture::new().load(&shipped("minimal.toml")).unwrap();
    assert_eq!(config.organization.as_str(), "ab1cd2");
    assert_eq!((config.s3.region.as_str(), config.s3.any_region), ("us-east-1", false));
    assert!(config.s3.tls.is_none() && config.s3.domains.is_empty());
    assert!(config.api.is_none() && config.admin.is_none());
    let backend = &config.backends[0];
    assert_eq!(backend.secret.expose(), SECRET);
    assert_eq!(backend.access_key_id, "PORTCULLISBACKENDID");
    assert_eq!((backend.addressing, backend.payload), (Addressing::Path, PayloadForm::Auto));
    assert_eq!(backend.buckets, [BucketPattern::Any]);
    assert!(!backend.exact_keys);
    assert_eq!(config.limits, portcullis::config::Limits::default());
}

#[test]
fn the_production_file_loads_with_certificates_of_ones_own() {
    let fixture = Fixture::new();
    let config = fixture.load(&production(&fixture)).unwrap();
    assert_eq!(config.s3.domains, ["s3.example.com"]);
    assert_eq!(config.backends[0].buckets, [BucketPattern::Prefix("archive-".to_owned())]);
    assert_eq!(config.ceilings[0].prefix, "coreweave/", "the longest prefix comes first");
    let federated = config.ceilings.iter().find(|ceiling| ceiling.prefix == "role/").unwrap();
    assert_eq!(federated.permission, Permission::Write);
    assert_eq!(federated.max_duration.as_secs(), 3600);
    assert!(!federated.permanent);
}

#[test]
fn the_production_file_is_refused_with_the_development_certificate() {
    let fixture = Fixture::new();
    let text = production(&fixture).replace("\"server.", "\"development.");
    assert_eq!(
        fixture.refusal(&text),
        "portcullis.toml:8: s3.tls.cert: found the development certificate (development.pem), \
         expected your own certificate, or a loopback address, or insecure = true"
    );
}

/// The field that a line sets, if it sets one.
fn name_in(line: &str) -> Option<&str> {
    let is_part = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_';
    line.split_once(" = ").map(|(name, _)| name).filter(|name| name.chars().all(is_part))
}

#[test]
fn the_example_shows_the_default_of_each_field_that_it_comments_out() {
    let text = shipped("example.toml");
    let mut set = HashSet::new();
    let mut uncommented = String::new();
    let mut shown = 0;
    for line in text.lines() {
        if line.starts_with('[') {
            set.clear();
        }
        let commented = line.strip_prefix("# ").filter(|rest| name_in(rest).is_some() && !rest.ends_with("= none"));
        match commented {
            Some(rest) if set.insert(name_in(rest).unwrap_or_default()) => {
                shown += 1;
                uncommented.push_str(rest);
            }
            _ => {
                set.extend(name_in(line));
                uncommented.push_str(line);
            }
        }
        uncommented.push('\n');
    }
    assert!(shown > 25, "only {shown} defaults were found");
    assert_eq!(read_as(&uncommented), read_as(&text));
}

#[test]
fn the_example_names_every_field_there_is() {
    let text = shipped("example.toml");
    let fixture = Fixture::new();
    let org_id = "org_id = \"ab1cd2\"";
    let sections =
        ["[s3]", "[[s3.cors]]", "[api]", "[[backend]]", "[store]", "[[identity]]", "[federation]", "[limits]", org_id];
    for section in sections {
        let broken = text.replacen(section, &format!("{section}\nno_such_field = 1"), 1);
        let refusal = fixture.refusal(&broken);
        let (_, fields) = refusal.split_once("expected one of ").unwrap_or_else(|| panic!("{section}: {refusal}"));
        for field in fields.split(", ") {
            // How etcd is reached stands in a file of its own.
            let is_elsewhere = (section, field) == ("[store]", "etcd");
            let is_named = text.contains(&format!("{field} =")) || text.contains(&format!("[{field}]"));
            assert!(is_named || is_elsewhere, "{section} {field}");
        }
    }
}
