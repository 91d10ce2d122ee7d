//! Forgetting what ended long ago, and nothing else.

use super::*;
use crate::store::{CommitError, DUE, DueRecord, Expected, KEYS, Mutation, OWNED, RecordKey, USED, Write, encode};

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

async fn count(fixture: &Fixture, prefix: &str) -> usize {
    fixture.store.list(prefix, None, 1000).await.unwrap().len()
}

#[tokio::test]
async fn an_ended_key_is_forgotten_a_week_later_to_the_second() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let issued = fixture.issue_to(&holder).await.unwrap();
    let id = issued.info.access_key_id;
    let Ok(Lookup::Known(key)) = fixture.keys.find(&id).await else { panic!("not found") };
    fixture.keys.note_use(&key);
    fixture.keys.last_uses.write().await.unwrap();
    let due = issued.info.expires_at.unwrap() + WEEK;
    fixture.clock.set(due - SignedDuration::from_millis(1));
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 0);
    assert_eq!(fixture.keys.show(&id).await.unwrap().unwrap().status, KeyStatus::Expired);
    fixture.clock.set(due);
    assert!(fixture.keys.forget_due().await.unwrap() > 0);
    assert!(fixture.keys.show(&id).await.unwrap().is_none());
    for prefix in [KEYS, OWNED, DUE] {
        assert_eq!(count(&fixture, prefix).await, 0, "{prefix}");
    }
    assert_eq!(fixture.store.list(USED, None, 10).await.unwrap().len(), 0);
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 0, "once is enough");
    // Its token is not.
    fixture.issue_to(&holder).await.unwrap();
}

#[tokio::test]
async fn what_lives_or_was_made_by_a_person_is_never_forgotten() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let permanent = fixture.issue(Grant::from_token(&holder, Permission::Admin, KeyLife::Permanent)).await.unwrap();
    let ended_static = fixture.create_with(Some(fixture.in_seconds(60))).await;
    let imported = id("AKIAIOSFODNN7EXAMPLE");
    fixture.import(&imported).await.unwrap();
    let revoked = fixture.create().await;
    fixture.keys.revoke(&revoked).await.unwrap().unwrap();
    fixture.clock.advance(SignedDuration::from_hours(24 * 3650));
    let temporary = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 0);
    for alive in [&permanent.info.access_key_id, &imported, &temporary] {
        assert!(is_known(&fixture.keys.find(alive).await), "{alive}");
    }
    assert_eq!(fixture.keys.show(&ended_static).await.unwrap().unwrap().status, KeyStatus::Expired);
    assert_eq!(fixture.keys.show(&revoked).await.unwrap().unwrap().status, KeyStatus::Revoked);
    assert!(matches!(fixture.import(&revoked).await, Err(KeysError::AlreadyExists(_))), "its id is not used again");
}

#[tokio::test]
async fn i12_a_used_assertion_is_forgotten_when_it_could_not_pass_any_more() {
    let fixture = Fixture::new().await;
    let until = fixture.in_seconds(300);
    let grant = || Grant::from_evidence(&saml("Reader", "_a1", until), Permission::Write, seconds(43_200));
    let id = fixture.issue(grant()).await.unwrap().info.access_key_id;
    fixture.clock.set(until + SignedDuration::from_hours(1) - SignedDuration::from_millis(1));
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 0);
    assert!(matches!(fixture.issue(grant()).await, Err(KeysError::AlreadyUsed)));
    fixture.clock.set(until + SignedDuration::from_hours(1));
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 1);
    assert!(is_known(&fixture.keys.find(&id).await), "the key that it made is not forgotten with it");
}

#[tokio::test]
async fn more_than_one_page_is_forgotten_at_once_and_by_two_nodes_together() {
    let fixture = Fixture::new().await;
    let other = fixture.another_node().await;
    let holder = fixture.new_holder(Permission::Write).await;
    for _ in 0..230 {
        fixture.issue_to(&holder).await.unwrap();
    }
    fixture.clock.advance(WEEK + SignedDuration::from_hours(1));
    let (here, there) = tokio::join!(fixture.keys.forget_due(), other.forget_due());
    let (here, there) = (here.unwrap(), there.unwrap());
    assert_eq!(here + there, 3 * 230, "each record is removed by one of them: {here} and {there}");
    assert_eq!(count(&fixture, DUE).await + count(&fixture, KEYS).await + count(&fixture, OWNED).await, 0);
}

#[tokio::test]
async fn a_node_whose_clock_is_behind_forgets_later_and_one_ahead_forgets_nothing_that_lives() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let id = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    let at = |hours: i64| Arc::new(SettableClock::new(fixture.clock.now() + SignedDuration::from_hours(hours)));
    let store = || Arc::clone(&fixture.store) as Arc<dyn KeyStore>;
    let (ahead, behind) = (at(6 * 24), at(-6 * 24));
    let ahead_node = open(store(), Arc::clone(&ahead), CacheSettings::default()).await;
    let behind_node = open(store(), behind, CacheSettings::default()).await;
    assert_eq!(ahead_node.forget_due().await.unwrap() + behind_node.forget_due().await.unwrap(), 0);
    assert!(is_known(&fixture.keys.find(&id).await));
    ahead.advance(SignedDuration::from_hours(25));
    assert_eq!(ahead_node.forget_due().await.unwrap(), 3);
    assert_eq!(behind_node.forget_due().await.unwrap(), 0);
}

#[tokio::test]
async fn a_slow_node_does_not_forget_what_was_made_under_the_same_name_since() {
    let fixture = Fixture::new().await;
    let other = fixture.another_node().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let id = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    fixture.clock.advance(WEEK + SignedDuration::from_hours(1));
    fixture.store.stop_next_commit();
    let slow = tokio::spawn(async move { other.forget_due().await });
    fixture.store.stopped.acquire().await.unwrap().forget();
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 3);
    // The id is free now, and an administrator brings a key of that id along.
    fixture.import(&id).await.unwrap();
    fixture.store.go_on.add_permits(1);
    assert_eq!(slow.await.unwrap().unwrap(), 0);
    assert!(is_known(&fixture.keys.find(&id).await));
}

#[tokio::test]
async fn an_unreadable_note_does_not_keep_the_others() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let put = |key, value| Write { key, expected: Expected::Absent, change: Mutation::Put(value) };
    let twice = DueRecord { names: vec!["used/a".into(), "used/a".into()] };
    let notes = vec![
        put(RecordKey::for_due(0, "newer"), bytes::Bytes::from_static(br#"{"v":2,"record":{}}"#)),
        put(RecordKey::for_due(1, "twice"), encode(&twice)),
        put(RecordKey::parse("due/nonsense").unwrap(), encode(&DueRecord { names: vec![] })),
    ];
    fixture.store.commit(notes).await.unwrap();
    for _ in 0..120 {
        fixture.issue_to(&holder).await.unwrap();
    }
    fixture.clock.advance(WEEK + SignedDuration::from_hours(1));
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 3 * 120);
    assert_eq!(count(&fixture, KEYS).await, 0);
}

#[tokio::test]
async fn a_store_that_fails_is_told_of_and_what_is_due_stays_due() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    fixture.issue_to(&holder).await.unwrap();
    fixture.clock.advance(WEEK + SignedDuration::from_hours(1));
    fixture.store.fail_next_commit();
    assert!(matches!(fixture.keys.forget_due().await, Err(KeysError::Store(_))));
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 3);
    let taken = fixture.store.create(RecordKey::for_due(0, "a"), encode(&DueRecord { names: vec![] })).await;
    assert!(!matches!(taken, Err(CommitError::Conflict(_))));
}

#[tokio::test]
async fn what_is_due_is_forgotten_without_being_asked() {
    let fixture =
        Fixture::with(CacheSettings { forget_every: Duration::from_millis(5), ..CacheSettings::default() }).await;
    let holder = fixture.new_holder(Permission::Write).await;
    let id = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    fixture.clock.advance(WEEK + SignedDuration::from_hours(1));
    eventually("it is forgotten", async || fixture.keys.show(&id).await.unwrap().is_none()).await;
}
