//! Tokens of an identity provider as API tokens: one id for one subject, and what it may do.

use super::*;

async fn login(keys: &Keys, evidence: &Evidence, permission: Permission) -> Result<Option<TokenHolder>, KeysError> {
    keys.login_single_sign_on(evidence, permission, false, &mut random()).await
}

async fn holder(fixture: &Fixture, evidence: &Evidence, permission: Permission) -> TokenHolder {
    login(&fixture.keys, evidence, permission).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_subject_keeps_its_id_and_another_configuration_gives_another() {
    let fixture = Fixture::new().await;
    let first = holder(&fixture, &oidc("c1", "somebody"), Permission::Write).await;
    assert_eq!(holder(&fixture, &oidc("c1", "somebody"), Permission::Write).await.token(), first.token());
    assert_eq!(first.principal().as_str(), format!("coreweave/{}", first.token()));
    // Neither do two texts run together to the same: the parts are told apart.
    let others = [oidc("c1", "somebody2"), oidc("c2", "somebody"), oidc("c1s", "omebody"), oidc("c", "1somebody")];
    let mut ids = vec![first.token().clone()];
    for other in others {
        ids.push(holder(&fixture, &other, Permission::Write).await.token().clone());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
    let fixture = fixture.reopened().await;
    assert_eq!(holder(&fixture, &oidc("c1", "somebody"), Permission::Write).await.token(), first.token());
    let listed = fixture.keys.list_tokens(None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|info| info.token_id.clone()).collect::<Vec<_>>(), ids, "listed like any other");
}

#[tokio::test]
async fn many_first_logins_at_once_are_given_one_id() {
    let fixture = Fixture::new().await;
    let other = fixture.another_node().await;
    let logins: Vec<_> = (0..16)
        .map(|number| {
            let keys = Arc::clone(if number % 2 == 0 { &fixture.keys } else { &other });
            tokio::spawn(async move {
                let evidence = oidc("c1", "somebody");
                // Two claims take turns: the record is changed all the time.
                let permission = if number % 3 == 0 { Permission::Read } else { Permission::Write };
                let holder = login(&keys, &evidence, permission).await.unwrap().unwrap();
                assert_eq!(holder.permission(), permission);
                holder.token().clone()
            })
        })
        .collect();
    let mut ids = std::collections::HashSet::new();
    for login in logins {
        ids.insert(login.await.unwrap());
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(fixture.keys.list_tokens(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn permission_follows_the_claim_and_the_keys_follow_the_permission() {
    use Permission::{Admin, Read, Write};
    let fixture = Fixture::new().await;
    let evidence = oidc("c1", "somebody");
    let id = fixture.issue_to(&holder(&fixture, &evidence, Write).await).await.unwrap().info.access_key_id;
    for (claim, of_key) in [(Read, Read), (Admin, Write), (Permission::None, Permission::None), (Write, Write)] {
        let now = holder(&fixture, &evidence, claim).await;
        assert_eq!(now.permission(), claim);
        assert_eq!(fixture.permission(&id).await, Some(of_key), "{claim}");
        assert_eq!(fixture.issue_to(&now).await.is_ok(), claim > Permission::None);
    }
}

#[tokio::test]
async fn an_administrators_limit_holds_against_the_next_login() {
    use Permission::{Admin, Read, Write};
    let fixture = Fixture::new().await;
    let evidence = oidc("c1", "somebody");
    let id = fixture.issue_to(&holder(&fixture, &evidence, Write).await).await.unwrap().info.access_key_id;
    let token = holder(&fixture, &evidence, Write).await.token().clone();
    let limit = async |permission| {
        let update = TokenUpdate { permission: Some(permission), ..TokenUpdate::default() };
        fixture.keys.update_token(&token, update).await.unwrap().unwrap().permission
    };
    assert_eq!(limit(Read).await, Read);
    assert_eq!(fixture.permission(&id).await, Some(Read));
    assert_eq!(holder(&fixture, &evidence, Admin).await.permission(), Read);
    assert_eq!(fixture.permission(&id).await, Some(Read));
    // Lifting the limit gives nothing that the identity provider does not say at the next login.
    assert_eq!(limit(Admin).await, Read);
    assert_eq!(fixture.permission(&id).await, Some(Read));
    assert_eq!(holder(&fixture, &evidence, Write).await.permission(), Write);
    assert_eq!(fixture.permission(&id).await, Some(Write));
}

#[tokio::test]
async fn a_revoked_subject_stays_revoked_whatever_its_identity_provider_says() {
    let fixture = Fixture::new().await;
    let evidence = oidc("c1", "somebody");
    let before = holder(&fixture, &evidence, Permission::Write).await;
    let id = fixture.issue_to(&before).await.unwrap().info.access_key_id;
    fixture.keys.revoke_token(before.token(), KeysOfToken::Revoke).await.unwrap().unwrap();
    for node in [&fixture.keys, &fixture.another_node().await] {
        assert!(login(node, &evidence, Permission::Admin).await.unwrap().is_none());
        assert!(is_unknown(&node.find(&id).await));
    }
    let fixture = fixture.reopened().await;
    assert!(login(&fixture.keys, &evidence, Permission::Admin).await.unwrap().is_none());
    assert_eq!(fixture.keys.list_tokens(None, 10).await.unwrap().len(), 1, "and gets no new id");
}

#[tokio::test]
async fn a_suspended_subject_may_nothing_until_it_is_resumed() {
    let fixture = Fixture::new().await;
    let evidence = oidc("c1", "somebody");
    let before = holder(&fixture, &evidence, Permission::Admin).await;
    fixture.keys.suspend_principal(before.principal()).await.unwrap();
    assert!(matches!(login(&fixture.keys, &evidence, Permission::Admin).await, Err(KeysError::Suspended(_))));
    fixture.keys.resume_principal(before.principal()).await.unwrap();
    assert_eq!(holder(&fixture, &evidence, Permission::Admin).await.token(), before.token());
}

#[tokio::test]
async fn a_saml_assertion_is_no_api_token() {
    let fixture = Fixture::new().await;
    let evidence = saml("Reader", "_a1", fixture.in_seconds(300));
    assert!(matches!(login(&fixture.keys, &evidence, Permission::Admin).await, Err(KeysError::Invalid(_))));
    assert!(fixture.keys.list_tokens(None, 10).await.unwrap().is_empty());
}
