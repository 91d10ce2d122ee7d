//! An issuer's keys from one hour to the next: rotated, revoked, asked for too often, kept while the
//! issuer is away.

use std::time::Duration;

use portcullis::config;
use serde_json::json;

use crate::fixture::{Fixture, eventually, refusal, settings, unavailable};
use crate::issuer::{Behaviour, SigningKey};

const HOUR: i64 = 3600;

#[tokio::test]
async fn h09_a_key_that_the_issuer_has_dropped_ends_with_the_set_it_was_in() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    trusted.stub.cache_control("public, max-age=600");
    fixture.assert_good_token_passes(&trusted).await;
    let successor = SigningKey::ec256();
    trusted.stub.publish(&[successor.jwk("b")]);
    fixture.advance(599);
    fixture.assert_good_token_passes(&trusted).await;
    eventually("the set was renewed before its end", async || trusted.stub.asked_for_keys() == 2).await;
    let dropped = async || fixture.verify(&fixture.token(&trusted)).await.is_err();
    eventually("the dropped key is refused", dropped).await;
    assert_eq!(
        refusal(fixture.verify(&fixture.token(&trusted)).await),
        "the issuer has no such key, and was asked a moment ago"
    );
    let token = successor.token(&json!({"alg": "ES256", "kid": "b"}), &fixture.claims(&trusted.stub.url()));
    assert!(fixture.verify(&token).await.is_ok());
    // An empty set is a set too.
    trusted.stub.publish(&[]);
    fixture.advance(601);
    let token = successor.token(&json!({"alg": "ES256", "kid": "b"}), &fixture.claims(&trusted.stub.url()));
    assert_eq!(refusal(fixture.verify(&token).await), "the issuer has no such key");
}

#[tokio::test]
async fn h09_a_set_is_used_as_long_as_the_issuer_says_within_bounds() {
    // What it says, and how long (in seconds) that is taken to mean.
    let sayings = [
        ("max-age=600", 600),
        ("public, MAX-AGE=\"600\", must-revalidate", 600),
        ("max-age=1", 300),
        ("no-store", 300),
        ("no-cache, max-age=7200", 300),
        ("max-age=99999999", 24 * HOUR),
        ("max-age=soon", HOUR),
        ("private", HOUR),
    ];
    for (saying, expected) in sayings {
        let fixture = Fixture::new().await;
        let trusted = fixture.trusted().await;
        trusted.stub.cache_control(saying);
        fixture.assert_good_token_passes(&trusted).await;
        fixture.advance(expected * 3 / 4);
        fixture.assert_good_token_passes(&trusted).await;
        assert_eq!(trusted.stub.asked_for_keys(), 1, "{saying}");
        fixture.advance(expected / 4);
        fixture.assert_good_token_passes(&trusted).await;
        assert_eq!(trusted.stub.asked_for_keys(), 2, "{saying}");
    }
}

#[tokio::test]
async fn a_new_key_is_found_at_its_first_use() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    fixture.assert_good_token_passes(&trusted).await;
    let successor = SigningKey::ec256();
    trusted.stub.publish(&[trusted.key.jwk("a"), successor.jwk("b")]);
    let token = successor.token(&json!({"alg": "ES256", "kid": "b"}), &fixture.claims(&trusted.stub.url()));
    assert!(fixture.verify(&token).await.is_ok());
    fixture.assert_good_token_passes(&trusted).await;
    assert_eq!(trusted.stub.asked_for_keys(), 2);
}

/// Some issuers have one key without a name, or keep the name when they change the key.
#[tokio::test]
async fn a_key_that_takes_the_place_of_another_is_found_at_its_first_use() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    fixture.assert_good_token_passes(&trusted).await;
    let mut asked = trusted.stub.asked_for_keys();
    for (header, name) in [(json!({"alg": "ES256"}), "b"), (json!({"alg": "ES256", "kid": "a"}), "a")] {
        let successor = SigningKey::ec256();
        trusted.stub.publish(&[successor.jwk(name)]);
        let token = successor.token(&header, &fixture.claims(&trusted.stub.url()));
        assert!(fixture.verify(&token).await.is_ok(), "{header}");
        asked += 1;
        assert_eq!(trusted.stub.asked_for_keys(), asked);
        let strangers = SigningKey::ec256().token(&header, &fixture.claims(&trusted.stub.url()));
        for _ in 0..100 {
            refusal(fixture.verify(&strangers).await);
        }
        assert_eq!(
            trusted.stub.asked_for_keys(),
            asked,
            "wrong signatures make us ask no more often than unknown keys"
        );
        fixture.advance(30);
    }
}

#[tokio::test]
async fn h17_a_flood_of_unknown_keys_is_one_question_in_half_a_minute() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    fixture.assert_good_token_passes(&trusted).await;
    let flood = async |round: i64| {
        for number in 0..1000 {
            // Nobody has to be able to sign to send these.
            let header = json!({"kid": format!("random-{round}-{number}")});
            refusal(fixture.verify(&fixture.token_with(&trusted, &header, &json!({}))).await);
        }
    };
    flood(0).await;
    assert_eq!(trusted.stub.asked_for_keys(), 2, "once for the first login, once for a thousand unknown keys");
    fixture.advance(29);
    flood(1).await;
    assert_eq!(trusted.stub.asked_for_keys(), 2);
    fixture.advance(1);
    flood(2).await;
    assert_eq!(trusted.stub.asked_for_keys(), 3);
    fixture.advance(30);
    flood(3).await;
    assert_eq!(trusted.stub.asked_for_keys(), 4);
    assert_eq!(trusted.stub.asked().len(), 8);
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn h17_a_flood_for_an_issuer_that_fails_is_bounded_too() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    trusted.stub.discovery(Behaviour::Status(500));
    for _ in 0..100 {
        unavailable(fixture.verify(&fixture.token(&trusted)).await);
    }
    assert_eq!(trusted.stub.asked().len(), 1);
    // Nobody can log in: so it is asked again sooner than for an unknown key.
    fixture.advance(4);
    unavailable(fixture.verify(&fixture.token(&trusted)).await);
    assert_eq!(trusted.stub.asked().len(), 1);
    trusted.stub.discovery(Behaviour::Serve);
    fixture.advance(1);
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn h16_the_last_good_keys_serve_while_the_issuer_is_away_but_not_for_ever() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    fixture.assert_good_token_passes(&trusted).await;
    trusted.stub.jwks(Behaviour::Status(503));
    for _ in 0..23 {
        fixture.advance(HOUR);
        fixture.assert_good_token_passes(&trusted).await;
    }
    assert_eq!(trusted.stub.asked_for_keys(), 24, "it was asked once an hour, in vain");
    fixture.advance(HOUR - 1);
    fixture.assert_good_token_passes(&trusted).await;
    fixture.advance(1);
    assert!(unavailable(fixture.verify(&fixture.token(&trusted)).await).contains("503"));
    // And when it is back, all is well.
    trusted.stub.jwks(Behaviour::Serve);
    fixture.advance(30);
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn h16_how_long_the_last_good_keys_serve_is_configured() {
    let settings = config::Federation { keep_last_keys: Duration::from_mins(90), ..settings() };
    let fixture = Fixture::with(settings).await;
    let trusted = fixture.trusted().await;
    fixture.assert_good_token_passes(&trusted).await;
    trusted.stub.discovery(Behaviour::Status(500));
    fixture.advance(90 * 60 - 1);
    fixture.assert_good_token_passes(&trusted).await;
    fixture.advance(1);
    unavailable(fixture.verify(&fixture.token(&trusted)).await);
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_stop_logins() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    fixture.assert_good_token_passes(&trusted).await;
    // Nobody can tell how old the set is now: it is renewed.
    fixture.advance(-24 * HOUR);
    fixture.assert_good_token_passes(&trusted).await;
    assert_eq!(trusted.stub.asked_for_keys(), 2);
    trusted.stub.publish(&[trusted.key.jwk("b")]);
    fixture.advance(-HOUR);
    let token = fixture.token_with(&trusted, &json!({"kid": "b"}), &json!({}));
    assert!(fixture.verify(&token).await.is_ok(), "a new key is still found");
}

#[tokio::test]
async fn h16_a_clock_that_was_set_back_does_not_make_the_last_keys_good_for_longer() {
    let settings = config::Federation { keep_last_keys: Duration::from_mins(90), ..settings() };
    let fixture = Fixture::with(settings).await;
    let trusted = fixture.trusted().await;
    fixture.assert_good_token_passes(&trusted).await;
    trusted.stub.discovery(Behaviour::Status(500));
    fixture.advance(-365 * 24 * HOUR);
    fixture.assert_good_token_passes(&trusted).await;
    fixture.advance(90 * 60 - 1);
    fixture.assert_good_token_passes(&trusted).await;
    fixture.advance(1);
    unavailable(fixture.verify(&fixture.token(&trusted)).await);
}
