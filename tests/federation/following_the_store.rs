//! What is in force is what the store holds, or nobody logs in.

use std::sync::Arc;

use portcullis::federation::{Federation, FederationError, LoginError, OidcUpdate};
use portcullis::store::{Change, Expected, KeyStore as _, RecordKey, Revision, WatchEvent};

use crate::fixture::{Fixture, Trusted, eventually, random, settings};
use crate::shaky_store::ShakyStore;

/// A federation that hears only what it is told, its store, and an issuer that it trusts.
async fn deaf() -> (Fixture, Arc<ShakyStore>, Trusted) {
    let mut shaky = None;
    let fixture = Fixture::over(settings(), |store| {
        let store = Arc::new(ShakyStore::new(store));
        store.set_deaf(true);
        shaky = Some(Arc::clone(&store));
        store
    })
    .await;
    let trusted = fixture.trusted().await;
    (fixture, shaky.unwrap(), trusted)
}

fn record(trusted: &Trusted) -> RecordKey {
    RecordKey::for_federation("oidc", &trusted.configuration.uid).unwrap()
}

#[tokio::test]
async fn our_own_changes_are_in_force_when_they_are_acknowledged_not_when_the_watch_tells() {
    let (fixture, store, trusted) = deaf().await;
    fixture.assert_good_token_passes(&trusted).await;
    let key = record(&trusted);
    let created = store.load(&key).await.unwrap().unwrap();
    let off = OidcUpdate { active: Some(false), ..OidcUpdate::default() };
    fixture.federation.update_oidc(&trusted.configuration.uid, off).await.unwrap().unwrap();
    assert!(fixture.verify(&fixture.token(&trusted)).await.is_err());
    // Late news of how it was created changes nothing.
    let late = Change { key: key.clone(), revision: created.revision, value: Some(created.value.clone()) };
    store.tell(&WatchEvent::Changed(late.clone()));
    fixture.federation.delete_oidc(&trusted.configuration.uid).await.unwrap();
    store.tell(&WatchEvent::Changed(late));
    let heard = Change { key: other_key(), revision: Revision(u64::MAX), value: None };
    store.tell(&WatchEvent::Changed(heard));
    tokio::task::yield_now().await;
    assert!(fixture.verify(&fixture.token(&trusted)).await.is_err());
    assert!(fixture.federation.oidc_configurations().is_empty());
}

fn other_key() -> RecordKey {
    RecordKey::for_federation("oidc", "nobody").unwrap()
}

#[tokio::test]
async fn whoever_missed_news_reads_everything_again() {
    let (fixture, store, trusted) = deaf().await;
    fixture.assert_good_token_passes(&trusted).await;
    // Behind its back.
    store.delete(record(&trusted), Expected::Any).await.unwrap();
    fixture.assert_good_token_passes(&trusted).await;
    store.tell(&WatchEvent::Lagged);
    let gone = async || fixture.federation.oidc_configurations().is_empty();
    eventually("the listing replaces what was known", gone).await;
    assert!(fixture.verify(&fixture.token(&trusted)).await.is_err());
}

#[tokio::test]
async fn while_the_store_cannot_be_followed_nobody_logs_in() {
    let (fixture, store, trusted) = deaf().await;
    store.set_failing(true);
    store.hang_up();
    let token = fixture.token(&trusted);
    let refused = async || matches!(fixture.verify(&token).await, Err(LoginError::Store(_)));
    eventually("nobody logs in", refused).await;
    let new = crate::fixture::new_configuration("https://a.example.com");
    assert!(matches!(fixture.federation.create_oidc(new, &mut random()).await, Err(FederationError::Store(_))));
    store.set_failing(false);
    eventually("it recovers", async || fixture.verify(&token).await.is_ok()).await;
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_no_reason_to_go_on_without_it() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let token = fixture.token(&trusted);
    fixture.assert_good_token_passes(&trusted).await;
    let unreadable = [&b"{}"[..], br#"{"v":2,"record":{}}"#, br#"{"v":1,"record":{"uid":"nobody","and":"more"}}"#, b""];
    for bytes in unreadable {
        fixture.store.create(other_key(), bytes::Bytes::from_static(bytes)).await.unwrap();
        let refused = async || matches!(fixture.verify(&token).await, Err(LoginError::Store(_)));
        eventually("nobody logs in", refused).await;
        let opened = Federation::open(Arc::clone(&fixture.store), Arc::clone(&fixture.clock) as _, &settings()).await;
        assert!(matches!(opened, Err(FederationError::Record(_))));
        fixture.store.delete(other_key(), Expected::Any).await.unwrap();
        eventually("it recovers", async || fixture.verify(&token).await.is_ok()).await;
    }
}

#[tokio::test]
async fn a_record_under_another_name_is_not_believed() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let stored = fixture.store.load(&record(&trusted)).await.unwrap().unwrap();
    fixture.store.create(other_key(), stored.value).await.unwrap();
    let token = fixture.token(&trusted);
    let refused = async || matches!(fixture.verify(&token).await, Err(LoginError::Store(_)));
    eventually("nobody logs in", refused).await;
}
