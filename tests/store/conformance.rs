//! What every `KeyStore` has to do, as functions over any of them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use portcullis::store::{
    Change, CommitError, Expected, KeyStore, RecordKey, Revision, Versioned, Watch, WatchEvent, Write,
};

/// A store under test: each `open` is the same data, and is let go of before the next.
pub(crate) trait Subject: Sync {
    fn open(&self) -> BoxFuture<'_, Arc<dyn KeyStore>>;
}

fn key(text: &str) -> RecordKey {
    RecordKey::parse(text).unwrap()
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn put(name: &str, expected: Expected, value: &str) -> Write {
    Write::put(key(name), expected, bytes(value))
}

fn conflicts_at(result: &Result<Revision, CommitError>, name: &str) -> bool {
    matches!(result, Err(CommitError::Conflict(found)) if found.as_str() == name)
}

async fn value(store: &dyn KeyStore, name: &str) -> Option<String> {
    let stored = store.load(&key(name)).await.unwrap()?;
    Some(String::from_utf8(stored.value.to_vec()).unwrap())
}

async fn next(watch: &mut Watch) -> WatchEvent {
    tokio::time::timeout(Duration::from_secs(10), watch.next()).await.expect("an event").expect("no end")
}

pub(crate) async fn a_record_is_created_once_changed_and_removed(subject: &dyn Subject) {
    let store = subject.open().await;
    assert_eq!(store.load(&key("a/1")).await.unwrap(), None);
    let first = store.create(key("a/1"), bytes("one")).await.unwrap();
    assert!(conflicts_at(&store.create(key("a/1"), bytes("other")).await, "a/1"));
    let stored = store.load(&key("a/1")).await.unwrap().unwrap();
    assert_eq!(stored, Versioned { value: bytes("one"), revision: first, until: None });
    let second = store.compare_and_set(key("a/1"), first, bytes("two")).await.unwrap();
    assert!(second > first);
    assert!(conflicts_at(&store.delete(key("a/1"), Expected::At(first)).await, "a/1"));
    store.delete(key("a/1"), Expected::At(second)).await.unwrap();
    assert_eq!(value(&*store, "a/1").await, None);
    store.delete(key("a/1"), Expected::Any).await.unwrap();
    let third = store.create(key("a/1"), bytes("")).await.unwrap();
    assert!(third > second, "a record that is created again is a new one");
    assert_eq!(value(&*store, "a/1").await.as_deref(), Some(""));
}

pub(crate) async fn a_change_of_an_older_revision_is_a_conflict_that_names_the_record(subject: &dyn Subject) {
    let store = subject.open().await;
    assert!(conflicts_at(&store.compare_and_set(key("a"), Revision(1), bytes("x")).await, "a"));
    let first = store.create(key("a"), bytes("one")).await.unwrap();
    let second = store.compare_and_set(key("a"), first, bytes("two")).await.unwrap();
    assert!(conflicts_at(&store.compare_and_set(key("a"), first, bytes("x")).await, "a"));
    assert_eq!(value(&*store, "a").await.as_deref(), Some("two"));
    // A change of another record is not a change of this one.
    store.create(key("b"), bytes("one")).await.unwrap();
    assert!(store.compare_and_set(key("a"), second, bytes("three")).await.is_ok());
}

pub(crate) async fn a_batch_is_made_whole_or_not_at_all(subject: &dyn Subject) {
    let store = subject.open().await;
    let first = store.create(key("b"), bytes("old")).await.unwrap();
    for position in 0..3 {
        let mut batch = vec![
            put("a", Expected::Absent, "new"),
            put("b", Expected::At(first), "new"),
            put("c", Expected::Any, "new"),
        ];
        batch[position].expected = Expected::At(Revision(u64::MAX));
        let name = batch[position].key.as_str().to_owned();
        assert!(conflicts_at(&store.commit(batch).await, &name));
        assert_eq!(value(&*store, "a").await, None);
        assert_eq!(value(&*store, "b").await.as_deref(), Some("old"));
        assert_eq!(value(&*store, "c").await, None);
    }
    let batch = vec![
        put("a", Expected::Absent, "new"),
        Write::delete(key("b"), Expected::At(first)),
        put("c", Expected::Any, "new"),
    ];
    let revision = store.commit(batch).await.unwrap();
    assert_eq!(value(&*store, "b").await, None);
    for name in ["a", "c"] {
        assert_eq!(
            store.load(&key(name)).await.unwrap().unwrap(),
            Versioned { value: bytes("new"), revision, until: None }
        );
    }
}

pub(crate) async fn a_record_cannot_be_named_twice_in_a_batch(subject: &dyn Subject) {
    let store = subject.open().await;
    let batch = vec![put("a", Expected::Any, "1"), put("b", Expected::Any, "1"), put("a", Expected::Any, "2")];
    assert!(matches!(store.commit(batch).await, Err(CommitError::Repeated(name)) if name.as_str() == "a"));
    assert_eq!(value(&*store, "a").await, None);
}

pub(crate) async fn lists_are_in_byte_order_bounded_and_resume_after_a_record(subject: &dyn Subject) {
    let store = subject.open().await;
    let mut names: Vec<String> = (0..23).map(|number| format!("k/{}", number * 7 % 23)).collect();
    names.extend(["k/ü".to_owned(), "k/Z".to_owned(), "k/a/b".to_owned(), "k/~".to_owned()]);
    for name in &names {
        store.create(key(name), bytes(name)).await.unwrap();
    }
    for outside in ["k", "j/9", "l/0", "k0"] {
        store.create(key(outside), bytes(outside)).await.unwrap();
    }
    names.sort();
    for limit in [1, 4, 27, 1000] {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = store.list("k/", after.as_ref(), limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            listed.extend(page.into_iter().map(|(name, stored)| {
                assert_eq!(stored.value, bytes(name.as_str()));
                name.as_str().to_owned()
            }));
        }
        assert_eq!(listed, names, "limit {limit}");
    }
    let absent = key("k/15a");
    let page = store.list("k/", Some(&absent), 1).await.unwrap();
    assert_eq!(page[0].0.as_str(), "k/16", "after a record that is not there");
    assert_eq!(store.list("k/", Some(&key("a")), 1).await.unwrap()[0].0.as_str(), "k/0");
    assert!(store.list("k/", Some(&key("z")), 1).await.unwrap().is_empty());
    assert!(store.list("k/", None, 0).await.unwrap().is_empty());
}

pub(crate) async fn a_watch_reports_every_change_in_order(subject: &dyn Subject) {
    let store = subject.open().await;
    store.create(key("w/before"), bytes("unseen")).await.unwrap();
    let mut watch = store.watch("w/").await.unwrap();
    let mut expected = Vec::new();
    for number in 0..50 {
        let (name, text) = (format!("w/{}", number % 7), number.to_string());
        store.create(key(&format!("x/{number}")), bytes("elsewhere")).await.unwrap();
        let revision = store.commit(vec![put(&name, Expected::Any, &text)]).await.unwrap();
        expected.push(Change { key: key(&name), revision, value: Some(bytes(&text)) });
        assert!(store.create(key(&name), bytes("refused")).await.is_err());
    }
    let revision = store.delete(key("w/3"), Expected::Any).await.unwrap();
    expected.push(Change { key: key("w/3"), revision, value: None });
    for change in expected {
        assert_eq!(next(&mut watch).await, WatchEvent::Changed(change));
    }
    assert!(watch.next().now_or_never().is_none(), "nothing more");
}

pub(crate) async fn a_change_is_reported_before_its_commit_returns(subject: &dyn Subject) {
    let store = subject.open().await;
    let mut watch = store.watch("w/").await.unwrap();
    for number in 0..50 {
        assert!(watch.next().now_or_never().is_none());
        let revision = store.create(key(&format!("w/{number}")), bytes("x")).await.unwrap();
        let event = watch.next().now_or_never().expect("no waiting").unwrap();
        assert!(matches!(event, WatchEvent::Changed(change) if change.revision == revision));
    }
}

pub(crate) async fn a_watch_that_falls_behind_says_so(subject: &dyn Subject) {
    let store = subject.open().await;
    let mut watch = store.watch("w/").await.unwrap();
    // More changes than anybody would keep for a reader that does not read.
    for round in 0..110 {
        let batch = (0..100).map(|number| put(&format!("w/{number}"), Expected::Any, &round.to_string())).collect();
        store.commit(batch).await.unwrap();
    }
    let mut seen = 0;
    let lagged = loop {
        match next(&mut watch).await {
            WatchEvent::Lagged => break true,
            WatchEvent::Changed(_) => seen += 1,
        }
        if seen == 110 * 100 {
            break false;
        }
    };
    // Either nothing was lost, or it was said.
    assert!(lagged || seen == 110 * 100);
    let last = store.create(key("w/last"), bytes("x")).await.unwrap();
    loop {
        if let WatchEvent::Changed(change) = next(&mut watch).await
            && change.revision == last
        {
            break;
        }
    }
}

pub(crate) async fn writers_at_once_lose_no_update(subject: &dyn Subject) {
    const WRITERS: u64 = 8;
    const ROUNDS: u64 = 25;
    let store = subject.open().await;
    store.create(key("counter"), bytes("0")).await.unwrap();
    let write = |store: Arc<dyn KeyStore>| async move {
        let mut conflicts = 0_u64;
        for _ in 0..ROUNDS {
            loop {
                let stored = store.load(&key("counter")).await.unwrap().unwrap();
                let count: u64 = std::str::from_utf8(&stored.value).unwrap().parse().unwrap();
                let new = bytes(&(count + 1).to_string());
                match store.compare_and_set(key("counter"), stored.revision, new).await {
                    Ok(_) => break,
                    Err(CommitError::Conflict(_)) => conflicts += 1,
                    Err(other) => panic!("{other}"),
                }
            }
        }
        conflicts
    };
    let writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(write(Arc::clone(&store)))).collect();
    let conflicts: u64 = join_all(writers).await.into_iter().map(Result::unwrap).sum();
    assert!(conflicts > 0, "the writers did get in each other's way");
    assert_eq!(value(&*store, "counter").await, Some((WRITERS * ROUNDS).to_string()));
}

pub(crate) async fn of_many_that_create_the_same_record_one_succeeds(subject: &dyn Subject) {
    let store = subject.open().await;
    for round in 0..10 {
        let name = format!("once/{round}");
        let attempts = (0..8).map(|writer| {
            let (store, name) = (Arc::clone(&store), name.clone());
            tokio::spawn(async move { store.create(key(&name), bytes(&writer.to_string())).await })
        });
        let results: Vec<_> = join_all(attempts).await.into_iter().map(Result::unwrap).collect();
        let winners: Vec<_> = (0..8).filter(|&writer| results[writer].is_ok()).collect();
        assert_eq!(winners.len(), 1);
        assert_eq!(value(&*store, &name).await, Some(winners[0].to_string()));
        assert_eq!(results.iter().filter(|result| conflicts_at(result, &name)).count(), 7);
    }
}

pub(crate) async fn everything_survives_reopening_and_revisions_go_on(subject: &dyn Subject) {
    let mut last = Revision(0);
    for round in 0..5 {
        let store = subject.open().await;
        for earlier in 0..round {
            assert_eq!(value(&*store, &format!("r/{earlier}")).await, Some(earlier.to_string()));
        }
        assert_eq!(value(&*store, "gone").await, None);
        let revision = store.create(key(&format!("r/{round}")), bytes(&round.to_string())).await.unwrap();
        assert!(revision > last);
        store.create(key("gone"), bytes("x")).await.unwrap();
        last = store.delete(key("gone"), Expected::Any).await.unwrap();
    }
}

/// `forget` is what the store does by itself, if it does.
pub(crate) async fn a_record_keeps_its_end_until_it_is_put_anew(subject: &dyn Subject) {
    let store = subject.open().await;
    let minute = |minutes: i64| Some(jiff::Timestamp::from_second((1_900_000_000 / 60 + minutes) * 60).unwrap());
    let until = async |name: &str| store.load(&key(name)).await.unwrap().unwrap().until;
    let batch = vec![
        put("u/ends", Expected::Absent, "1").until(minute(0)),
        put("u/ends-with-it", Expected::Any, "1").until(minute(0)),
        put("u/ends-later", Expected::Absent, "1").until(minute(5)),
        put("u/stays", Expected::Absent, "1"),
    ];
    let revision = store.commit(batch).await.unwrap();
    assert_eq!(until("u/ends").await, minute(0));
    assert_eq!(until("u/ends-later").await, minute(5));
    assert_eq!(until("u/stays").await, None);
    let listed = store.list("u/", None, 10).await.unwrap();
    let ends: Vec<_> = listed.iter().map(|(_, stored)| stored.until).collect();
    assert_eq!(ends, [minute(0), minute(5), minute(0), None]);
    store.compare_and_set(key("u/ends"), revision, bytes("2")).await.unwrap();
    assert_eq!(until("u/ends").await, minute(0), "a tombstone goes when the key would have gone");
    let moved = put("u/ends-later", Expected::At(revision), "2").until(minute(7));
    store.commit(vec![moved]).await.unwrap();
    assert_eq!(until("u/ends-later").await, minute(7));
    store.commit(vec![put("u/ends-later", Expected::Any, "3")]).await.unwrap();
    assert_eq!(until("u/ends-later").await, None, "whoever overwrites it without looking decides");
    store.delete(key("u/ends"), Expected::Any).await.unwrap();
    store.create(key("u/ends"), bytes("3")).await.unwrap();
    assert_eq!(until("u/ends").await, None, "a new record of that name has an end of its own");
}
