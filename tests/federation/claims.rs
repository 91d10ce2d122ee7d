//! What a genuine token says: for whom it is, until when, about whom.

use portcullis::federation::{ApiAccess, LoginError, OidcUpdate};
use portcullis::identity::Permission;
use serde_json::{Value, json};

use crate::fixture::{AUDIENCE, Fixture, origin, refusal};

#[tokio::test]
async fn h10_a_token_is_for_us_alone() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let wrong = [
        json!(null),
        json!("https://portcullis.example"),
        json!("HTTPS://portcullis.example/"),
        json!("https://portcullis.example/ "),
        json!(""),
        json!([]),
        json!([AUDIENCE, "https://other.example/"]),
        json!(["https://other.example/", AUDIENCE]),
        json!([AUDIENCE, AUDIENCE]),
        json!([[AUDIENCE]]),
        json!({"aud": AUDIENCE}),
        json!([1]),
        json!(1),
    ];
    for audience in wrong {
        // `azp` says who fetched the token; it does not stand in for the audience.
        for azp in [json!(null), json!(AUDIENCE)] {
            let token = fixture.token_with(&trusted, &json!({}), &json!({"aud": audience, "azp": azp}));
            refusal(fixture.verify(&token).await);
        }
    }
    let token = fixture.token_with(&trusted, &json!({}), &json!({"azp": ["a"]}));
    refusal(fixture.verify(&token).await);
    for right in [json!({"aud": AUDIENCE}), json!({"aud": [AUDIENCE]}), json!({"azp": "1234567890"})] {
        let token = fixture.token_with(&trusted, &json!({}), &right);
        assert!(fixture.verify(&token).await.is_ok(), "{right}");
    }
}

#[tokio::test]
async fn h10_one_issuer_may_serve_several_audiences() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let mut other = crate::fixture::new_configuration(&trusted.stub.url());
    other.audience = "other".to_owned();
    let other = fixture.create(other).await;
    let token = fixture.token_with(&trusted, &json!({}), &json!({"aud": "other"}));
    let passed = fixture.verify(&token).await.unwrap();
    assert_eq!(origin(&passed.evidence).0, other.uid);
    let passed = fixture.verify(&fixture.token(&trusted)).await.unwrap();
    assert_eq!(origin(&passed.evidence).0, trusted.configuration.uid);
}

#[tokio::test]
async fn h11_a_token_that_expired_is_told_so_if_nothing_else_is_wrong() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let now = fixture.now();
    let expiring = |seconds: i64| json!({"exp": now + seconds});
    for seconds in [-60, -61, -3600, -now] {
        let token = fixture.token_with(&trusted, &json!({}), &expiring(seconds));
        assert!(matches!(fixture.verify(&token).await, Err(LoginError::Expired)), "{seconds}");
    }
    // A minute is what clocks may be apart.
    for seconds in [-59, 0, 1, 315_360_000] {
        let token = fixture.token_with(&trusted, &json!({}), &expiring(seconds));
        assert!(fixture.verify(&token).await.is_ok(), "{seconds}");
    }
    // Whoever cannot sign is not told whether a token would have expired.
    let old = fixture.token_with(&trusted, &json!({}), &expiring(-3600));
    refusal(fixture.verify(&format!("{}AAAA", &old[..old.len() - 4])).await);
    let old = fixture.token_with(&trusted, &json!({}), &json!({"exp": now - 3600, "aud": "other"}));
    refusal(fixture.verify(&old).await);
    let old = fixture.token_with(&trusted, &json!({}), &json!({"exp": now - 3600, "sub": "*"}));
    refusal(fixture.verify(&old).await);
}

#[tokio::test]
async fn h11_a_token_says_when_it_ends_in_whole_seconds() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let now = fixture.now();
    let soon = now + 600;
    let wrong = [
        json!(null),
        json!(9_007_199_254_740_992_i64),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(-1),
        json!(1e300),
        serde_json::from_str(&format!("{soon}.5")).unwrap(),
        serde_json::from_str(&format!("{soon}.0")).unwrap(),
        serde_json::from_str("1e12").unwrap(),
        json!(soon.to_string()),
        json!([soon]),
        json!(true),
    ];
    for exp in wrong {
        let token = fixture.token_with(&trusted, &json!({}), &json!({"exp": exp}));
        refusal(fixture.verify(&token).await);
        if !exp.is_null() {
            for claim in ["nbf", "iat"] {
                let token = fixture.token_with(&trusted, &json!({}), &json!({claim: exp}));
                refusal(fixture.verify(&token).await);
            }
        }
    }
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn h11_a_token_of_the_future_is_not_valid_yet() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let now = fixture.now();
    for claim in ["nbf", "iat"] {
        for ahead in [61, 3600] {
            let token = fixture.token_with(&trusted, &json!({}), &json!({claim: now + ahead, "exp": now + 7200}));
            assert_eq!(refusal(fixture.verify(&token).await), format!("the token's claim {claim} is in the future"));
        }
        for right in [json!({claim: now + 60}), json!({claim: null}), json!({claim: 0})] {
            let token = fixture.token_with(&trusted, &json!({}), &right);
            assert!(fixture.verify(&token).await.is_ok(), "{right}");
        }
    }
}

#[tokio::test]
async fn h12_an_issuer_is_compared_byte_for_byte() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let url = trusted.stub.url();
    let port = url.rsplit_once(':').unwrap().1;
    let wrong = [
        json!(format!("{url}/")),
        json!(format!("{url}/.")),
        json!(url.to_uppercase()),
        json!(url.replace("http:", "https:")),
        json!(url.replace("http:", "HTTP:")),
        json!(format!("http://localhost:{port}")),
        json!(format!("http://127.1:{port}")),
        json!(format!("http://127.0.0.1:0{port}")),
        json!(format!("{url}\u{200b}")),
        json!(url.replace('1', "\u{ff11}")),
        json!(format!(" {url}")),
        json!(format!("{url}\0")),
        json!([url]),
        json!(null),
        json!(""),
    ];
    for issuer in wrong {
        let token = fixture.token_with(&trusted, &json!({}), &json!({"iss": issuer}));
        refusal(fixture.verify(&token).await);
    }
    assert!(trusted.stub.asked().is_empty(), "an unknown issuer is a reason to ask nobody");
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn h12_an_issuer_may_end_with_a_slash_or_have_a_path() {
    let fixture = Fixture::new().await;
    for path in ["/", "/realms/test", "/realms/test/"] {
        let trusted = fixture.trusted().await;
        let issuer = format!("{}{path}", trusted.stub.url());
        let mut new = crate::fixture::new_configuration(&issuer);
        new.name = "with-path".to_owned();
        fixture.create(new).await;
        trusted.stub.document(json!({"issuer": issuer, "jwks_uri": format!("{}/keys", trusted.stub.url())}));
        let token = fixture.token_with(&trusted, &json!({}), &json!({"iss": issuer}));
        let passed = fixture.verify(&token).await.unwrap();
        assert_eq!(passed.evidence.principal().as_str(), format!("role/{issuer}:alice"));
        let document = format!("{}/.well-known/openid-configuration", path.trim_end_matches('/'));
        assert_eq!(trusted.stub.asked(), [document.as_str(), "/keys"]);
    }
}

#[tokio::test]
async fn h13_h14_a_subject_is_taken_as_it_is_or_not_at_all() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let wrong = [
        json!(null),
        json!(""),
        json!("*"),
        json!("repo:a/*"),
        json!("a?"),
        json!("a b"),
        json!("a\nb"),
        json!("a\u{0}"),
        json!("\u{430}dmin"),
        json!("x".repeat(256)),
        json!(["alice"]),
        json!(7),
    ];
    for subject in wrong {
        let token = fixture.token_with(&trusted, &json!({}), &json!({"sub": subject}));
        refusal(fixture.verify(&token).await);
    }
    // However a subject is written, its identity begins with `role/` and the configured issuer.
    let right = ["alice", "../static/CW1", "static/CW1", "coreweave/token", "system:serviceaccount:ns:name", "role/x"];
    for subject in right {
        let token = fixture.token_with(&trusted, &json!({}), &json!({"sub": subject}));
        let passed = fixture.verify(&token).await.unwrap();
        assert_eq!(passed.evidence.principal().as_str(), format!("role/{}:{subject}", trusted.stub.url()));
    }
}

#[tokio::test]
async fn h18_a_token_may_be_shown_again_and_leaves_its_id() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let token = fixture.token(&trusted);
    for _ in 0..3 {
        let passed = fixture.verify(&token).await.unwrap();
        assert_eq!(origin(&passed.evidence).4.as_deref(), Some("token-1"));
        assert!(passed.evidence.use_once().is_none());
    }
    let without = fixture.token_with(&trusted, &json!({}), &json!({"jti": null}));
    assert_eq!(origin(&fixture.verify(&without).await.unwrap().evidence).4, None);
    for wrong in [json!(1), json!(["a"]), json!("a\nb"), json!("x".repeat(257))] {
        let token = fixture.token_with(&trusted, &json!({}), &json!({"jti": wrong}));
        refusal(fixture.verify(&token).await);
    }
}

#[tokio::test]
async fn h20_nothing_of_a_signature_is_in_a_refusal() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let secret = "sub-that-nobody-should-see";
    let changes = [json!({"aud": "other"}), json!({"iss": "other"}), json!({"exp": "x"}), json!({"nbf": "x"})];
    for change in changes {
        let change = crate::issuer::with(change, &json!({"sub": secret, "email": secret}));
        let token = fixture.token_with(&trusted, &json!({}), &change);
        let reason = refusal(fixture.verify(&token).await);
        let signature = token.rsplit_once('.').unwrap().1;
        assert!(!reason.contains(secret) && !reason.contains(signature), "{reason}");
        assert!(reason.len() < 400 && reason.is_ascii(), "{reason}");
    }
}

#[tokio::test]
async fn a_claim_says_what_a_token_may_do_as_an_api_token() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let granted = async |claim: &str, claims: Value| {
        let access = ApiAccess { permission_claim: claim.to_owned(), permanent_keys: true };
        let update = OidcUpdate { api_access: Some(Some(access)), ..OidcUpdate::default() };
        fixture.federation.update_oidc(&trusted.configuration.uid, update).await.unwrap().unwrap();
        let passed = fixture.verify(&fixture.token_with(&trusted, &json!({}), &claims)).await.unwrap();
        passed.api_access.map(|access| (access.permission, access.makes_permanent_keys))
    };
    let cases = [
        ("role", json!({"role": "read"}), Some(Permission::Read)),
        ("role", json!({"role": ["read", "admin", "write", "x", 7]}), Some(Permission::Admin)),
        ("realm_access.roles", json!({"realm_access": {"roles": ["offline", "write"]}}), Some(Permission::Write)),
        ("https://example.com/role", json!({"https://example.com/role": "write"}), Some(Permission::Write)),
        ("role", json!({}), None),
        ("role", json!({"role": "none"}), None),
        ("role", json!({"role": []}), None),
        ("role", json!({"role": "Admin"}), None),
        ("role", json!({"role": "admin "}), None),
        ("role", json!({"role": "read admin"}), None),
        ("role", json!({"role": [["admin"]]}), None),
        ("role", json!({"role": {"admin": true}}), None),
        ("role", json!({"role": true}), None),
        ("a.b", json!({"a": "admin"}), None),
        ("a.b.c", json!({"a": {"b": "admin"}}), None),
        ("role", json!({"x": {"role": "admin"}}), None),
    ];
    for (claim, claims, expected) in cases {
        let answer = granted(claim, claims.clone()).await;
        assert_eq!(answer, expected.map(|permission| (permission, true)), "{claim} {claims}");
    }
}
