//! Forgetting what ended long ago, and nothing else.

use super::*;
use crate::store::{KEYS, OWNED, USED};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn count(fixture: &Fixture, prefix: &str) -> usize {
    fixture.store.list(prefix, None, 1000).await.unwrap().len()
}

#[tokio::test]
async fn an_ended_key_is_forgotten_an_hour_later_to_the_second() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let issued = fixture.issue_to(&holder).await.unwrap();
    let id = issued.info.access_key_id;
    let Ok(Lookup::Known(key)) = fixture.keys.find(&id).await else { panic!("not found") };
    fixture.keys.note_use(&key);
    fixture.keys.last_uses.write().await.unwrap();
    let due = issued.info.expires_at.unwrap() + HOUR;
    fixture.clock.set(due - SignedDuration::from_millis(1));
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 0);
    assert_eq!(fixture.keys.show(&id).await.unwrap().unwrap().status, KeyStatus::Expired);
    fixture.clock.set(due);
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 3);
    assert!(fixture.keys.show(&id).await.unwrap().is_none());
    for prefix in [KEYS, OWNED, USED] {
        assert_eq!(count(&fixture, prefix).await, 0, "{prefix}");
    }
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 0, "once is enough");
    // Its token is not.
    fixture.issue_to(&holder).await.unwrap();
}

#[tokio::test]
async fn what_is_left_of_a_revoked_temporary_key_is_forgotten_with_it() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let issued = fixture.issue_to(&holder).await.unwrap();
    let id = issued.info.access_key_id;
    fixture.keys.revoke(&id).await.unwrap().unwrap();
    fixture.clock.set(issued.info.expires_at.unwrap() + HOUR - SignedDuration::from_secs(1));
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 0);
    assert_eq!(fixture.keys.show(&id).await.unwrap().unwrap().status, KeyStatus::Revoked);
    fixture.clock.set(issued.info.expires_at.unwrap() + HOUR);
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 2);
    assert!(fixture.keys.show(&id).await.unwrap().is_none());
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
    fixture.clock.set(until + HOUR * 25 - SignedDuration::from_millis(1));
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 2, "the key that it made, and whose that is");
    assert!(is_unknown(&fixture.keys.find(&id).await));
    assert!(matches!(fixture.issue(grant()).await, Err(KeysError::AlreadyUsed)));
    fixture.clock.set(until + HOUR * 25);
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 1);
    assert!(fixture.issue(grant()).await.is_ok());
}

#[tokio::test]
async fn an_id_that_is_free_again_is_not_forgotten_on_account_of_the_key_that_had_it() {
    let fixture = Fixture::new().await;
    let other = fixture.another_node().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let id = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    fixture.clock.advance(HOUR * 13);
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 2);
    // An administrator brings a key of that id along.
    fixture.import(&id).await.unwrap();
    assert_eq!(other.forget_due().await.unwrap(), 0);
    assert!(is_known(&fixture.keys.find(&id).await));
}

#[tokio::test]
async fn a_store_that_fails_is_told_of_and_what_is_due_stays_due() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    fixture.issue_to(&holder).await.unwrap();
    fixture.clock.advance(HOUR * 13);
    fixture.store.set_failing(true);
    assert!(matches!(fixture.keys.forget_due().await, Err(KeysError::Store(_))));
    fixture.store.set_failing(false);
    assert_eq!(fixture.keys.forget_due().await.unwrap(), 2);
}

#[tokio::test]
async fn what_is_due_is_forgotten_without_being_asked() {
    let fixture =
        Fixture::with(CacheSettings { forget_every: Duration::from_millis(5), ..CacheSettings::default() }).await;
    let holder = fixture.new_holder(Permission::Write).await;
    let id = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    fixture.clock.advance(HOUR * 13);
    eventually("it is forgotten", async || fixture.keys.show(&id).await.unwrap().is_none()).await;
}
