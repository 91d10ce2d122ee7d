//! Groups that tokens and assertions name: taken as they are, or the login is refused.

use portcullis::federation::{FederationError, NewOidcConfiguration, OidcUpdate};
use serde_json::{Value, json};

use crate::fixture::{Fixture, Trusted, new_configuration, random, refusal};

async fn trusted(fixture: &Fixture, claim: Option<&str>) -> Trusted {
    let trusted = fixture.trusted().await;
    take_from(fixture, &trusted, claim).await;
    trusted
}

async fn take_from(fixture: &Fixture, trusted: &Trusted, claim: Option<&str>) {
    let update = OidcUpdate { groups_claim: Some(claim.map(str::to_owned)), ..OidcUpdate::default() };
    let updated = fixture.federation.update_oidc(&trusted.configuration.uid, update).await.unwrap().unwrap();
    assert_eq!(updated.groups_claim.as_deref(), claim);
}

async fn groups(fixture: &Fixture, trusted: &Trusted, claims: &Value) -> Vec<String> {
    let verified = fixture.verify(&fixture.token_with(trusted, &json!({}), claims)).await.unwrap();
    verified.evidence.groups().as_slice().to_vec()
}

#[tokio::test]
async fn the_configured_claim_holds_a_text_or_a_list_of_texts() {
    let fixture = Fixture::new().await;
    let trusted = trusted(&fixture, Some("groups")).await;
    let hundred: Vec<String> = (0..100).map(|number| format!("group-{number:03}")).collect();
    let cases = [
        (json!({"groups": "physics"}), vec!["physics"]),
        (json!({"groups": ["physics", "Domain Admins", "physics", "/a/b"]}), vec!["/a/b", "Domain Admins", "physics"]),
        (json!({"groups": "physics,chemistry"}), vec!["physics,chemistry"]),
        (json!({"groups": []}), vec![]),
        (json!({}), vec![]),
        (json!({"roles": ["physics"], "Groups": "physics"}), vec![]),
        (json!({"groups": hundred.clone()}), hundred.iter().map(String::as_str).collect()),
    ];
    for (claims, expected) in cases {
        assert_eq!(groups(&fixture, &trusted, &claims).await, expected, "{claims}");
    }
    take_from(&fixture, &trusted, Some("realm_access.roles")).await;
    let inside = json!({"realm_access": {"roles": ["uma"]}, "groups": "physics"});
    assert_eq!(groups(&fixture, &trusted, &inside).await, ["uma"]);
    take_from(&fixture, &trusted, None).await;
    assert!(groups(&fixture, &trusted, &inside).await.is_empty(), "without a configured claim, nothing counts");
    assert!(groups(&fixture, &trusted, &json!({"groups": 7})).await.is_empty(), "or is even looked at");
}

#[tokio::test]
async fn groups_that_cannot_be_taken_as_they_are_refuse_the_login() {
    let fixture = Fixture::new().await;
    let trusted = trusted(&fixture, Some("groups")).await;
    let too_many: Vec<String> = (0..101).map(|number| format!("secret-{number}")).collect();
    let cases = [
        (json!(7), "a list of texts"),
        (json!(true), "a list of texts"),
        (json!({"physics": true}), "a list of texts"),
        (json!(["physics", 7]), "a list of texts"),
        (json!(["physics", null]), "a list of texts"),
        (json!([["physics"]]), "a list of texts"),
        (json!(too_many), "more than 100"),
        (json!(["physics", ""]), "holds a name"),
        (json!(""), "holds a name"),
        (json!("secret\nlevel=info"), "holds a name"),
        (json!(["secret "]), "holds a name"),
        (json!("a".repeat(257)), "holds a name"),
    ];
    for (claim, reason) in cases {
        let token = fixture.token_with(&trusted, &json!({}), &json!({"groups": claim}));
        let refused = refusal(fixture.verify(&token).await);
        assert!(refused.contains("claim with groups") && refused.contains(reason), "{claim}: {refused}");
        assert!(!refused.contains("secret") && refused.is_ascii(), "{refused}");
    }
    // Somewhere else, as Entra ID says it of people in many groups.
    let elsewhere = json!({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://a"}}});
    let token = fixture.token_with(&trusted, &json!({}), &elsewhere);
    assert!(refusal(fixture.verify(&token).await).contains("_claim_names"));
    let another = json!({"_claim_names": {"address": "src1"}});
    assert!(groups(&fixture, &trusted, &another).await.is_empty(), "of another claim it may say so");
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn the_name_of_the_claim_is_checked_and_kept() {
    let fixture = Fixture::new().await;
    let with = |claim: &str| NewOidcConfiguration {
        groups_claim: Some(claim.to_owned()),
        ..new_configuration("https://a.example.com")
    };
    for wrong in ["", "a\nb", &"a".repeat(256)] {
        match fixture.federation.create_oidc(with(wrong), &mut random()).await {
            Err(FederationError::Invalid(what)) => assert!(what.starts_with("groups_claim"), "{what}"),
            other => panic!("{wrong:?}: {other:?}"),
        }
    }
    let made = fixture.create(with(&"a".repeat(255))).await;
    assert_eq!(fixture.another_node().await.oidc_configurations(), [made]);
}
