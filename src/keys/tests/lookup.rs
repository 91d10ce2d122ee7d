//! Look-ups: counted, bounded, and never older than what was acknowledged.

use super::*;

#[tokio::test]
async fn a_key_is_loaded_once_and_then_found_in_memory() {
    let fixture = Fixture::new().await;
    let id = fixture.create().await;
    let before = fixture.store.loads();
    for _ in 0..50 {
        assert!(is_known(&fixture.keys.find(&id).await));
    }
    assert_eq!(fixture.store.loads() - before, 1);
}

#[tokio::test]
async fn j11_many_requests_at_once_share_one_load() {
    let fixture = Fixture::new().await;
    let id = fixture.create().await;
    let before = fixture.store.loads();
    fixture.store.stop_next_load();
    let requests: Vec<_> = (0..100)
        .map(|_| {
            let (keys, id) = (Arc::clone(&fixture.keys), id.clone());
            tokio::spawn(async move { keys.find(&id).await })
        })
        .collect();
    fixture.store.stopped.acquire().await.unwrap().forget();
    // Every request has had its turn, and waits.
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    fixture.store.go_on.add_permits(1);
    for request in requests {
        assert!(is_known(&request.await.unwrap()));
    }
    assert_eq!(fixture.store.loads() - before, 1);
}

#[tokio::test]
async fn j02_a_load_that_began_before_a_revocation_never_answers_after_it() {
    let fixture = Fixture::new().await;
    for revoked in [false, true] {
        let id = fixture.create().await;
        fixture.store.stop_next_load();
        let find = || {
            let (keys, id) = (Arc::clone(&fixture.keys), id.clone());
            tokio::spawn(async move { keys.find(&id).await })
        };
        let early = find();
        // The load has read the living key and holds it.
        fixture.store.stopped.acquire().await.unwrap().forget();
        if revoked {
            fixture.keys.revoke(&id).await.unwrap().unwrap();
        }
        // This one begins after the acknowledgement and joins the load that began before it.
        let late = find();
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        fixture.store.go_on.add_permits(1);
        for found in [early.await.unwrap(), late.await.unwrap(), fixture.keys.find(&id).await] {
            // Without the revocation the same steps find the key.
            assert_eq!(is_unknown(&found), revoked, "{found:?}");
        }
    }
}

#[tokio::test]
async fn unknown_and_revoked_keys_look_alike() {
    let fixture = Fixture::new().await;
    let revoked = fixture.create().await;
    fixture.keys.revoke(&revoked).await.unwrap().unwrap();
    let invented = id("CWINVENTEDINVENTED22");
    let decoys: Vec<_> = [fixture.keys.find(&revoked).await, fixture.keys.find(&invented).await]
        .into_iter()
        .map(|found| match found {
            Ok(Lookup::Unknown(decoy)) => decoy,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(Arc::ptr_eq(&decoys[0], &decoys[1]));
    assert_eq!(decoys[0].permission, Permission::None);
}

#[tokio::test]
async fn j10_a_key_works_at_its_first_request_even_if_its_id_was_tried_before() {
    let fixture = Fixture::new().await;
    let other_node = fixture.another_node().await;
    let id = id("AKIAIOSFODNN7EXAMPLE");
    assert!(is_unknown(&fixture.keys.find(&id).await));
    assert!(is_unknown(&other_node.find(&id).await));
    fixture.import(&id).await.unwrap();
    assert!(is_known(&fixture.keys.find(&id).await));
    eventually("the other node knows the key", async || is_known(&other_node.find(&id).await)).await;
}

#[tokio::test]
async fn j11_a_flood_of_invented_ids_is_bounded_and_evicts_no_key() {
    let settings = CacheSettings { live_entries: 10, absent_entries: 10, ..CacheSettings::default() };
    let fixture = Fixture::with(settings).await;
    let id = fixture.create().await;
    assert!(is_known(&fixture.keys.find(&id).await));
    for number in 0..500 {
        assert!(is_unknown(&fixture.keys.find(&super::id(&format!("INVENTED{number:012}"))).await));
    }
    let before = fixture.store.loads();
    assert!(is_known(&fixture.keys.find(&id).await));
    assert_eq!(fixture.store.loads(), before, "the key is still in memory");
    assert!(fixture.keys.live.remembered_absent().await <= 10);
}

#[tokio::test]
async fn j11_an_invented_id_is_not_loaded_again_and_again() {
    let fixture = Fixture::new().await;
    let invented = id("CWINVENTEDINVENTED22");
    let before = fixture.store.loads();
    // A second is far longer than this loop takes, but a stalled machine may let it pass.
    let start = std::time::Instant::now();
    for _ in 0..50 {
        assert!(is_unknown(&fixture.keys.find(&invented).await));
    }
    assert!(fixture.store.loads() - before == 1 || start.elapsed() > Duration::from_millis(900));
    eventually("it is forgotten within about a second", async || {
        assert!(is_unknown(&fixture.keys.find(&invented).await));
        fixture.store.loads() - before > 1
    })
    .await;
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn the_entry_of_a_temporary_key_ends_with_the_key() {
    let fixture = Fixture::new().await;
    let permanent = fixture.create().await;
    let temporary = fixture.create_with(Some(fixture.in_seconds(2))).await;
    for id in [&permanent, &temporary] {
        assert!(is_known(&fixture.keys.find(id).await));
    }
    let start = std::time::Instant::now();
    let before = fixture.store.loads();
    eventually("the temporary key is loaded anew", async || {
        assert!(is_known(&fixture.keys.find(&temporary).await));
        fixture.store.loads() > before
    })
    .await;
    assert!(start.elapsed() > Duration::from_millis(1500), "it was kept while the key lasted");
    let before = fixture.store.loads();
    assert!(is_known(&fixture.keys.find(&permanent).await));
    assert_eq!(fixture.store.loads(), before, "a permanent key stays");
}

#[tokio::test]
async fn j03_an_expired_key_is_found_so_that_the_caller_can_say_expired() {
    let fixture = Fixture::new().await;
    let end = fixture.in_seconds(60);
    let id = fixture.create_with(Some(end)).await;
    fixture.clock.advance(SignedDuration::from_secs(3600));
    let Ok(Lookup::Known(key)) = fixture.keys.find(&id).await else { panic!("not found") };
    assert_eq!(key.expires_at, Some(end));
    assert!(end < fixture.clock.now());
}

#[tokio::test]
async fn a_store_that_fails_is_an_error_and_neither_known_nor_unknown() {
    let fixture = Fixture::new().await;
    let id = fixture.create().await;
    fixture.store.set_failing(true);
    assert!(matches!(fixture.keys.find(&id).await, Err(KeysError::Store(_))));
    fixture.store.set_failing(false);
    assert!(is_known(&fixture.keys.find(&id).await), "the failure is not remembered");
}

#[tokio::test]
async fn changes_reach_another_node() {
    let fixture = Fixture::new().await;
    let other = fixture.another_node().await;
    let id = fixture.create().await;
    let Ok(Lookup::Known(key)) = other.find(&id).await else { panic!("not found") };
    fixture.keys.suspend(&id).await.unwrap().unwrap();
    assert!(fixture.keys.is_suspended(&key.principal));
    eventually("suspended there", async || other.is_suspended(&key.principal)).await;
    fixture.keys.resume(&id).await.unwrap().unwrap();
    eventually("resumed there", async || !other.is_suspended(&key.principal)).await;
    fixture.keys.revoke(&id).await.unwrap().unwrap();
    eventually("revoked there", async || is_unknown(&other.find(&id).await)).await;
}

#[tokio::test]
async fn a_node_that_missed_changes_lists_again() {
    let fixture = Fixture::new().await;
    let id = fixture.create().await;
    fixture.store.set_deaf(true);
    let deaf = fixture.another_node().await;
    fixture.store.set_deaf(false);
    let Ok(Lookup::Known(key)) = deaf.find(&id).await else { panic!("not found") };
    fixture.keys.suspend(&id).await.unwrap().unwrap();
    assert!(!deaf.is_suspended(&key.principal), "it has not heard of it");
    fixture.store.ears.lock().unwrap()[1].send(crate::store::WatchEvent::Lagged).unwrap();
    eventually("it listed", async || deaf.is_suspended(&key.principal)).await;
}

#[tokio::test]
async fn a_node_that_cannot_follow_the_store_answers_nothing_until_it_can() {
    let fixture = Fixture::new().await;
    let id = fixture.create().await;
    fixture.store.set_deaf(true);
    let deaf = fixture.another_node().await;
    fixture.store.set_deaf(false);
    assert!(is_known(&deaf.find(&id).await));
    fixture.store.set_failing(true);
    // The watch ends, as when a connection breaks.
    fixture.store.ears.lock().unwrap().clear();
    eventually("it refuses what it has in memory", async || matches!(deaf.find(&id).await, Err(KeysError::NotCurrent)))
        .await;
    fixture.store.set_failing(false);
    eventually("it recovers", async || is_known(&deaf.find(&id).await)).await;
}
