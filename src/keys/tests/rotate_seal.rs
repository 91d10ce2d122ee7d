//! Secrets sealed anew while keys are made, used and revoked.

use super::*;
use crate::store::{KeyRecord, RecordKey, SealKeyId, Write};

fn key(byte: u8) -> Zeroizing<[u8; 32]> {
    Zeroizing::new([byte; 32])
}

fn new_key() -> SealKeyId {
    SealKeys::new(&key(10)).current()
}

fn old_key() -> SealKeyId {
    SealKeys::new(&key(9)).current()
}

impl Fixture {
    /// A node that seals with the new key, and opens what the old one sealed if `opens_old`.
    async fn node_with_new_key(&self, opens_old: bool) -> Arc<Keys> {
        let seal = SealKeys::new(&key(10));
        let seal = if opens_old { seal.and_opening(&key(9)) } else { seal };
        open_with(Arc::clone(&self.store) as _, Arc::clone(&self.clock), CacheSettings::default(), seal).await
    }

    async fn create_many(&self, count: usize) -> Vec<AccessKeyId> {
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(self.create().await);
        }
        ids
    }
}

#[tokio::test]
async fn every_secret_is_sealed_anew_and_revoked_keys_stay_revoked() {
    let fixture = Fixture::new().await;
    let (living, revoked) = (fixture.create_many(100).await, fixture.create().await);
    fixture.keys.revoke(&revoked).await.unwrap().unwrap();
    let node = fixture.node_with_new_key(true).await;
    let rotated = node.rotate_seal(&mut random()).await.unwrap();
    assert_eq!((rotated.resealed, rotated.already, rotated.failed, rotated.is_complete), (100, 0, 0, true));
    assert_eq!((rotated.current, rotated.in_use), (new_key(), [(new_key(), 100)].into()));
    let again = node.rotate_seal(&mut random()).await.unwrap();
    assert_eq!((again.resealed, again.already, again.is_complete), (0, 100, true));
    let (without_old, with_old_only) = (fixture.node_with_new_key(false).await, fixture.another_node().await);
    for id in &living {
        assert!(is_known(&without_old.find(id).await));
        assert!(matches!(with_old_only.find(id).await, Err(KeysError::Seal(_))));
    }
    assert!(is_unknown(&without_old.find(&revoked).await));
}

#[tokio::test]
async fn a_key_that_is_revoked_while_its_secret_is_sealed_anew_stays_revoked() {
    let fixture = Fixture::new().await;
    let ids = fixture.create_many(20).await;
    let node = fixture.node_with_new_key(true).await;
    fixture.store.stop_next_commit();
    let rotating = {
        let node = Arc::clone(&node);
        tokio::spawn(async move { node.rotate_seal(&mut random()).await })
    };
    // The batch with all of them is made up, and not written yet.
    fixture.store.stopped.acquire().await.unwrap().forget();
    fixture.keys.revoke(&ids[7]).await.unwrap().unwrap();
    let late = fixture.create().await;
    fixture.store.go_on.add_permits(1);
    let rotated = rotating.await.unwrap().unwrap();
    assert_eq!((rotated.resealed, rotated.is_complete, rotated.in_use), (20, true, [(new_key(), 20)].into()));
    let without_old = fixture.node_with_new_key(false).await;
    for id in ids.iter().chain([&late]) {
        assert_eq!(is_known(&without_old.find(id).await), *id != ids[7], "{id}");
    }
    assert!(is_unknown(&fixture.keys.find(&ids[7]).await));
}

#[tokio::test]
async fn two_nodes_may_seal_anew_at_once() {
    let fixture = Fixture::new().await;
    let ids = fixture.create_many(200).await;
    let (one, other) = (fixture.node_with_new_key(true).await, fixture.node_with_new_key(true).await);
    let (mut of_one, mut of_other) = (random(), random());
    let (one_rotated, other_rotated) = tokio::join!(one.rotate_seal(&mut of_one), other.rotate_seal(&mut of_other));
    let (one_rotated, other_rotated) = (one_rotated.unwrap(), other_rotated.unwrap());
    assert_eq!(one_rotated.resealed + other_rotated.resealed, 200);
    assert!(one_rotated.is_complete && other_rotated.is_complete);
    let without_old = fixture.node_with_new_key(false).await;
    for id in &ids {
        assert!(is_known(&without_old.find(id).await));
    }
}

#[tokio::test]
async fn without_the_old_key_nothing_is_lost_and_it_is_named() {
    let fixture = Fixture::new().await;
    let ids = fixture.create_many(3).await;
    let node = fixture.node_with_new_key(false).await;
    let rotated = node.rotate_seal(&mut random()).await.unwrap();
    assert_eq!((rotated.resealed, rotated.failed, rotated.is_complete), (0, 3, false));
    assert_eq!(rotated.in_use, [(old_key(), 3)].into());
    for id in &ids {
        assert!(is_known(&fixture.keys.find(id).await));
    }
}

#[tokio::test]
async fn a_record_keeps_its_end_when_its_secret_is_sealed_anew() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let id = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    let record = RecordKey::for_access_key(&id);
    let before = fixture.store.load(&record).await.unwrap().unwrap();
    assert!(before.until.is_some());
    fixture.node_with_new_key(true).await.rotate_seal(&mut random()).await.unwrap();
    let after = fixture.store.load(&record).await.unwrap().unwrap();
    assert_eq!(after.until, before.until);
    let state = KeyRecord::decode(&record, &after.value).unwrap().state;
    assert_eq!(state.secrets().filter_map(crate::store::SealedSecret::key).collect::<Vec<_>>(), [new_key()]);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_keeps_the_old_key_in_use() {
    let fixture = Fixture::new().await;
    let id = fixture.create().await;
    let odd = RecordKey::for_access_key(&super::id("CWODDODDODDODDODDODD"));
    fixture.store.commit(vec![Write::create(odd, "no record".into())]).await.unwrap();
    let node = fixture.node_with_new_key(true).await;
    let rotated = node.rotate_seal(&mut random()).await.unwrap();
    assert_eq!((rotated.resealed, rotated.failed, rotated.is_complete), (1, 1, false));
    assert!(is_known(&node.find(&id).await));
}
