//! A node becomes a fleet and a fleet a node: with all keys, and without any that was revoked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portcullis::app::App;
use portcullis::clock::SystemClock;
use portcullis::store::{self, Expected, RecordKey, Write};
use tempfile::TempDir;

use crate::nodes::{Fleet, Node};
use crate::program::{self, json, refused, text};
use crate::support::setup::{SEAL_KEY_OF_FLEETS, Setup};
use crate::support::sign::TestKey;

/// The configuration of a node with a store of its own, and the folder with both.
struct Alone {
    folder: TempDir,
    config: PathBuf,
}

impl Alone {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut setup = Setup::new("http://127.0.0.1:1".to_owned());
        setup.seal_keys = vec![SEAL_KEY_OF_FLEETS.to_owned()];
        let config = setup.write(folder.path());
        Self { folder, config }
    }

    fn config(&self) -> &str {
        text(&self.config)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn new_key(&self) -> TestKey {
        let made = json(&["key", "create", "--permission", "read", "--config", self.config()]).await;
        let word = |name: &str| made[name].as_str().unwrap().to_owned();
        TestKey { id: word("accessKeyId"), secret: word("secretKey") }
    }

    async fn revoke(&self, key: &TestKey) {
        json(&["key", "revoke", &key.id, "--config", self.config()]).await;
    }

    async fn keys(&self) -> serde_json::Value {
        json(&["key", "list", "--config", self.config()]).await
    }
}

async fn answers(nodes: &[Node], standing: &TestKey, revoked: &TestKey) {
    for node in nodes {
        assert_eq!(node.get(standing).await.status, 200);
        assert_eq!(node.get(revoked).await.status, 403);
    }
}

/// The configuration of a node that does not run, in a folder of its own.
fn of_fleet(fleet: &Fleet) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let config = fleet.configuration(folder.path());
    (folder, config)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_one_node_works_on_a_fleet_after_export_and_import_and_a_revoked_one_does_not() {
    let (alone, mut fleet) = (Alone::new(), Fleet::start(1, 0).await);
    let (standing, ended) = (alone.new_key().await, alone.new_key().await);
    alone.revoke(&ended).await;
    let file = alone.path("export");
    let exported = json(&["store", "export", text(&file), "--config", alone.config()]).await;
    assert_eq!((exported["records"]["key"].as_u64(), exported["resumed"].as_bool()), (Some(2), Some(false)));
    let (_folder, config) = of_fleet(&fleet);
    let imported = json(&["store", "import", text(&file), "--config", text(&config)]).await;
    assert_eq!(imported["records"], exported["records"]);
    fleet.add_node().await;
    fleet.add_node().await;
    answers(&fleet.nodes, &standing, &ended).await;

    // Not while nodes run there; and not twice.
    refused(1, &["nodes are running"], &["store", "import", text(&file), "--config", text(&config)]).await;
    for node in std::mem::take(&mut fleet.nodes) {
        node.running.shutdown().await;
    }
    let again = ["store", "import", text(&file), "--config", text(&config)];
    refused(1, &["not empty", "2 of key"], &again).await;
    refused(1, &["is there already"], &["store", "export", text(&file), "--config", alone.config()]).await;
    let absent = alone.path("absent");
    refused(1, &["absent"], &["store", "import", text(&absent), "--config", text(&config)]).await;
    refused(2, &["--config"], &["store", "export", text(&absent), "--api", "http://127.0.0.1:1"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_go_from_a_node_to_a_fleet_and_back() {
    let (alone, mut fleet) = (Alone::new(), Fleet::start(1, 0).await);
    let (standing, ended) = (alone.new_key().await, alone.new_key().await);
    alone.revoke(&ended).await;
    let keys_before = alone.keys().await;
    let (_folder, config) = of_fleet(&fleet);
    let there = ["store", "migrate", "--from", alone.config(), "--to", text(&config)];
    let migrated = json(&there).await;
    assert_eq!(migrated["records"]["key"].as_u64(), Some(2), "{migrated}");
    refused(1, &["not empty"], &there).await;
    fleet.add_node().await;
    answers(&fleet.nodes, &standing, &ended).await;

    let back = Alone::new();
    let migrate = ["store", "migrate", "--from", text(&config), "--to", back.config()];
    refused(1, &["nodes are running", "stop the nodes"], &migrate).await;
    assert!(!back.path("portcullis.redb").exists(), "refused before anything was made");
    // By last use, these two would differ.
    let made_there = fleet.nodes[0].new_key().await;
    fleet.nodes.pop().unwrap().running.shutdown().await;
    json(&migrate).await;
    let keys_after = back.keys().await;
    let ids = |keys: &serde_json::Value| {
        let of = |key: &serde_json::Value| (key["accessKeyId"].to_string(), key["status"].to_string());
        keys["accessKeys"].as_array().unwrap().iter().map(of).collect::<std::collections::BTreeMap<_, _>>()
    };
    let mut expected = ids(&keys_before);
    expected.insert(format!("\"{}\"", made_there.id), "\"active\"".to_owned());
    assert_eq!(ids(&keys_after), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_a_server_has_open_is_not_exported() {
    let alone = Alone::new();
    let config = portcullis::config::load(&alone.config).unwrap();
    let running = App::start(config, Arc::new(SystemClock)).await.unwrap();
    let file = alone.path("export");
    let export = ["store", "export", text(&file), "--config", alone.config()];
    refused(1, &["in use by another process"], &export).await;
    running.shutdown().await;
    json(&export).await;
}

/// Nodes go on to issue and revoke. What they had acknowledged when the export began is in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_is_exported_while_it_works_and_no_revocation_is_missing() {
    let fleet = Fleet::start(1, 2).await;
    let mut before = Vec::new();
    for number in 0..10 {
        let (standing, ended) = (fleet.nodes[number % 2].new_key().await, fleet.nodes[number % 2].new_key().await);
        fleet.nodes[(number + 1) % 2].revoke(&ended).await;
        before.push((standing, ended));
    }
    let done = AtomicBool::new(false);
    let working = async {
        while !done.load(Ordering::SeqCst) {
            let key = fleet.nodes[0].new_key().await;
            fleet.nodes[1].revoke(&key).await;
        }
    };
    let alone = Alone::new();
    let file = alone.path("export");
    let config = fleet.nodes[0].configuration();
    let exporting = async {
        let exported = json(&["store", "export", text(&file), "--config", text(&config)]).await;
        done.store(true, Ordering::SeqCst);
        exported
    };
    let ((), exported) = tokio::join!(working, exporting);
    assert!(exported["records"]["key"].as_u64() >= Some(20), "{exported}");
    json(&["store", "import", text(&file), "--config", alone.config()]).await;
    let keys = alone.keys().await;
    let status = |key: &TestKey| {
        let all = keys["accessKeys"].as_array().unwrap();
        all.iter().find(|found| found["accessKeyId"] == *key.id).map(|found| found["status"].clone())
    };
    for (standing, ended) in &before {
        assert_eq!(status(standing).unwrap(), "active");
        assert_eq!(status(ended).unwrap(), "revoked");
    }
}

/// Kills the program with SIGKILL as soon as it has got further. False if it came to its end before.
async fn killed_on_its_way(arguments: &[&str], progress: impl AsyncFn() -> u64) -> bool {
    let start = progress().await;
    let mut child = program::start(arguments);
    while progress().await == start {
        if child.try_wait().unwrap().is_some() {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{output:?}");
            return false;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

async fn fill(path: &Path, count: usize) {
    let store = store::open_embedded(path).unwrap();
    for batch in (0..count).collect::<Vec<_>>().chunks(1000) {
        let write = |number: &usize| {
            let name = RecordKey::parse(&format!("bucket/{number:06}")).unwrap();
            Write::put(name, Expected::Absent, format!("{{\"number\":{number}}}").into())
        };
        store.commit(batch.iter().map(write).collect()).await.unwrap();
    }
}

/// A node with many records, a key, and a revoked one.
async fn filled() -> (Alone, TestKey, TestKey) {
    let alone = Alone::new();
    fill(&alone.path("portcullis.redb"), RECORDS).await;
    let (standing, ended) = (alone.new_key().await, alone.new_key().await);
    alone.revoke(&ended).await;
    (alone, standing, ended)
}

/// Fills the store of a fleet by a program that is killed and run again.
async fn fill_fleet_by(verb: &str, fleet: &Fleet, arguments: &[&str], standing: &TestKey, ended: &TestKey) {
    let endpoints = fleet.cluster.endpoints();
    // None while etcd is starting.
    let records = async || {
        let Ok(mut client) = etcd_client::Client::connect(&endpoints, None).await else { return 0 };
        let options = etcd_client::GetOptions::new().with_prefix().with_count_only();
        let found = client.get("/portcullis/bucket/", Some(options)).await;
        found.map_or(0, |found| found.count().unsigned_abs())
    };
    for _ in 0..2 {
        assert!(killed_on_its_way(arguments, records).await, "it was never half-way");
        let refusal = fleet.node_with(&[]).await.err().expect("no server starts on a part").to_string();
        assert!(refusal.contains("only a part of") && refusal.contains(verb), "{refusal}");
    }
    let before = records().await;
    let moved = json(arguments).await;
    assert_eq!((moved["resumed"].as_bool(), moved["records"]["bucket"].as_u64()), (Some(true), Some(RECORDS as u64)));
    assert!(before < records().await);
    assert_eq!(records().await, RECORDS as u64);
    answers(&[fleet.node_with(&[]).await.unwrap()], standing, ended).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_and_an_import_that_are_killed_go_on_and_meanwhile_no_server_starts_on_a_part() {
    let (alone, standing, ended) = filled().await;
    let (file, partial) = (alone.path("export"), alone.path("export.partial"));
    let export = ["store", "export", text(&file), "--config", alone.config()];
    for _ in 0..3 {
        let written = async || std::fs::metadata(&partial).map_or(0, |file| file.len());
        assert!(killed_on_its_way(&export, written).await, "it was never half-way");
        assert!(!file.exists());
    }
    assert_eq!(json(&export).await["resumed"], true);
    assert!(!partial.exists());
    let fleet = Fleet::start(1, 0).await;
    let (_folder, config) = of_fleet(&fleet);
    let import = ["store", "import", text(&file), "--config", text(&config)];
    fill_fleet_by("import", &fleet, &import, &standing, &ended).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_is_killed_goes_on_and_meanwhile_no_server_starts_on_a_part() {
    let ((alone, standing, ended), fleet) = (filled().await, Fleet::start(1, 0).await);
    let (_folder, config) = of_fleet(&fleet);
    let migrate = ["store", "migrate", "--from", alone.config(), "--to", text(&config)];
    fill_fleet_by("migrate", &fleet, &migrate, &standing, &ended).await;
}

const RECORDS: usize = 20_000;
