//! Killed at any moment, the store holds whole keys, and everything that was acknowledged.
//!
//! The child is this test program again, running only `the_child_that_is_killed`: it creates and
//! revokes keys and says on standard output what was acknowledged.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use portcullis::clock::SystemClock;
use portcullis::identity::{AccessKeyId, OrganizationId, Permission, SecretAccessKey};
use portcullis::keys::{CacheSettings, KeyStatus, Keys, Lookup, NewStaticKey};
use portcullis::sigv4::SigningKey;
use portcullis::store;
use rand::Rng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

const FOLDER: &str = "PORTCULLIS_TEST_CRASH_FOLDER";
const ROUNDS: usize = 200;
/// Rounds that share a folder; a fresh one means that the creation of a store is interrupted too.
const ROUNDS_PER_FOLDER: usize = 20;

async fn open(folder: &Path) -> Arc<Keys> {
    let mut random = UnwrapErr(SysRng);
    let (store, seal) = store::open_sealed(&folder.join("store.redb"), &folder.join("seal.key"), &mut random).unwrap();
    let organization = OrganizationId::parse("ab1cd2").unwrap();
    Keys::open(store, seal, Arc::new(SystemClock), organization, CacheSettings::default(), &mut random).await.unwrap()
}

#[tokio::test]
async fn the_child_that_is_killed() {
    // Run by itself it has nothing to do.
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let say = |line: String| std::io::stdout().write_all(line.as_bytes()).unwrap();
    let keys = open(&folder).await;
    say("ready\n".into());
    loop {
        let request = NewStaticKey { permission: Permission::Write, ..NewStaticKey::default() };
        let (kept, secret) = keys.create_static(request, &mut UnwrapErr(SysRng)).await.unwrap();
        say(format!("created {} {}\n", kept.access_key_id, secret.expose()));
        let request = NewStaticKey { permission: Permission::Write, ..NewStaticKey::default() };
        let (ended, secret) = keys.create_static(request, &mut UnwrapErr(SysRng)).await.unwrap();
        say(format!("created {} {}\n", ended.access_key_id, secret.expose()));
        say(format!("revoking {}\n", ended.access_key_id));
        keys.revoke(&ended.access_key_id).await.unwrap().unwrap();
        say(format!("revoked {}\n", ended.access_key_id));
    }
}

/// What the child said of a key, at last.
struct Acknowledged {
    secret: SecretAccessKey,
    revoking: bool,
    revoked: bool,
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_no_half_key_and_loses_nothing_acknowledged() {
    let mut random = UnwrapErr(SysRng);
    let (mut created, mut revoked, mut interrupted) = (0, 0, 0);
    for _ in 0..ROUNDS / ROUNDS_PER_FOLDER {
        let folder = tempfile::tempdir().unwrap();
        let mut acknowledged = HashMap::new();
        let mut unacknowledged = 0;
        for round in 0..ROUNDS_PER_FOLDER {
            // The first rounds of a folder are killed early, while everything is being set up; the others
            // after some progress, so that a slow machine tries as much as a fast one.
            let (lines, longest) = if round < 3 { (0, 30_000) } else { (random.next_u64() % 24, 3_000) };
            let delay = Duration::from_micros(random.next_u64() % longest);
            let said = run_and_kill(folder.path(), lines, delay);
            listen(&said, &mut acknowledged);
            unacknowledged = verify(folder.path(), &acknowledged).await;
        }
        interrupted += unacknowledged;
        created += acknowledged.len();
        revoked += acknowledged.values().filter(|key| key.revoked).count();
    }
    // Otherwise nothing was tried.
    assert!(created > ROUNDS && revoked > ROUNDS / 4, "{created} created, {revoked} revoked");
    println!("{created} keys created, {revoked} revoked, {interrupted} changes cut off before they were acknowledged");
}

/// Kills the child `delay` after it said so many lines, and returns all that it said.
fn run_and_kill(folder: &Path, lines: u64, delay: Duration) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::the_child_that_is_killed", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    for _ in 0..lines {
        assert_ne!(output.read_line(&mut said).unwrap(), 0, "it ended by itself");
    }
    std::thread::sleep(delay);
    assert!(child.try_wait().unwrap().is_none(), "it was still running");
    // SIGKILL.
    child.kill().unwrap();
    output.read_to_string(&mut said).unwrap();
    let mut complaints = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
    child.wait().unwrap();
    assert!(complaints.is_empty(), "{complaints}");
    said
}

fn listen(said: &str, acknowledged: &mut HashMap<AccessKeyId, Acknowledged>) {
    // What follows the last line break was cut off.
    let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
    for line in whole.lines() {
        // The test harness talks too, and does not end its line before the child begins.
        let words: Vec<_> = line.split(' ').collect();
        let words = &words[words.iter().position(|word| VERBS.contains(word)).unwrap_or(words.len())..];
        match words {
            ["created", id, secret] => {
                let secret = SecretAccessKey::parse(Zeroizing::new((*secret).to_owned())).unwrap();
                let key = Acknowledged { secret, revoking: false, revoked: false };
                assert!(acknowledged.insert(AccessKeyId::parse(id).unwrap(), key).is_none());
            }
            ["revoking", id] => acknowledged.get_mut(*id).unwrap().revoking = true,
            ["revoked", id] => acknowledged.get_mut(*id).unwrap().revoked = true,
            _ => {}
        }
    }
}

const VERBS: [&str; 3] = ["created", "revoking", "revoked"];

/// Returns how many changes were made but not acknowledged.
async fn verify(folder: &Path, acknowledged: &HashMap<AccessKeyId, Acknowledged>) -> usize {
    let keys = open(folder).await;
    let day = date(2026, 5, 6);
    let mut unacknowledged = 0;
    for (id, expected) in acknowledged {
        match keys.find(id).await.unwrap() {
            Lookup::Known(key) => {
                assert!(!expected.revoked, "the revocation of {id} was acknowledged");
                let message = b"message";
                let right = SigningKey::derive(&expected.secret, day, "us-east-1", "s3").mac(message);
                assert_eq!(key.signing_key(day, "us-east-1", "s3").mac(message), right);
            }
            Lookup::Unknown(_) => {
                assert!(expected.revoking, "the creation of {id} was acknowledged");
                unacknowledged += usize::from(!expected.revoked);
            }
        }
    }
    let listed = keys.list(None, usize::MAX).await.unwrap();
    assert!(listed.len() >= acknowledged.len());
    for info in listed {
        let id = &info.access_key_id;
        // A whole key can be used, a revoked one cannot; anything between is an error.
        let usable = matches!(keys.find(id).await.unwrap(), Lookup::Known(_));
        assert_eq!(usable, info.status == KeyStatus::Active, "{id}");
        unacknowledged += usize::from(!acknowledged.contains_key(id));
    }
    keys.shutdown().await;
    unacknowledged
}
