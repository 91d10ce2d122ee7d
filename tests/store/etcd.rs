//! The suite on etcd, and what is different there: several who write, members that go, changes that are forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use portcullis::clock::{Clock as _, SystemClock};
use portcullis::config::Etcd;
use portcullis::store::{CommitError, EtcdStore, KeyStore, OpenError, RecordKey, WatchEvent};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::conformance::{self, Subject};
use crate::etcd_cluster::Cluster;

fn settings(cluster: &Cluster, prefix: &str) -> Etcd {
    Etcd {
        endpoints: cluster.endpoints(),
        prefix: prefix.to_owned(),
        tls: None,
        login: None,
        max_staleness: Duration::from_secs(5),
        node_memory: None,
        quota: 2 << 30,
    }
}

async fn open(settings: &Etcd) -> Arc<EtcdStore> {
    Arc::new(EtcdStore::open(settings, Arc::new(SystemClock), &mut random()).await.unwrap())
}

fn random() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

fn key(text: &str) -> RecordKey {
    RecordKey::parse(text).unwrap()
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

struct InEtcd(Cluster);

impl Subject for InEtcd {
    fn open(&self) -> BoxFuture<'_, Arc<dyn KeyStore>> {
        Box::pin(async { open(&settings(&self.0, "/portcullis/")).await as Arc<dyn KeyStore> })
    }
}

macro_rules! suite {
    ($($test:ident,)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            conformance::$test(&InEtcd(Cluster::start(1))).await;
        })*
    };
}

suite! {
    a_record_is_created_once_changed_and_removed,
    a_change_of_an_older_revision_is_a_conflict_that_names_the_record,
    a_batch_is_made_whole_or_not_at_all,
    a_record_cannot_be_named_twice_in_a_batch,
    lists_are_in_byte_order_bounded_and_resume_after_a_record,
    a_watch_reports_every_change_in_order,
    a_change_is_reported_before_its_commit_returns,
    a_record_keeps_its_end_until_it_is_put_anew,
    a_watch_that_falls_behind_says_so,
    writers_at_once_lose_no_update,
    of_many_that_create_the_same_record_one_succeeds,
    everything_survives_reopening_and_revisions_go_on,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_writes_another_reads_and_hears() {
    let cluster = Cluster::start(1);
    let settings = settings(&cluster, "/portcullis/");
    let (one, other) = (open(&settings).await, open(&settings).await);
    let mut heard = other.watch("key/").await.unwrap();
    let revision = one.create(key("key/A"), bytes("one")).await.unwrap();
    assert_eq!(other.load(&key("key/A")).await.unwrap().unwrap().revision, revision);
    let WatchEvent::Changed(change) = heard.next().await.unwrap() else { panic!("nothing was missed") };
    assert_eq!((change.key, change.revision, change.value), (key("key/A"), revision, Some(bytes("one"))));
    let refused = other.create(key("key/A"), bytes("other")).await;
    assert!(matches!(refused, Err(CommitError::Conflict(name)) if name == key("key/A")));
    assert!(one.is_current() && other.is_current());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_prefixes_are_two_stores() {
    let cluster = Cluster::start(1);
    let one = open(&settings(&cluster, "/one/")).await;
    let other = open(&settings(&cluster, "/other/")).await;
    let mut heard = other.watch("").await.unwrap();
    one.create(key("a"), bytes("one")).await.unwrap();
    assert!(other.load(&key("a")).await.unwrap().is_none());
    other.create(key("a"), bytes("other")).await.unwrap();
    let WatchEvent::Changed(change) = heard.next().await.unwrap() else { panic!("nothing was missed") };
    assert_eq!(change.value, Some(bytes("other")));
    assert_eq!(one.list("", None, 10).await.unwrap().iter().filter(|(name, _)| *name == key("a")).count(), 1);
}

/// Each member in turn, the leader among them. What was acknowledged is there, and what is written meanwhile is
/// written once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_may_go_at_any_time() {
    let mut cluster = Cluster::start(3);
    let settings = settings(&cluster, "/portcullis/");
    let store = open(&settings).await;
    let mut heard = store.watch("count/").await.unwrap();
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let writing = {
        let (store, acknowledged) = (Arc::clone(&store), Arc::clone(&acknowledged));
        tokio::spawn(async move {
            let mut number = 0;
            loop {
                match store.create(key(&format!("count/{number:06}")), bytes("x")).await {
                    Ok(_) => {
                        acknowledged.fetch_add(1, Ordering::SeqCst);
                        number += 1;
                    }
                    // Nobody answered: whether it was written, the next attempt tells.
                    Err(CommitError::Store(_)) => {}
                    Err(CommitError::Conflict(_)) => number += 1,
                    Err(other) => panic!("{other}"),
                }
            }
        })
    };
    let progress = async |more: usize| {
        let goal = acknowledged.load(Ordering::SeqCst) + more;
        let reached = async {
            while acknowledged.load(Ordering::SeqCst) < goal {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reached).await.expect("writing goes on");
    };
    for member in 0..3 {
        progress(50).await;
        cluster.kill(member);
        progress(50).await;
        cluster.restart(member);
    }
    progress(50).await;
    writing.abort();
    let _ = writing.await;
    let acknowledged = acknowledged.load(Ordering::SeqCst);
    let mut names = Vec::new();
    while names.len() < acknowledged {
        let event = tokio::time::timeout(Duration::from_secs(10), heard.next()).await.expect("all are reported");
        let Some(WatchEvent::Changed(change)) = event else { panic!("nothing was missed") };
        names.push(change.key);
    }
    let mut once = names.clone();
    once.dedup();
    assert_eq!(once, names, "each is reported once");
    assert!(names.is_sorted(), "in the order in which they were written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_cluster_a_store_says_that_it_is_not_current_and_with_it_is_again() {
    let mut cluster = Cluster::start(1);
    let settings = Etcd { max_staleness: Duration::from_secs(2), ..settings(&cluster, "/portcullis/") };
    let store = open(&settings).await;
    store.create(key("a"), bytes("before")).await.unwrap();
    // One that listens: the store is not current for who does not.
    let (mut watch, (tell, mut heard)) = (store.watch("a").await.unwrap(), tokio::sync::mpsc::unbounded_channel());
    tokio::spawn(async move {
        while let Some(event) = watch.next().await {
            if tell.send(event).is_err() {
                return;
            }
        }
    });
    let becomes = async |current: bool| {
        let reached = async {
            while store.is_current() != current {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(15), reached).await.expect("it does in time");
    };
    assert!(store.is_current());
    cluster.kill(0);
    becomes(false).await;
    assert!(matches!(store.load(&key("a")).await, Err(error) if error.to_string().contains("does not answer")));
    assert!(matches!(store.create(key("b"), bytes("x")).await, Err(CommitError::Store(_))));
    cluster.restart(0);
    becomes(true).await;
    assert_eq!(store.load(&key("a")).await.unwrap().unwrap().value, bytes("before"));
    let revision = store.delete(key("a"), portcullis::store::Expected::Any).await.unwrap();
    let event = tokio::time::timeout(Duration::from_secs(10), heard.recv()).await.unwrap();
    assert!(
        matches!(event, Some(WatchEvent::Changed(change)) if change.revision == revision && change.value.is_none())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m09_a_node_that_was_away_notices_that_an_older_copy_was_restored_meanwhile() {
    let (mut cluster, folder) = (Cluster::start(1), tempfile::tempdir().unwrap());
    let settings = Etcd { node_memory: Some(folder.path().join("memory")), ..settings(&cluster, "/portcullis/") };
    let store = open(&settings).await;
    let first = store.create(key("a"), bytes("key")).await.unwrap();
    drop(store);
    cluster.keep("older");
    let store = open(&settings).await;
    store.compare_and_set(key("a"), first, bytes("revoked")).await.unwrap();
    drop(store);
    cluster.put_back("older");
    // Somebody writes, and the revisions pass what they were before.
    let forgetful = Etcd { node_memory: None, ..settings.clone() };
    let stranger = open(&forgetful).await;
    for _ in 0..20 {
        stranger.delete(key("b"), portcullis::store::Expected::Any).await.unwrap();
        stranger.create(key("b"), bytes("x")).await.unwrap();
    }
    let refused = |opened: Result<EtcdStore, OpenError>| match opened {
        Err(OpenError::WentBack(reason)) => reason,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it opened"),
    };
    let reason = refused(EtcdStore::open(&settings, Arc::new(SystemClock), &mut random()).await);
    assert!(reason.contains("portcullis store accept-restore"), "{reason}");
    let told = async {
        while stranger.is_current() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), told).await.expect("who had noticed nothing is told");
    refused(EtcdStore::open(&forgetful, Arc::new(SystemClock), &mut random()).await);
    assert!(EtcdStore::accept_restore(&settings, Arc::new(SystemClock), &mut random()).await.unwrap());
    let store = open(&settings).await;
    assert_eq!(store.load(&key("a")).await.unwrap().unwrap().value, bytes("key"), "as it was accepted");
    drop(store);
    drop(open(&settings).await);
    // The same copy once more: what was accepted was that it was put back then.
    cluster.put_back("older");
    refused(EtcdStore::open(&settings, Arc::new(SystemClock), &mut random()).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m09_a_node_that_runs_notices_that_an_older_copy_was_restored_and_a_restart_of_etcd_is_none() {
    let mut cluster = Cluster::start(1);
    let store = open(&settings(&cluster, "/portcullis/")).await;
    cluster.keep("older");
    let comes_to = async |current: bool| {
        let reached = async {
            while store.is_current() != current {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reached).await.expect("it does in time");
    };
    tokio::time::sleep(Duration::from_secs(3)).await; // beats that the copy does not have
    comes_to(true).await;
    cluster.put_back("older");
    comes_to(false).await;
    tokio::time::sleep(Duration::from_secs(4)).await; // and it does not come back
    assert!(!store.is_current());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_go_goes_by_itself_and_those_who_watch_hear_of_it() {
    let cluster = Cluster::start(1);
    let (one, other) = (open(&settings(&cluster, "/a/")).await, open(&settings(&cluster, "/a/")).await);
    let mut watch = other.watch("t/").await.unwrap();
    // Long ago, so that nobody has to wait for the minute.
    let until = Some(SystemClock.now() - jiff::SignedDuration::from_mins(5));
    let put = |name: &str| portcullis::store::Write::create(key(name), bytes("x")).until(until);
    one.commit(vec![put("t/1"), put("t/2")]).await.unwrap();
    other.commit(vec![put("t/3"), portcullis::store::Write::create(key("t/stays"), bytes("x"))]).await.unwrap();
    let mut gone = Vec::new();
    let all_go = async {
        while gone.len() < 3 {
            if let Some(WatchEvent::Changed(change)) = watch.next().await
                && change.value.is_none()
            {
                gone.push(change.key.as_str().to_owned());
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), all_go).await.expect("etcd lets the lease end");
    gone.sort();
    assert_eq!(gone, ["t/1", "t/2", "t/3"]);
    assert!(one.load(&key("t/stays")).await.unwrap().is_some());
    // The lease of that minute is gone, and one node still takes it for granted.
    one.commit(vec![put("t/4")]).await.unwrap();
    assert!(other.load(&key("t/4")).await.unwrap().is_some());
}
