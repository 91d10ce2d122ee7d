//! Issuing: how long, how much, on whose word, and how often.

use std::num::NonZeroU32;

use super::*;
use crate::identity::Attributes;
use crate::store::MintedFrom;

fn on_evidence(evidence: &Evidence) -> Grant {
    Grant::from_evidence(evidence, Permission::Write, seconds(3600))
}

#[tokio::test]
async fn an_issued_key_works_at_once_and_says_whose_it_is() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let attributes = Attributes::parse([("team".to_owned(), "storage".to_owned())].into()).unwrap();
    let grant = Grant::from_token(&holder, Permission::Admin, an_hour()).with_attributes(attributes.clone());
    let issued = fixture.issue(grant).await.unwrap();
    let Ok(Lookup::Known(key)) = fixture.keys.find(&issued.info.access_key_id).await else { panic!("not found") };
    assert_eq!((&key.principal, key.expires_at), (holder.principal(), Some(fixture.in_seconds(3600))));
    assert_eq!(fixture.keys.permission_of(&key), Permission::Write);
    let info = fixture.keys.show(&issued.info.access_key_id).await.unwrap().unwrap();
    assert_eq!(info, issued.info);
    assert_eq!((info.status, &info.attributes), (KeyStatus::Active, &attributes));
    assert_eq!(info.minted_from, MintedFrom::ApiToken { token: holder.token().clone() });
    assert!(!info.has_session_token && issued.session_token.is_none());
}

#[tokio::test]
async fn g04_a_key_may_never_do_more_than_its_token_or_its_ceiling() {
    use Permission::{Admin, Read, Write};
    let fixture = Fixture::new().await;
    for token in [Read, Write, Admin] {
        let holder = fixture.new_holder(token).await;
        for ceiling in [Read, Write, Admin] {
            let issued = fixture.issue(Grant::from_token(&holder, ceiling, an_hour())).await.unwrap();
            assert_eq!(issued.info.permission, token.min(ceiling));
            assert_eq!(fixture.permission(&issued.info.access_key_id).await, Some(token.min(ceiling)));
        }
        let nothing = fixture.issue(Grant::from_token(&holder, Permission::None, an_hour())).await;
        assert!(matches!(nothing, Err(KeysError::NotPermitted(_))), "{nothing:?}");
    }
}

#[tokio::test]
async fn g05_a_temporary_key_lives_at_most_twelve_hours() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let evidence = oidc("c1", "somebody");
    for life in [43_201, 86_400, u32::MAX] {
        let life = seconds(life);
        let of_token = Grant::from_token(&holder, Permission::Admin, KeyLife::Seconds(life));
        for grant in [of_token, Grant::from_evidence(&evidence, Permission::Write, life)] {
            let refused = fixture.issue(grant).await;
            assert!(matches!(refused, Err(KeysError::Invalid(_))), "{life}: {refused:?}");
        }
    }
    assert!(fixture.keys.list(None, 10).await.unwrap().is_empty());
    for life in [1, 900, 43_200] {
        let of_token = Grant::from_token(&holder, Permission::Admin, KeyLife::Seconds(seconds(life)));
        for grant in [of_token, Grant::from_evidence(&evidence, Permission::Write, seconds(life))] {
            let end = fixture.issue(grant).await.unwrap().info.expires_at;
            assert_eq!(end, Some(fixture.in_seconds(life.into())), "{life}");
        }
    }
}

#[tokio::test]
async fn g05_zero_is_no_life_and_only_tokens_make_permanent_keys() {
    assert_eq!(NonZeroU32::new(0), None, "a federated key takes a number of seconds that cannot be zero");
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let issued = fixture.issue(Grant::from_token(&holder, Permission::Admin, KeyLife::Permanent)).await.unwrap();
    assert_eq!(issued.info.expires_at, None);
    fixture.clock.advance(SignedDuration::from_hours(24 * 3650));
    let info = fixture.keys.show(&issued.info.access_key_id).await.unwrap().unwrap();
    assert_eq!(info.status, KeyStatus::Active);

    let evidence = oidc("c1", "somebody");
    for (may, makes) in [(false, false), (true, true)] {
        let login = fixture.keys.login_single_sign_on(&evidence, Permission::Write, makes, &mut random()).await;
        let holder = login.unwrap().unwrap();
        assert_eq!(holder.may_make_permanent_keys(), may);
        let issued = fixture.issue(Grant::from_token(&holder, Permission::Admin, KeyLife::Permanent)).await;
        assert_eq!(issued.is_ok(), may, "{issued:?}");
        assert!(may || matches!(issued, Err(KeysError::NotPermitted(_))), "{issued:?}");
    }
}

#[tokio::test]
async fn a_key_ends_with_the_session_at_the_identity_provider() {
    let fixture = Fixture::new().await;
    let ending = |end| oidc("c1", "somebody").ending_with_session(Some(end));
    let earlier = fixture.issue(on_evidence(&ending(fixture.in_seconds(600)))).await.unwrap();
    assert_eq!(earlier.info.expires_at, Some(fixture.in_seconds(600)));
    let later = fixture.issue(on_evidence(&ending(fixture.in_seconds(36_000)))).await.unwrap();
    assert_eq!(later.info.expires_at, Some(fixture.in_seconds(3600)), "a longer session gives no longer key");
    for over in [0, -1, -3600] {
        let refused = fixture.issue(on_evidence(&ending(fixture.in_seconds(over)))).await;
        assert!(matches!(refused, Err(KeysError::NotPermitted(_))), "{refused:?}");
    }
    // Of a session that ends between two seconds, the whole ones count.
    let half = SignedDuration::from_millis(500);
    let between = fixture.issue(on_evidence(&ending(fixture.in_seconds(600) + half))).await.unwrap();
    assert_eq!(between.info.expires_at, Some(fixture.in_seconds(600)));
}

#[tokio::test]
async fn i12_an_assertion_makes_one_key() {
    let fixture = Fixture::new().await;
    let until = fixture.in_seconds(300);
    fixture.issue(on_evidence(&saml("Reader", "_a1", until))).await.unwrap();
    // Whatever else is asked for with it, and by whatever role it is read.
    for role in ["Reader", "Writer"] {
        let again = fixture.issue(on_evidence(&saml(role, "_a1", until))).await;
        assert!(matches!(again, Err(KeysError::AlreadyUsed)), "{again:?}");
    }
    assert_eq!(fixture.keys.list(None, 10).await.unwrap().len(), 1);
    fixture.issue(on_evidence(&saml("Reader", "_a2", until))).await.unwrap();
}

#[tokio::test]
async fn i12_an_assertion_claimed_many_times_at_once_makes_one_key() {
    let fixture = Fixture::new().await;
    let other_node = fixture.another_node().await;
    let until = fixture.in_seconds(300);
    let claims: Vec<_> = (0..16)
        .map(|number| {
            let keys = Arc::clone(if number % 2 == 0 { &fixture.keys } else { &other_node });
            let grant = on_evidence(&saml("Reader", "_a1", until));
            tokio::spawn(async move { keys.issue(grant, &mut random()).await })
        })
        .collect();
    let (mut made, mut refused) = (0, 0);
    for claim in claims {
        match claim.await.unwrap() {
            Ok(_) => made += 1,
            Err(KeysError::AlreadyUsed) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((made, refused), (1, 15));
    assert_eq!(fixture.keys.list(None, 100).await.unwrap().len(), 1);
}

#[tokio::test]
async fn i12_a_used_assertion_stays_used_over_a_restart_and_as_long_as_it_could_pass() {
    let fixture = Fixture::new().await;
    let until = fixture.in_seconds(300);
    let first = fixture.issue(on_evidence(&saml("Reader", "_a1", until))).await.unwrap();
    let fixture = fixture.reopened().await;
    let again = async || fixture.issue(on_evidence(&saml("Reader", "_a1", until))).await;
    assert!(matches!(again().await, Err(KeysError::AlreadyUsed)));
    // The key itself, too, is there after the restart.
    assert!(fixture.permission(&first.info.access_key_id).await.is_some());
    fixture.clock.set(until + SignedDuration::from_hours(24));
    fixture.keys.forget_due().await.unwrap();
    assert!(matches!(again().await, Err(KeysError::AlreadyUsed)), "a day is left for clocks that disagree");
}

#[tokio::test]
async fn a_refused_issue_uses_up_no_assertion() {
    let fixture = Fixture::new().await;
    let until = fixture.in_seconds(300);
    let evidence = saml("Reader", "_a1", until);
    fixture.keys.suspend_principal(evidence.principal()).await.unwrap();
    assert!(matches!(fixture.issue(on_evidence(&evidence)).await, Err(KeysError::Suspended(_))));
    fixture.keys.resume_principal(evidence.principal()).await.unwrap();
    let too_long = Grant::from_evidence(&evidence, Permission::Write, seconds(43_201));
    assert!(matches!(fixture.issue(too_long).await, Err(KeysError::Invalid(_))));
    fixture.issue(on_evidence(&evidence)).await.unwrap();
}

#[tokio::test]
async fn a_suspended_principal_gets_no_keys_until_it_is_resumed() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let evidence = oidc("c1", "somebody");
    let before = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    for principal in [holder.principal(), evidence.principal()] {
        fixture.keys.suspend_principal(principal).await.unwrap();
    }
    assert!(matches!(fixture.issue_to(&holder).await, Err(KeysError::Suspended(of)) if of == *holder.principal()));
    assert!(matches!(fixture.issue(on_evidence(&evidence)).await, Err(KeysError::Suspended(_))));
    assert!(fixture.keys.is_suspended(holder.principal()));
    assert_eq!(fixture.keys.show(&before).await.unwrap().unwrap().status, KeyStatus::Suspended);
    for principal in [holder.principal(), evidence.principal()] {
        fixture.keys.resume_principal(principal).await.unwrap();
    }
    fixture.issue_to(&holder).await.unwrap();
    fixture.issue(on_evidence(&evidence)).await.unwrap();
    assert_eq!(fixture.keys.show(&before).await.unwrap().unwrap().status, KeyStatus::Active);
}

#[tokio::test]
async fn a_suspension_that_has_not_reached_this_node_counts_when_keys_are_issued() {
    let fixture = Fixture::new().await;
    let evidence = oidc("c1", "somebody");
    fixture.store.set_deaf(true);
    let deaf = fixture.another_node().await;
    fixture.store.set_deaf(false);
    deaf.issue(on_evidence(&evidence), &mut random()).await.unwrap();
    fixture.keys.suspend_principal(evidence.principal()).await.unwrap();
    assert!(!deaf.is_suspended(evidence.principal()), "it has not heard of it");
    let refused = deaf.issue(on_evidence(&evidence), &mut random()).await;
    assert!(matches!(refused, Err(KeysError::Suspended(_))), "{refused:?}");
}

#[tokio::test]
async fn m07_a_failed_commit_leaves_neither_a_key_nor_a_used_assertion() {
    let fixture = Fixture::new().await;
    let until = fixture.in_seconds(300);
    fixture.store.fail_next_commit();
    let failed = fixture.issue(on_evidence(&saml("Reader", "_a1", until))).await;
    assert!(matches!(failed, Err(KeysError::Store(_))), "{failed:?}");
    assert!(fixture.keys.list(None, 10).await.unwrap().is_empty());
    let principal = Principal::for_saml_role("Reader").unwrap();
    assert_eq!(fixture.keys.revoke_principal(&principal).await.unwrap(), 0);
    fixture.issue(on_evidence(&saml("Reader", "_a1", until))).await.unwrap();
    assert_eq!(fixture.keys.revoke_principal(&principal).await.unwrap(), 1);
}

#[tokio::test]
async fn g07_a_key_whose_secret_was_lost_is_listed_and_can_be_revoked() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    drop(fixture.issue_to(&holder).await.unwrap());
    let filter = KeyFilter { principal: Some(holder.principal()), status: None, offset: 0, limit: 10 };
    let listed = fixture.keys.list_filtered(filter).await.unwrap();
    assert_eq!(listed.len(), 1);
    let revoked = fixture.keys.revoke(&listed[0].access_key_id).await.unwrap().unwrap();
    assert_eq!(revoked.status, KeyStatus::Revoked);
    assert_eq!(fixture.permission(&listed[0].access_key_id).await, None);
}

#[tokio::test]
async fn no_secret_is_in_what_is_printed_or_told_of_a_key() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let grant = Grant::from_token(&holder, Permission::Admin, an_hour()).with_session_token();
    let issued = fixture.issue(grant).await.unwrap();
    let session = issued.session_token.as_ref().unwrap();
    let shown = format!("{issued:?} {holder:?} {}", serde_json::to_string(&issued.info).unwrap());
    assert!(shown.contains(issued.info.access_key_id.as_str()));
    for hidden in [issued.secret.expose(), session.expose(), &session.digest().to_hex()] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

/// A clock that somebody set.
struct DoubtfulClock(Arc<SettableClock>);

impl Clock for DoubtfulClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn doubt(&self) -> Option<crate::clock::ClockDoubt> {
        Some(crate::clock::ClockDoubt::SetBack(SignedDuration::from_hours(1)))
    }
}

#[tokio::test]
async fn j08_no_key_is_issued_by_a_clock_that_was_set_and_those_there_are_work() {
    let fixture = Fixture::new().await;
    let key = fixture.create().await;
    let clock = Arc::new(DoubtfulClock(Arc::clone(&fixture.clock)));
    let (seal, organization) = (SealKeys::new(&Zeroizing::new([9; 32])), OrganizationId::parse("ab1cd2").unwrap());
    let store = Arc::clone(&fixture.store) as Arc<dyn KeyStore>;
    let keys = Keys::open(store, seal, clock, organization, CacheSettings::default(), &mut random()).await.unwrap();
    let new = || NewStaticKey { permission: Permission::Read, ..NewStaticKey::default() };
    assert!(matches!(keys.create_static(new(), &mut random()).await, Err(KeysError::Clock(_))));
    let holder = fixture.new_holder(Permission::Write).await;
    let issued = keys.issue(Grant::from_token(&holder, Permission::Admin, an_hour()), &mut random()).await;
    assert!(matches!(issued, Err(KeysError::Clock(_))));
    assert!(is_known(&keys.find(&key).await));
    keys.revoke(&key).await.unwrap().expect("what ends can always be ended");
}
