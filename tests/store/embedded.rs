//! The suite on the embedded store.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use portcullis::store::{self, EmbeddedStore, KeyStore};
use tempfile::TempDir;

use crate::conformance::{self, Subject};

struct Embedded(TempDir);

impl Subject for Embedded {
    fn open(&self) -> BoxFuture<'_, Arc<dyn KeyStore>> {
        Box::pin(async { store::open_embedded(&self.0.path().join("store.redb")).unwrap() })
    }
}

fn embedded() -> Embedded {
    Embedded(tempfile::tempdir().unwrap())
}

macro_rules! suite {
    ($($test:ident,)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            conformance::$test(&embedded()).await;
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

#[tokio::test]
async fn m09_an_older_copy_is_refused_until_somebody_accepts_it() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("store.redb"), folder.path().join("copy.redb"));
    let key = |name: &str| store::RecordKey::parse(name).unwrap();
    let value = |text: &'static str| bytes::Bytes::from_static(text.as_bytes());
    let opened = EmbeddedStore::open(&path).unwrap();
    opened.create(key("a"), value("key")).await.unwrap();
    drop(opened);
    std::fs::copy(&path, &copy).unwrap();
    let opened = EmbeddedStore::open(&path).unwrap();
    opened.delete(key("a"), store::Expected::Any).await.unwrap();
    drop(opened);
    drop(EmbeddedStore::open(&path).expect("a restart is no restore"));
    std::fs::copy(&copy, &path).unwrap();
    let Err(error) = EmbeddedStore::open(&path) else { panic!("it opened") };
    assert!(error.to_string().contains("portcullis store accept-restore"), "{error}");
    assert!(EmbeddedStore::accept_restore(&path).unwrap());
    let opened = EmbeddedStore::open(&path).unwrap();
    assert!(opened.load(&key("a")).await.unwrap().is_some());
    drop(opened);
    assert!(!EmbeddedStore::accept_restore(&path).unwrap(), "once is enough");
    // A store that begins anew brings nothing back.
    std::fs::remove_file(&path).unwrap();
    drop(EmbeddedStore::open(&path).unwrap());
}
