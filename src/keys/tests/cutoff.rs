//! Keys that are ended together, and those who go on using them.

use super::*;
use crate::store::{Change, CutoffScope, RecordKey, WatchEvent};

fn everything() -> CutoffScope {
    CutoffScope::Everything {}
}

async fn of_oidc(fixture: &Fixture, configuration: &str, subject: &str) -> AccessKeyId {
    let grant = Grant::from_evidence(&oidc(configuration, subject), Permission::Write, seconds(3600));
    fixture.issue(grant).await.unwrap().info.access_key_id
}

async fn status(keys: &Keys, id: &AccessKeyId) -> KeyStatus {
    keys.show(id).await.unwrap().unwrap().status
}

#[tokio::test]
async fn everything_issued_before_a_moment_ends_and_what_is_issued_later_works_at_once() {
    let fixture = Fixture::new().await;
    let other = fixture.another_node().await;
    let old = fixture.create().await;
    let old_of_other = of_oidc(&fixture, "c1", "alice").await;
    fixture.clock.advance(SignedDuration::from_mins(10));
    let moment = fixture.clock.now();
    let young = fixture.create().await;
    for keys in [&fixture.keys, &other] {
        for id in [&old, &old_of_other, &young] {
            assert!(is_known(&keys.find(id).await), "{id}");
        }
    }
    fixture.keys.cut_off(everything(), Some(moment)).await.unwrap();
    for id in [&old, &old_of_other] {
        assert!(is_unknown(&fixture.keys.find(id).await), "{id} is refused before this is acknowledged");
        eventually("so it is elsewhere", async || is_unknown(&other.find(id).await)).await;
        assert_eq!(status(&other, id).await, KeyStatus::Revoked);
    }
    assert!(is_known(&other.find(&young).await) && is_known(&fixture.keys.find(&young).await));
    assert_eq!(fixture.keys.sweep().await.unwrap(), 2, "their secrets are destroyed");
    assert_eq!(fixture.keys.sweep().await.unwrap(), 0, "once");
    other.shutdown().await;
    drop(other);
    let fixture = fixture.reopened().await;
    assert!(is_unknown(&fixture.keys.find(&old).await) && is_known(&fixture.keys.find(&young).await));
}

#[tokio::test]
async fn what_is_issued_in_the_very_second_of_a_cut_off_works_even_if_a_clock_is_behind() {
    let fixture = Fixture::new().await;
    fixture.clock.advance(SignedDuration::from_millis(300));
    let before = fixture.create().await;
    fixture.keys.cut_off(everything(), None).await.unwrap();
    assert!(is_unknown(&fixture.keys.find(&before).await));
    let after = fixture.create().await;
    assert!(is_known(&fixture.keys.find(&after).await), "issued in the same second, and after it");
    fixture.clock.advance(-SignedDuration::from_secs(30));
    let late = of_oidc(&fixture, "c1", "alice").await;
    assert!(is_known(&fixture.keys.find(&late).await), "issued by a clock that is behind");
}

#[tokio::test]
async fn a_cut_off_is_for_one_principal_or_for_one_provider_and_nobody_else() {
    let fixture = Fixture::new().await;
    let (alice, bob) = (of_oidc(&fixture, "c1", "alice").await, of_oidc(&fixture, "c1", "bob").await);
    let elsewhere = of_oidc(&fixture, "c2", "carol").await;
    let fixed = fixture.create().await;
    let principal = fixture.keys.show(&alice).await.unwrap().unwrap().principal;
    fixture.keys.cut_off(CutoffScope::Principal { principal }, None).await.unwrap();
    assert!(is_unknown(&fixture.keys.find(&alice).await));
    assert!(is_known(&fixture.keys.find(&bob).await));
    let again = of_oidc(&fixture, "c1", "alice").await;
    assert!(is_known(&fixture.keys.find(&again).await), "a principal that proves who it is gets a new one");
    fixture.clock.advance(SignedDuration::from_secs(2));
    fixture.keys.cut_off(CutoffScope::Federation { configuration: "c1".into() }, None).await.unwrap();
    for id in [&alice, &bob, &again] {
        assert!(is_unknown(&fixture.keys.find(id).await), "{id}");
    }
    for id in [&elsewhere, &fixed] {
        assert!(is_known(&fixture.keys.find(id).await), "{id}");
    }
    assert_eq!(fixture.keys.sweep().await.unwrap(), 3);
}

#[tokio::test]
async fn a_cut_off_moves_forward_only_and_never_into_the_future() {
    let fixture = Fixture::new().await;
    let now = fixture.clock.now();
    let key = fixture.create().await;
    fixture.clock.advance(SignedDuration::from_mins(1));
    let moved = fixture.keys.cut_off(everything(), None).await.unwrap().issued_before;
    assert_eq!(fixture.keys.cut_off(everything(), Some(now)).await.unwrap().issued_before, moved);
    assert!(is_unknown(&fixture.keys.find(&key).await));
    let ahead = fixture.clock.now() + SignedDuration::from_secs(5);
    let by_a_clock_that_is_ahead = fixture.keys.cut_off(everything(), Some(ahead)).await.unwrap().issued_before;
    assert!(by_a_clock_that_is_ahead <= ahead && by_a_clock_that_is_ahead >= moved);
    let since = fixture.create().await;
    fixture.keys.cut_off(everything(), None).await.unwrap();
    assert!(is_unknown(&fixture.keys.find(&since).await), "once more in the same second");
    let future = fixture.clock.now() + SignedDuration::from_mins(6);
    assert!(matches!(fixture.keys.cut_off(everything(), Some(future)).await, Err(KeysError::Invalid(_))));
}

#[tokio::test]
async fn an_interrupted_sweep_is_gone_on_with_by_whoever_comes_next() {
    let settings = CacheSettings { forget_every: Duration::from_millis(5), ..CacheSettings::default() };
    let fixture = Fixture::new().await;
    let key = fixture.create().await;
    fixture.keys.cut_off(everything(), None).await.unwrap();
    let holds_secret = async || {
        let stored = fixture.store.load(&RecordKey::for_access_key(&key)).await.unwrap().unwrap();
        String::from_utf8_lossy(&stored.value).contains("secret")
    };
    assert!(holds_secret().await, "nobody has swept");
    let _other = open(Arc::clone(&fixture.store) as _, Arc::clone(&fixture.clock), settings).await;
    eventually("another node does", async || !holds_secret().await).await;
}

/// What a hold on a key found before comes to once `end` has been done.
async fn is_ended_by(fixture: &Fixture, id: &AccessKeyId, end: impl AsyncFnOnce()) -> bool {
    let seen = fixture.keys.ends_seen();
    let Ok(Lookup::Known(key)) = fixture.keys.find(id).await else { panic!("not found") };
    let held = tokio::spawn(fixture.keys.hold(key, seen).ended());
    end().await;
    tokio::time::timeout(Duration::from_millis(500), held).await.is_ok()
}

#[tokio::test]
async fn j05_who_holds_a_key_hears_that_it_was_revoked_in_any_way() {
    let fixture = Fixture::new().await;
    let other = fixture.another_node().await;
    let key = fixture.create().await;
    assert!(is_ended_by(&fixture, &key, async || drop(other.revoke(&key).await.unwrap())).await, "by another node");
    let key = fixture.create().await;
    assert!(is_ended_by(&fixture, &key, async || drop(fixture.keys.suspend(&key).await.unwrap())).await, "suspended");
    let key = of_oidc(&fixture, "c1", "alice").await;
    let cut = async || drop(other.cut_off(everything(), None).await.unwrap());
    assert!(is_ended_by(&fixture, &key, cut).await, "cut off");
    let (token, secret) = fixture.create_token(Permission::Write).await;
    let holder = fixture.keys.login(&secret).await.unwrap().unwrap();
    let key = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    let revoke = async || drop(other.revoke_token(&token.token_id, KeysOfToken::Revoke).await.unwrap());
    assert!(is_ended_by(&fixture, &key, revoke).await, "with its token");
}

#[tokio::test]
async fn who_holds_a_key_is_left_alone_by_the_end_of_another() {
    let fixture = Fixture::new().await;
    let (key, other) = (fixture.create().await, fixture.create().await);
    let third = fixture.create().await;
    assert!(!is_ended_by(&fixture, &key, async || drop(fixture.keys.suspend(&third).await.unwrap())).await);
    assert!(!is_ended_by(&fixture, &key, async || drop(fixture.keys.revoke(&other).await.unwrap())).await);
    let (token, secret) = fixture.create_token(Permission::Write).await;
    let holder = fixture.keys.login(&secret).await.unwrap().unwrap();
    let kept = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    let revoke = async || drop(fixture.keys.revoke_token(&token.token_id, KeysOfToken::Keep).await.unwrap());
    assert!(!is_ended_by(&fixture, &kept, revoke).await, "its token went and left it");
}

#[tokio::test]
async fn j05_an_end_between_the_look_up_and_the_hold_is_not_missed() {
    let fixture = Fixture::new().await;
    let key = fixture.create().await;
    let seen = fixture.keys.ends_seen();
    let Ok(Lookup::Known(found)) = fixture.keys.find(&key).await else { panic!("not found") };
    fixture.keys.revoke(&key).await.unwrap();
    eventually("the follower hears of it", async || fixture.keys.ends_seen() != seen).await;
    let hold = fixture.keys.hold(found, seen);
    assert!(!hold.is_untroubled());
    tokio::time::timeout(Duration::from_secs(5), hold.ended()).await.expect("it has ended");
}

#[tokio::test]
async fn j05_an_end_that_the_store_could_not_tell_of_at_first_is_heard_of_later() {
    let fixture = Fixture::new().await;
    let key = fixture.create().await;
    fixture.store.set_deaf(true);
    let other = fixture.another_node().await;
    let seen = other.ends_seen();
    let Ok(Lookup::Known(found)) = other.find(&key).await else { panic!("not found") };
    let held = tokio::spawn(other.hold(found, seen).ended());
    fixture.keys.revoke(&key).await.unwrap().unwrap();
    let name = RecordKey::for_access_key(&key);
    let stored = fixture.store.load(&name).await.unwrap().unwrap();
    fixture.store.set_failing(true);
    let change = Change { key: name, revision: stored.revision, value: Some(stored.value) };
    fixture.store.ears.lock().unwrap()[0].send(WatchEvent::Changed(change)).unwrap();
    eventually("the follower hears of it", async || other.ends_seen() != seen).await;
    tokio::time::sleep(Duration::from_millis(100)).await; // it is asked, and fails
    assert!(!held.is_finished());
    fixture.store.set_failing(false);
    tokio::time::timeout(Duration::from_secs(5), held).await.expect("it has ended").unwrap();
}
