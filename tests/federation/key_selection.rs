//! Which key a token is verified with: one of the configured issuer's own, and nothing that the token
//! brings along.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::fixture::{Fixture, new_configuration, refusal};
use crate::issuer::{SigningKey, StubIssuer, encode, with};

#[tokio::test]
async fn h04_keys_and_addresses_in_a_token_are_not_looked_at() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let (attacker, attackers_key) = (StubIssuer::start().await, SigningKey::ec256());
    attacker.publish(&[attackers_key.jwk("a")]);
    let keys = format!("{}/keys", attacker.url());
    let headers = [
        json!({"jku": keys}),
        json!({"x5u": keys}),
        json!({"jwk": attackers_key.jwk("a")}),
        json!({"x5c": ["MIIB"]}),
        json!({"jku": keys, "kid": "new"}),
        json!({"jku": 7, "jwk": "no key", "x5c": {}}),
    ];
    for header in headers {
        let signed_by = |key: &SigningKey| {
            let header = with(json!({"alg": "ES256", "kid": "a"}), &header);
            key.token(&header, &fixture.claims(&trusted.stub.url()))
        };
        refusal(fixture.verify(&signed_by(&attackers_key)).await);
        if header.get("kid").is_none() {
            assert!(fixture.verify(&signed_by(&trusted.key)).await.is_ok(), "{header}");
        }
    }
    assert!(attacker.asked().is_empty(), "a token's address was asked");
}

#[tokio::test]
async fn h04_headers_that_would_have_to_be_understood_are_refused() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let headers = [
        json!({"crit": ["b64"], "b64": false}),
        json!({"crit": []}),
        json!({"crit": "exp"}),
        json!({"typ": "logout+jwt"}),
        json!({"typ": "secevent+jwt"}),
        json!({"typ": "JWE"}),
        json!({"typ": 1}),
        json!({"alg": ["ES256"]}),
    ];
    for header in headers {
        let good = json!({"alg": "ES256", "kid": "a"});
        let header = encode(with(good, &header).to_string().as_bytes());
        let signed = format!("{header}.{}", encode(fixture.claims(&trusted.stub.url()).to_string().as_bytes()));
        let signature = encode(&trusted.key.sign("ES256", signed.as_bytes()));
        refusal(fixture.verify(&format!("{signed}.{signature}")).await);
    }
    for kind in [json!(null), json!("JWT"), json!("jwt"), json!("at+jwt"), json!("application/at+JWT")] {
        let token = fixture.token_with(&trusted, &json!({"typ": kind}), &json!({}));
        assert!(fixture.verify(&token).await.is_ok(), "{kind}");
    }
}

#[tokio::test]
async fn h05_a_key_id_is_a_name_in_a_list_and_nothing_else() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let strange = ["../../../../dev/null", "a' OR '1'='1", "a\0", "A", " a", "a ", "", "keys/a", "http://127.0.0.1/"];
    for key_id in strange {
        let token = fixture.token_with(&trusted, &json!({"kid": key_id}), &json!({}));
        refusal(fixture.verify(&token).await);
    }
    for key_id in [json!("x".repeat(257)), json!("x".repeat(1 << 20)), json!(1), json!(["a"]), json!({"a": 1})] {
        let token = fixture.token_with(&trusted, &json!({"kid": key_id}), &json!({}));
        refusal(fixture.verify(&token).await);
    }
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn h05_a_name_that_two_keys_have_means_neither() {
    let fixture = Fixture::new().await;
    let (stub, ours, other) = (StubIssuer::start().await, SigningKey::ec256(), SigningKey::ec256());
    fixture.create(new_configuration(&stub.url())).await;
    let token = |key: &SigningKey, header: Value| key.token(&header, &fixture.claims(&stub.url()));
    let named = json!({"alg": "ES256", "kid": "a"});
    let unnamed = json!({"alg": "ES256"});

    let verify = async |keys: &[Value], token: &str| {
        stub.publish(keys);
        let fresh = fixture.another_node().await;
        crate::fixture::verify(&fresh, token).await
    };
    let several = "the issuer has several keys that the token may mean";
    let twice = [other.jwk("a"), ours.jwk("a")];
    assert_eq!(refusal(verify(&twice, &token(&ours, named.clone())).await), several);
    assert_eq!(refusal(verify(&twice, &token(&other, named.clone())).await), several);
    // Without a name, a token means the only key that fits.
    let two = [other.jwk("b"), ours.jwk("a")];
    assert_eq!(refusal(verify(&two, &token(&ours, unnamed.clone())).await), several);
    assert!(verify(&two, &token(&ours, named.clone())).await.is_ok());
    assert!(verify(&[ours.jwk("a")], &token(&ours, unnamed.clone())).await.is_ok());
    assert!(verify(&[ours.bare_jwk()], &token(&ours, unnamed.clone())).await.is_ok());
    // A key of another kind does not fit, and a name that another kind has is still a name.
    let of_two_kinds = [SigningKey::ed().jwk("a"), ours.jwk("a")];
    assert!(verify(&of_two_kinds, &token(&ours, named.clone())).await.is_ok());
    assert!(verify(&of_two_kinds, &token(&ours, unnamed)).await.is_ok());
    let reason = refusal(verify(&[SigningKey::ed().jwk("a")], &token(&ours, named)).await);
    assert_eq!(reason, "the issuer's key is not for the token's algorithm");
}

#[tokio::test]
async fn h06_two_issuers_may_use_the_same_key_id() {
    let fixture = Fixture::new().await;
    let (one, two) = (fixture.trusted().await, fixture.trusted().await);
    for (signer, claimed) in [(&one, &two), (&two, &one)] {
        let forged = signer.key.token(&json!({"alg": "ES256", "kid": "a"}), &fixture.claims(&claimed.stub.url()));
        assert_eq!(refusal(fixture.verify(&forged).await), "the token's signature is not valid");
        fixture.assert_good_token_passes(signer).await;
        assert_eq!(refusal(fixture.verify(&forged).await), "the token's signature is not valid");
    }
}

#[tokio::test]
async fn h07_no_spelling_of_an_issuer_reaches_the_keys_of_another() {
    let fixture = Fixture::new().await;
    let (one, two) = (fixture.trusted().await, fixture.trusted().await);
    let (first, second) = (one.stub.url(), two.stub.url());
    fixture.assert_good_token_passes(&one).await;
    fixture.assert_good_token_passes(&two).await;
    let (asked_one, asked_two) = (one.stub.asked().len(), two.stub.asked().len());
    let spellings =
        [format!("{first}{second}"), format!("{first}\n{second}"), format!("{first}:a"), format!("{first}/a")];
    for issuer in spellings.into_iter().chain([format!("{first}\0{second}"), format!("{first},{second}")]) {
        for key_id in ["a", &format!("a{second}"), &format!("{second}/a")] {
            let token = two.key.token(&json!({"alg": "ES256", "kid": key_id}), &fixture.claims(&issuer));
            assert!(refusal(fixture.verify(&token).await).starts_with("no active OIDC configuration"));
        }
    }
    assert_eq!((one.stub.asked().len(), two.stub.asked().len()), (asked_one, asked_two));
}

#[tokio::test]
async fn h08_tokens_that_begin_and_end_alike_are_each_verified() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let padding = "x".repeat(5000);
    let token = |subject: &str| {
        fixture.token_with(&trusted, &json!({}), &json!({"a": padding, "sub": subject, "zzz": padding}))
    };
    let (alice, bob) = (token("alice"), token("bobby"));
    assert!(fixture.verify(&alice).await.unwrap().evidence.principal().as_str().ends_with(":alice"));
    assert!(fixture.verify(&bob).await.unwrap().evidence.principal().as_str().ends_with(":bobby"));
    // The head of one token with the signature of the other, both just verified.
    let (head, _) = alice.rsplit_once('.').unwrap();
    let (_, signature) = bob.rsplit_once('.').unwrap();
    refusal(fixture.verify(&format!("{head}.{signature}")).await);
}

#[tokio::test]
async fn texts_that_are_no_tokens_are_refused() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let good = fixture.token(&trusted);
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let repeated = fixture.claims(&trusted.stub.url()).to_string().replace('{', "{\"sub\":\"mallory\",");
    let signed = format!("{header}.{}", encode(repeated.as_bytes()));
    let repeated = format!("{signed}.{}", encode(&trusted.key.sign("ES256", signed.as_bytes())));
    let deep =
        fixture.token_with(&trusted, &json!({}), &json!({"a": (0..20).fold(json!(1), |inner, _| json!([inner]))}));
    let long = fixture.token_with(&trusted, &json!({}), &json!({"a": "x".repeat(16 << 10)}));
    let texts = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "{}".to_owned(),
        format!("{good}.{signature}"),
        format!("{header}.{claims}.{signature}="),
        format!(" {good}"),
        format!("{good}\n"),
        format!("Bearer {good}"),
        good.replace('.', ":"),
        format!("{header}..{signature}"),
        format!("{header}.{}.{signature}", encode(b"[]")),
        repeated,
        deep,
        long,
    ];
    for text in &texts {
        refusal(fixture.verify(text).await);
    }
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn many_logins_at_once_are_verified_side_by_side() {
    let fixture = Arc::new(Fixture::new().await);
    let trusted = fixture.trusted().await;
    let token = fixture.token(&trusted);
    let logins: Vec<_> = (0..50)
        .map(|_| {
            let (fixture, token) = (Arc::clone(&fixture), token.clone());
            tokio::spawn(async move { fixture.verify(&token).await.is_ok() })
        })
        .collect();
    for login in logins {
        assert!(login.await.unwrap());
    }
    assert_eq!(trusted.stub.asked(), ["/.well-known/openid-configuration", "/keys"]);
}
