//! What administrators may configure, and when it is in force.

use std::sync::Arc;

use portcullis::federation::{ApiAccess, FederationError, NewOidcConfiguration, OidcUpdate, SigningAlgorithm};

use crate::fixture::{AUDIENCE, Fixture, eventually, new_configuration, random, refusal, verify};
use crate::issuer::Behaviour;

/// The refusal of a configuration, or what else came of it.
async fn created(fixture: &Fixture, new: NewOidcConfiguration) -> String {
    match fixture.federation.create_oidc(new, &mut random()).await {
        Ok(configuration) => {
            fixture.federation.delete_oidc(&configuration.uid).await.unwrap();
            "created".to_owned()
        }
        Err(FederationError::Invalid(what)) => what,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_configuration_is_kept_as_it_was_made() {
    let fixture = Fixture::new().await;
    let new = NewOidcConfiguration {
        name: "cluster_1-A".to_owned(),
        description: Some("first".to_owned()),
        issuer_url: "https://idp.example.com/realms/a".to_owned(),
        audience: AUDIENCE.to_owned(),
        algorithms: vec![SigningAlgorithm::RS256, SigningAlgorithm::ES256, SigningAlgorithm::RS256],
        api_access: Some(ApiAccess { permission_claim: "role".to_owned(), permanent_keys: false }),
        groups_claim: Some("groups".to_owned()),
        active: true,
    };
    let made = fixture.create(new).await;
    assert_eq!(made.algorithms, [SigningAlgorithm::ES256, SigningAlgorithm::RS256]);
    assert_eq!((made.created_at, made.deactivated_at), (made.updated_at, None));
    let version = made.uid.chars().nth(14);
    assert!(made.uid.len() == 36 && version == Some('4'), "{}", made.uid);
    assert_eq!(fixture.federation.oidc_configurations(), [Arc::clone(&made)]);

    let all = fixture.create(new_configuration("https://a.example.com")).await;
    assert_eq!(all.algorithms, SigningAlgorithm::ALL);
    let inactive = NewOidcConfiguration { active: false, ..new_configuration("https://b.example.com") };
    assert!(fixture.create(inactive).await.deactivated_at.is_some());
    assert_eq!(fixture.federation.oidc_configurations().len(), 3);
    let reopened = fixture.another_node().await;
    assert_eq!(reopened.oidc_configurations(), fixture.federation.oidc_configurations());
}

#[tokio::test]
async fn configurations_of_the_wrong_form_are_refused_with_what_to_change() {
    let fixture = Fixture::new().await;
    let new = || new_configuration("https://idp.example.com");
    let claim = |name: &str| Some(ApiAccess { permission_claim: name.to_owned(), permanent_keys: false });
    let wrong = [
        ("name", NewOidcConfiguration { name: String::new(), ..new() }),
        ("name", NewOidcConfiguration { name: "a".repeat(256), ..new() }),
        ("name", NewOidcConfiguration { name: "a b".to_owned(), ..new() }),
        ("name", NewOidcConfiguration { name: "ä".to_owned(), ..new() }),
        ("description", NewOidcConfiguration { description: Some("ä".repeat(1025)), ..new() }),
        ("audience", NewOidcConfiguration { audience: String::new(), ..new() }),
        ("audience", NewOidcConfiguration { audience: "a".repeat(1025), ..new() }),
        ("audience", NewOidcConfiguration { audience: "a\nb".to_owned(), ..new() }),
        ("api_access", NewOidcConfiguration { api_access: claim(""), ..new() }),
        ("api_access", NewOidcConfiguration { api_access: claim(&"a".repeat(256)), ..new() }),
    ];
    for (field, new) in wrong {
        let what = created(&fixture, new).await;
        assert!(what.starts_with(field), "{field}: {what}");
    }
    let issuers = [
        "",
        "idp.example.com",
        "http://idp.example.com",
        "http://127.0.0.2",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://user@idp.example.com",
        "https://user:password@idp.example.com",
        "https://idp.example.com?a=b",
        "https://idp.example.com/?",
        "https://idp.example.com/#a",
        "https://*.example.com",
        "https://idp.example.com/a b",
        "https://idp.example.com/\n",
        "https://idp.example.com/ä",
    ];
    for issuer in issuers {
        let what = created(&fixture, new_configuration(issuer)).await;
        assert!(what.starts_with("issuer: "), "{issuer:?}: {what}");
    }
    let long = |length: usize| format!("https://idp.example.com/{}", "a".repeat(length - 24));
    assert!(created(&fixture, new_configuration(&long(1025))).await.starts_with("issuer: "));

    let right = [
        NewOidcConfiguration { name: "a".repeat(255), ..new() },
        NewOidcConfiguration { description: Some("ä".repeat(1024)), ..new() },
        NewOidcConfiguration { audience: "a".repeat(1024), ..new() },
        new_configuration(&long(1024)),
        new_configuration("https://idp.example.com:8443/realms/a/"),
        new_configuration("http://localhost:8080"),
        new_configuration("http://[::1]:8080/"),
    ];
    for new in right {
        assert_eq!(created(&fixture, new).await, "created");
    }
    assert!(fixture.federation.oidc_configurations().is_empty());
}

#[tokio::test]
async fn h13_two_issuers_never_make_one_identity() {
    let fixture = Fixture::new().await;
    let taken = fixture.create(new_configuration("https://a.example.com")).await;
    let ambiguous = ["https://a.example.com:8443", "https://a.example.com:8443/b"];
    for issuer in ambiguous {
        let what = created(&fixture, new_configuration(issuer)).await;
        assert!(what.starts_with("issuer: beside the issuer https://a.example.com "), "{what}");
    }
    for issuer in ["https://a.example.com/b", "https://a.example.community", "https://a.example.com/"] {
        assert_eq!(created(&fixture, new_configuration(issuer)).await, "created", "{issuer}");
    }
    // The other way round, by an update too, and whether active or not.
    let longer = fixture.create(new_configuration("https://b.example.com:8443")).await;
    assert!(created(&fixture, new_configuration("https://b.example.com")).await.starts_with("issuer: beside"));
    let inactive = OidcUpdate { active: Some(false), ..OidcUpdate::default() };
    fixture.federation.update_oidc(&longer.uid, inactive).await.unwrap().unwrap();
    let update = OidcUpdate { issuer_url: Some("https://b.example.com".to_owned()), ..OidcUpdate::default() };
    let refused = fixture.federation.update_oidc(&taken.uid, update.clone()).await;
    assert!(matches!(refused, Err(FederationError::Invalid(_))), "{refused:?}");
    assert!(fixture.federation.update_oidc(&longer.uid, update).await.unwrap().is_some(), "its own old issuer");
}

#[tokio::test]
async fn issuer_and_audience_are_one_configurations_alone() {
    let fixture = Fixture::new().await;
    let first = fixture.create(new_configuration("https://a.example.com")).await;
    let again = fixture.federation.create_oidc(new_configuration("https://a.example.com"), &mut random()).await;
    assert!(matches!(again, Err(FederationError::AlreadyExists(_))), "{again:?}");
    let other = NewOidcConfiguration { audience: "other".to_owned(), ..new_configuration("https://a.example.com") };
    let second = fixture.create(other).await;
    let take = OidcUpdate { audience: Some(AUDIENCE.to_owned()), ..OidcUpdate::default() };
    let taken = fixture.federation.update_oidc(&second.uid, take.clone()).await;
    assert!(matches!(taken, Err(FederationError::AlreadyExists(_))), "{taken:?}");
    assert!(fixture.federation.delete_oidc(&first.uid).await.unwrap());
    assert!(fixture.federation.update_oidc(&second.uid, take).await.unwrap().is_some());
}

#[tokio::test]
async fn of_many_who_create_the_same_at_once_one_does() {
    let fixture = Fixture::new().await;
    let nodes = [Arc::clone(&fixture.federation), fixture.another_node().await];
    let creating = (0..16).map(|number| {
        let node = Arc::clone(&nodes[number % 2]);
        tokio::spawn(async move { node.create_oidc(new_configuration("https://a.example.com"), &mut random()).await })
    });
    let mut made = 0;
    for outcome in creating.collect::<Vec<_>>() {
        match outcome.await.unwrap() {
            Ok(_) => made += 1,
            Err(FederationError::AlreadyExists(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let fixture = Fixture::new().await;
    let made = fixture.create(new_configuration("https://a.example.com")).await;
    fixture.advance(10);
    let update = OidcUpdate { description: Some(Some("new".to_owned())), ..OidcUpdate::default() };
    let changed = fixture.federation.update_oidc(&made.uid, update).await.unwrap().unwrap();
    assert_eq!(changed.description.as_deref(), Some("new"));
    assert_eq!((changed.created_at, &changed.name, &changed.audience), (made.created_at, &made.name, &made.audience));
    assert!(changed.updated_at > made.updated_at);
    let clear = OidcUpdate { description: Some(None), ..OidcUpdate::default() };
    assert_eq!(fixture.federation.update_oidc(&made.uid, clear).await.unwrap().unwrap().description, None);
    let off = OidcUpdate { active: Some(false), ..OidcUpdate::default() };
    let since = fixture.federation.update_oidc(&made.uid, off.clone()).await.unwrap().unwrap().deactivated_at;
    fixture.advance(10);
    assert_eq!(fixture.federation.update_oidc(&made.uid, off).await.unwrap().unwrap().deactivated_at, since);
    let wrong = OidcUpdate { name: Some("a b".to_owned()), ..OidcUpdate::default() };
    assert!(matches!(fixture.federation.update_oidc(&made.uid, wrong).await, Err(FederationError::Invalid(_))));
    for unknown in ["", "x", "../oidc/x", "a\nb", &"x".repeat(5000)] {
        assert!(fixture.federation.update_oidc(unknown, OidcUpdate::default()).await.unwrap().is_none());
        assert!(!fixture.federation.delete_oidc(unknown).await.unwrap());
    }
}

#[tokio::test]
async fn h19_a_configuration_that_is_off_or_gone_proves_nothing_at_once() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let uid = trusted.configuration.uid.as_str();
    let token = fixture.token(&trusted);
    let set_active = async |active: bool| {
        let update = OidcUpdate { active: Some(active), ..OidcUpdate::default() };
        fixture.federation.update_oidc(uid, update).await.unwrap().unwrap();
    };
    fixture.assert_good_token_passes(&trusted).await;
    set_active(false).await;
    assert!(refusal(fixture.verify(&token).await).starts_with("no active OIDC configuration"));
    set_active(true).await;
    fixture.assert_good_token_passes(&trusted).await;
    let other = OidcUpdate { audience: Some("other".to_owned()), ..OidcUpdate::default() };
    fixture.federation.update_oidc(uid, other).await.unwrap().unwrap();
    assert!(refusal(fixture.verify(&token).await).starts_with("no active OIDC configuration"));
    let back = OidcUpdate { audience: Some(AUDIENCE.to_owned()), ..OidcUpdate::default() };
    fixture.federation.update_oidc(uid, back).await.unwrap().unwrap();
    fixture.assert_good_token_passes(&trusted).await;
    assert_eq!(trusted.stub.asked_for_keys(), 1, "the same issuer's keys stay known");
    assert!(fixture.federation.delete_oidc(uid).await.unwrap());
    assert!(refusal(fixture.verify(&token).await).starts_with("no active OIDC configuration"));
    assert!(!fixture.federation.delete_oidc(uid).await.unwrap());
}

#[tokio::test]
async fn h19_a_change_counts_for_a_token_that_is_being_verified() {
    let fixture = Arc::new(Fixture::new().await);
    let trusted = fixture.trusted().await;
    let released = Arc::new(tokio::sync::Notify::new());
    for (name, expected) in [(None, None), (Some("other"), Some("the configuration was changed"))] {
        let asked = trusted.stub.asked_for_keys();
        trusted.stub.jwks(Behaviour::Held(Arc::clone(&released)));
        fixture.advance(2 * 3600);
        let (verifying, token) = (Arc::clone(&fixture), fixture.token(&trusted));
        let login = tokio::spawn(async move { verifying.verify(&token).await });
        eventually("the keys are asked for", async || trusted.stub.asked_for_keys() == asked + 1).await;
        if let Some(name) = name {
            let update = OidcUpdate { name: Some(name.to_owned()), ..OidcUpdate::default() };
            fixture.federation.update_oidc(&trusted.configuration.uid, update).await.unwrap().unwrap();
        }
        released.notify_one();
        match (login.await.unwrap(), expected) {
            (Ok(_), None) => {}
            (answer, Some(expected)) => assert!(refusal(answer).starts_with(expected)),
            (Err(error), None) => panic!("{error}"),
        }
    }
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn other_nodes_follow() {
    let fixture = Fixture::new().await;
    let other = fixture.another_node().await;
    let trusted = fixture.trusted().await;
    let token = fixture.token(&trusted);
    eventually("the other node knows it", async || verify(&other, &token).await.is_ok()).await;
    fixture.federation.delete_oidc(&trusted.configuration.uid).await.unwrap();
    eventually("the other node forgets it", async || verify(&other, &token).await.is_err()).await;
    assert!(other.oidc_configurations().is_empty());
    other.shutdown().await;
}

#[tokio::test]
async fn there_is_an_end_to_the_number_of_configurations() {
    let fixture = Fixture::new().await;
    // Written by hand: a thousand commits take long.
    let one = fixture.create(new_configuration("https://a.example.com")).await;
    let writes = (0..999).map(|number: u32| {
        let uid = format!("00000000-0000-4000-8000-{number:012}");
        let mut copy = (*one).clone();
        (copy.uid, copy.issuer_url) = (uid.clone(), format!("https://{number}.example.com"));
        let key = portcullis::store::RecordKey::for_federation("oidc", &uid).unwrap();
        portcullis::store::Write::create(key, portcullis::store::encode(&copy))
    });
    fixture.store.commit(writes.collect()).await.unwrap();
    let what = created(&fixture, new_configuration("https://b.example.com")).await;
    assert!(what.starts_with("there are 1000 configurations"), "{what}");
    let update = OidcUpdate { name: Some("other".to_owned()), ..OidcUpdate::default() };
    assert!(fixture.federation.update_oidc(&one.uid, update).await.unwrap().is_some(), "none is added");
    fixture.federation.delete_oidc(&one.uid).await.unwrap();
    assert_eq!(created(&fixture, new_configuration("https://b.example.com")).await, "created");
}
