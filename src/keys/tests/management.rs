//! Issuing, listing, suspending, revoking; signing keys and last uses.

use jiff::civil::date;

use super::*;
use crate::sigv4::SigningKey;
use crate::store::MintedFrom;

#[tokio::test]
async fn j13_a_key_verifies_for_the_day_and_region_of_each_request() {
    let fixture = Fixture::new().await;
    let request = NewStaticKey { permission: Permission::Write, ..NewStaticKey::default() };
    let (info, secret) = fixture.keys.create_static(request, &mut random()).await.unwrap();
    assert_eq!(
        (info.status, info.permission, info.minted_from),
        (KeyStatus::Active, Permission::Write, MintedFrom::Static { imported: false })
    );
    let Ok(Lookup::Known(key)) = fixture.keys.find(&info.access_key_id).await else { panic!("not found") };
    assert_eq!(key.principal.as_str(), format!("static/{}", info.access_key_id));
    let (day, next_day) = (date(2026, 5, 6), date(2026, 5, 7));
    for (date, region) in [(day, "us-east-1"), (next_day, "us-east-1"), (day, "eu-west-1"), (day, "us-east-1")] {
        let expected = SigningKey::derive(&secret, date, region, "s3").mac(b"message");
        assert_eq!(key.signing_key(date, region, "s3").mac(b"message"), expected, "{date} {region}");
    }
    assert_eq!(key.remembered_scopes(), 3);
    for number in 0..100 {
        let region = format!("region-{number}");
        let expected = SigningKey::derive(&secret, day, &region, "s3").mac(b"message");
        assert_eq!(key.signing_key(day, &region, "s3").mac(b"message"), expected);
    }
    assert_eq!(key.remembered_scopes(), 16);
}

#[tokio::test]
async fn j12_ids_are_not_used_twice_even_after_a_revocation() {
    let fixture = Fixture::new().await;
    let id = id("AKIAIOSFODNN7EXAMPLE");
    assert_eq!(fixture.import(&id).await.unwrap().minted_from, MintedFrom::Static { imported: true });
    assert!(matches!(fixture.import(&id).await, Err(KeysError::AlreadyExists(_))));
    fixture.keys.revoke(&id).await.unwrap().unwrap();
    assert!(matches!(fixture.import(&id).await, Err(KeysError::AlreadyExists(_))));
    assert!(is_unknown(&fixture.keys.find(&id).await));
}

#[tokio::test]
async fn a_key_without_permission_or_that_ended_already_is_not_made() {
    let fixture = Fixture::new().await;
    let nothing = NewStaticKey::default();
    let ended =
        NewStaticKey { permission: Permission::Read, expires_at: Some(fixture.clock.now()), ..NewStaticKey::default() };
    for request in [nothing, ended] {
        assert!(matches!(fixture.keys.create_static(request, &mut random()).await, Err(KeysError::Invalid(_))));
    }
    assert!(fixture.keys.list(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn revoking_destroys_the_secret_and_leaves_a_tombstone() {
    let fixture = Fixture::new().await;
    let id = fixture.create().await;
    let name = crate::store::RecordKey::for_access_key(&id);
    let stored = async || fixture.store.load(&name).await.unwrap().unwrap().value;
    assert!(String::from_utf8_lossy(&stored().await).contains("secret"));
    let first = fixture.keys.revoke(&id).await.unwrap().unwrap();
    assert_eq!((first.status, first.revoked_at), (KeyStatus::Revoked, Some(fixture.clock.now())));
    assert!(!String::from_utf8_lossy(&stored().await).contains("secret"));
    fixture.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(fixture.keys.revoke(&id).await.unwrap().unwrap(), first, "revoking again changes nothing");
    assert!(matches!(fixture.keys.suspend(&id).await, Err(KeysError::Revoked(_))));
    assert!(fixture.keys.revoke(&super::id("CWINVENTEDINVENTED22")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_suspension_holds_until_it_is_ended_and_over_a_restart() {
    let fixture = Fixture::new().await;
    let id = fixture.create().await;
    let Ok(Lookup::Known(key)) = fixture.keys.find(&id).await else { panic!("not found") };
    assert!(!fixture.keys.is_suspended(&key.principal));
    let suspended = fixture.keys.suspend(&id).await.unwrap().unwrap();
    assert_eq!(suspended.status, KeyStatus::Suspended);
    assert!(fixture.keys.is_suspended(&key.principal));
    assert!(fixture.another_node().await.is_suspended(&key.principal));
    fixture.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(fixture.keys.suspend(&id).await.unwrap().unwrap().suspended_since, suspended.suspended_since);
    assert_eq!(fixture.keys.resume(&id).await.unwrap().unwrap().status, KeyStatus::Active);
    assert!(!fixture.keys.is_suspended(&key.principal));
    assert!(!fixture.another_node().await.is_suspended(&key.principal));
}

#[tokio::test]
async fn keys_are_listed_in_pages_with_their_last_use() {
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    for _ in 0..25 {
        ids.push(fixture.create().await);
    }
    ids.sort();
    for used in [3, 11, 24] {
        let Ok(Lookup::Known(key)) = fixture.keys.find(&ids[used]).await else { panic!("not found") };
        fixture.keys.note_use(&key);
    }
    fixture.keys.last_uses.write().await.unwrap();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = fixture.keys.list(after.as_ref(), 10).await.unwrap();
        assert!(page.len() <= 10);
        let Some(last) = page.last() else { break };
        after = Some(last.access_key_id.clone());
        listed.extend(page);
    }
    assert_eq!(listed.iter().map(|info| info.access_key_id.clone()).collect::<Vec<_>>(), ids);
    let used: Vec<_> = (0..25).filter(|&position| listed[position].last_used.is_some()).collect();
    assert_eq!(used, [3, 11, 24]);
}

#[tokio::test]
async fn a_last_use_is_coarse_rare_and_never_undoes_a_revocation() {
    let fixture = Fixture::new().await;
    let id = fixture.create().await;
    let Ok(Lookup::Known(key)) = fixture.keys.find(&id).await else { panic!("not found") };
    let name = crate::store::RecordKey::for_use_of(&id);
    let revision = async || fixture.store.load(&name).await.unwrap().map(|stored| stored.revision);
    for _ in 0..10 {
        fixture.keys.note_use(&key);
        fixture.keys.last_uses.write().await.unwrap();
    }
    let first = revision().await.expect("written");
    assert_eq!(fixture.keys.show(&id).await.unwrap().unwrap().last_used, "2026-05-06T07:08:00Z".parse().ok());
    fixture.keys.note_use(&key);
    fixture.keys.last_uses.write().await.unwrap();
    assert_eq!(revision().await, Some(first), "once a minute");

    fixture.clock.advance(SignedDuration::from_secs(60));
    fixture.keys.note_use(&key);
    fixture.keys.revoke(&id).await.unwrap().unwrap();
    // Ends the background work, which writes what was noted before the revocation.
    fixture.keys.shutdown().await;
    assert!(revision().await > Some(first), "it was written after the revocation");
    assert!(is_unknown(&fixture.another_node().await.find(&id).await));
}

#[tokio::test]
async fn a_last_use_that_cannot_be_written_is_kept() {
    let fixture = Fixture::new().await;
    let id = fixture.create().await;
    let Ok(Lookup::Known(key)) = fixture.keys.find(&id).await else { panic!("not found") };
    fixture.keys.note_use(&key);
    fixture.store.set_failing(true);
    assert!(fixture.keys.last_uses.write().await.is_err());
    fixture.store.set_failing(false);
    fixture.keys.last_uses.write().await.unwrap();
    assert!(fixture.keys.show(&id).await.unwrap().unwrap().last_used.is_some());
}

#[tokio::test]
async fn dropping_the_service_lets_go_of_the_store() {
    let fixture = Fixture::new().await;
    let Fixture { keys, store, .. } = fixture;
    assert!(Arc::strong_count(&store) > 1);
    drop(keys);
    eventually("the background work ended", async || Arc::strong_count(&store) == 1).await;
}
