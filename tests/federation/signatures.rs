//! Who signed a token, and by what algorithm.

use hmac::{Hmac, KeyInit as _, Mac as _};
use portcullis::federation::SigningAlgorithm;
use serde_json::{Value, json};

use crate::fixture::{Fixture, new_configuration, origin, refusal};
use crate::issuer::{SigningKey, StubIssuer, encode, with};

#[tokio::test]
async fn a_token_of_each_algorithm_proves_who_somebody_is() {
    let fixture = Fixture::new().await;
    let keys = [
        ("ES256", SigningKey::ec256()),
        ("ES384", SigningKey::ec384()),
        ("EdDSA", SigningKey::ed()),
        ("PS256", SigningKey::rsa()),
    ];
    for (algorithm, key) in keys {
        let trusted = fixture.trusted_with(algorithm, key).await;
        let passed = fixture.verify(&fixture.token(&trusted)).await.unwrap();
        let issuer = trusted.stub.url();
        assert_eq!(passed.evidence.principal().as_str(), format!("role/{issuer}:alice"), "{algorithm}");
        let (configuration, from, audience, subject, token_id) = origin(&passed.evidence);
        assert_eq!(configuration, trusted.configuration.uid);
        assert_eq!((from, audience), (issuer, crate::fixture::AUDIENCE.to_owned()));
        assert_eq!((subject.as_str(), token_id.as_deref()), ("alice", Some("token-1")));
        assert!(passed.evidence.use_once().is_none() && passed.evidence.session_ends_at().is_none());
        assert!(passed.api_access.is_none());
        if algorithm == "PS256" {
            for algorithm in ["RS256", "RS384", "RS512"] {
                let token = fixture.token_with(&trusted, &json!({"alg": algorithm}), &json!({}));
                assert!(fixture.verify(&token).await.is_ok(), "{algorithm}");
            }
        }
    }
}

#[tokio::test]
async fn h01_an_unsigned_token_is_nobodys() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let good = fixture.token(&trusted);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (_, claims) = signed.split_once('.').unwrap();
    for algorithm in ["none", "None", "nOnE", "NONE", "", "null"] {
        let header = encode(json!({"alg": algorithm, "kid": "a"}).to_string().as_bytes());
        for signature in ["", signature] {
            refusal(fixture.verify(&format!("{header}.{claims}.{signature}")).await);
        }
        refusal(fixture.verify(&format!("{header}.{claims}")).await);
    }
    refusal(fixture.verify(&format!("{signed}.")).await);
    refusal(fixture.verify(signed).await);
    let header = encode(json!({"kid": "a"}).to_string().as_bytes());
    refusal(fixture.verify(&format!("{header}.{claims}.{signature}")).await);
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn h01_a_changed_token_is_nobodys() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let good = fixture.token(&trusted);
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let changed = with(fixture.claims(&trusted.stub.url()), &json!({"sub": "mallory"}));
    let changed = encode(changed.to_string().as_bytes());
    assert_eq!(
        refusal(fixture.verify(&format!("{header}.{changed}.{signature}")).await),
        "the token's signature is not valid"
    );
    let empty = encode(&[0; 64]);
    for signature in [&empty, &signature[..80], &format!("{signature}AAAA"), "AA", "!!!!"] {
        refusal(fixture.verify(&format!("{header}.{claims}.{signature}")).await);
    }
    let other = SigningKey::ec256();
    let forged = other.token(&json!({"alg": "ES256", "kid": "a"}), &fixture.claims(&trusted.stub.url()));
    assert_eq!(refusal(fixture.verify(&forged).await), "the token's signature is not valid");
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn h02_a_public_key_is_no_hmac_secret() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted_with("RS256", SigningKey::rsa()).await;
    let der = trusted.key.public_der();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &der)
    );
    let modulus = trusted.key.bare_jwk()["n"].as_str().unwrap().to_owned();
    let claims = encode(fixture.claims(&trusted.stub.url()).to_string().as_bytes());
    for secret in [der.as_slice(), pem.as_bytes(), modulus.as_bytes(), b""] {
        for algorithm in ["HS256", "HS384", "HS512", "RS256"] {
            let header = encode(json!({"alg": algorithm, "kid": "a"}).to_string().as_bytes());
            let signed = format!("{header}.{claims}");
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
            mac.update(signed.as_bytes());
            let signature = encode(&mac.finalize().into_bytes());
            refusal(fixture.verify(&format!("{signed}.{signature}")).await);
        }
    }
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn h02_the_configuration_says_which_algorithms_count_not_the_token() {
    let fixture = Fixture::new().await;
    let (stub, key) = (StubIssuer::start().await, SigningKey::rsa());
    stub.publish(&[key.jwk("a")]);
    let mut new = new_configuration(&stub.url());
    new.algorithms = vec![SigningAlgorithm::PS256];
    fixture.create(new).await;
    let token = |algorithm: &str| key.token(&json!({"alg": algorithm, "kid": "a"}), &fixture.claims(&stub.url()));
    for algorithm in ["RS256", "RS384", "RS512"] {
        let expected = format!("the configuration \"test\" does not allow {algorithm}");
        assert_eq!(refusal(fixture.verify(&token(algorithm)).await), expected);
    }
    assert!(fixture.verify(&token("PS256")).await.is_ok());
}

#[tokio::test]
async fn h03_keys_that_are_for_something_else_or_too_weak_are_skipped() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted_with("RS256", SigningKey::rsa()).await;
    let bare = with(trusted.key.bare_jwk(), &json!({"kid": "a"}));
    let (elliptic, weak) = (SigningKey::ec256().bare_jwk(), encode(&[0xd5; 64]));
    let not_for_this: Vec<Value> = vec![
        json!({"use": "enc"}),
        json!({"use": 1}),
        json!({"key_ops": ["sign", "encrypt"]}),
        json!({"key_ops": "verify"}),
        json!({"alg": "RS512"}),
        json!({"alg": "HS256"}),
        json!({"alg": "none"}),
        json!({"alg": "ES256"}),
        json!({"alg": 256}),
        json!({"kty": "oct", "k": bare["n"]}),
        json!({"kty": "EC"}),
        json!({"kty": null}),
        json!({"n": weak}),
        json!({"n": null}),
        json!({"e": encode(&[1])}),
        json!({"e": encode(&[2])}),
        json!({"e": null}),
        json!({"kid": 1}),
        json!({"kty": "EC", "crv": "P-256", "x": elliptic["x"], "y": elliptic["y"]}),
    ];
    let token = fixture.token(&trusted);
    for change in not_for_this {
        trusted.stub.publish(&[with(bare.clone(), &change)]);
        fixture.advance(31);
        let fresh = fixture.another_node().await;
        let reason = refusal(crate::fixture::verify(&fresh, &token).await);
        assert!(reason.starts_with("the issuer"), "{change}: {reason}");
    }
    // Without `alg`, its kind still says what a key is for.
    for change in [json!({}), json!({"alg": "RS256"}), json!({"key_ops": ["verify"]}), json!({"use": "sig"})] {
        trusted.stub.publish(&[with(bare.clone(), &change)]);
        let fresh = fixture.another_node().await;
        assert!(crate::fixture::verify(&fresh, &token).await.is_ok(), "{change}");
    }
}

#[tokio::test]
async fn h03_a_point_beside_the_curve_is_no_key() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let beside = with(trusted.key.jwk("a"), &json!({"y": encode(&[7; 32])}));
    let short = with(trusted.key.jwk("a"), &json!({"x": encode(&[7; 31])}));
    let other_curve = with(trusted.key.jwk("a"), &json!({"crv": "P-384"}));
    for jwk in [beside, short, other_curve] {
        trusted.stub.publish(std::slice::from_ref(&jwk));
        let fresh = fixture.another_node().await;
        let answer = crate::fixture::verify(&fresh, &fixture.token(&trusted)).await;
        assert_eq!(refusal(answer), "the issuer has no such key", "{jwk}");
    }
    trusted.stub.publish(&[trusted.key.jwk("a")]);
    fixture.assert_good_token_passes(&trusted).await;
}
