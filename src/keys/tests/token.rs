//! API tokens: created, shown, used to log in, changed and ended.

use super::*;

#[tokio::test]
async fn a_created_token_logs_in_and_no_other_does() {
    let fixture = Fixture::new().await;
    let (info, token) = fixture.create_token(Permission::Read).await;
    let holder = fixture.keys.login(&token).await.unwrap().unwrap();
    assert_eq!((holder.token(), holder.name(), holder.permission()), (&info.token_id, "test", Permission::Read));
    assert_eq!(holder.principal().as_str(), format!("coreweave/{}", info.token_id));
    assert_eq!(info.principal, *holder.principal());
    let last = if token.expose().ends_with('A') { "B" } else { "A" };
    let almost = ApiToken::parse(&format!("{}{last}", &token.expose()[..52])).unwrap();
    for other in [almost, ApiToken::generate(&mut random())] {
        assert!(fixture.keys.login(&other).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_token_is_kept_as_a_digest_only() {
    let fixture = Fixture::new().await;
    let (info, token) = fixture.create_token(Permission::Read).await;
    let secret = token.expose().trim_start_matches("CW-SECRET-");
    for (key, stored) in fixture.store.list("", None, 1000).await.unwrap() {
        let text = String::from_utf8_lossy(&stored.value);
        assert!(!text.contains(secret) && !key.as_str().contains(secret), "{key}");
    }
    let shown = format!("{info:?} {} {token:?}", serde_json::to_string(&info).unwrap());
    assert!(!shown.contains(secret) && !shown.contains(&token.digest().to_hex()), "{shown}");
}

#[tokio::test]
async fn a_token_without_name_or_permission_or_that_ended_already_is_not_made() {
    let fixture = Fixture::new().await;
    let right = || NewToken { name: "name".into(), permission: Permission::Read, ..NewToken::default() };
    let wrong = [
        NewToken { permission: Permission::None, ..right() },
        NewToken { expires_at: Some(fixture.clock.now()), ..right() },
        NewToken { name: String::new(), ..right() },
        NewToken { name: "a".repeat(129), ..right() },
        NewToken { name: "a\nb".into(), ..right() },
    ];
    for new in wrong {
        assert!(matches!(fixture.keys.create_token(new, &mut random()).await, Err(KeysError::Invalid(_))));
    }
    assert!(fixture.keys.list_tokens(None, 10).await.unwrap().is_empty());
    fixture.keys.create_token(right(), &mut random()).await.unwrap();
}

#[tokio::test]
async fn a_token_ends_at_its_expiry_and_its_keys_go_on() {
    let fixture = Fixture::new().await;
    let end = fixture.in_seconds(600);
    let new =
        NewToken { name: "short".into(), permission: Permission::Write, expires_at: Some(end), ..NewToken::default() };
    let (info, token) = fixture.keys.create_token(new, &mut random()).await.unwrap();
    let holder = fixture.keys.login(&token).await.unwrap().unwrap();
    let permanent = fixture.issue(Grant::from_token(&holder, Permission::Admin, KeyLife::Permanent)).await.unwrap();
    fixture.clock.set(end - SignedDuration::from_millis(1));
    assert!(fixture.keys.login(&token).await.unwrap().is_some());
    for later in [0, 1, 3600] {
        fixture.clock.set(end + SignedDuration::from_secs(later));
        assert!(fixture.keys.login(&token).await.unwrap().is_none(), "{later}");
        let late = fixture.issue_to(&holder).await;
        assert!(matches!(late, Err(KeysError::NotPermitted(_))), "who logged in before gets no key after: {late:?}");
        assert_eq!(fixture.permission(&permanent.info.access_key_id).await, Some(Permission::Write));
    }
    assert_eq!(fixture.keys.show_token(&info.token_id).await.unwrap().unwrap().status, TokenStatus::Expired);
}

#[tokio::test]
async fn a_revoked_token_never_logs_in_again_on_any_node() {
    let fixture = Fixture::new().await;
    let other = fixture.another_node().await;
    let (info, token) = fixture.create_token(Permission::Admin).await;
    assert!(other.login(&token).await.unwrap().is_some(), "it works on every node at its first use");
    let revoked = fixture.keys.revoke_token(&info.token_id, KeysOfToken::Keep).await.unwrap().unwrap();
    assert_eq!((revoked.status, revoked.revoked_at), (TokenStatus::Revoked, Some(fixture.clock.now())));
    assert!(fixture.keys.login(&token).await.unwrap().is_none());
    eventually("refused on the other node", async || other.login(&token).await.unwrap().is_none()).await;
    let update = TokenUpdate { permission: Some(Permission::Admin), ..TokenUpdate::default() };
    let changed = fixture.keys.update_token(&info.token_id, update).await;
    assert!(matches!(changed, Err(KeysError::TokenRevoked(_))), "{changed:?}");
    other.shutdown().await;
    drop(other);
    let fixture = fixture.reopened().await;
    assert!(fixture.keys.login(&token).await.unwrap().is_none());
}

#[tokio::test]
async fn who_logged_in_before_a_revocation_gets_no_key_after_it() {
    for keys_of_token in [KeysOfToken::Keep, KeysOfToken::Revoke] {
        let fixture = Fixture::new().await;
        let holder = fixture.new_holder(Permission::Admin).await;
        fixture.store.set_deaf(true);
        let deaf = fixture.another_node().await;
        fixture.store.set_deaf(false);
        let grant = || Grant::from_token(&holder, Permission::Admin, KeyLife::Permanent);
        deaf.issue(grant(), &mut random()).await.unwrap();
        fixture.keys.revoke_token(holder.token(), keys_of_token).await.unwrap().unwrap();
        // Here, and where the revocation has not been heard of yet.
        for node in [&fixture.keys, &deaf] {
            let refused = node.issue(grant(), &mut random()).await;
            assert!(matches!(refused, Err(KeysError::NotPermitted(_))), "{keys_of_token:?}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn who_logged_in_before_a_token_was_narrowed_gets_the_narrower_key() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Admin).await;
    let update = TokenUpdate { permission: Some(Permission::Read), ..TokenUpdate::default() };
    fixture.keys.update_token(holder.token(), update).await.unwrap().unwrap();
    let issued = fixture.issue_to(&holder).await.unwrap();
    assert_eq!(issued.info.permission, Permission::Read);
    let update = TokenUpdate { permission: Some(Permission::Admin), ..TokenUpdate::default() };
    fixture.keys.update_token(holder.token(), update).await.unwrap().unwrap();
    let id = issued.info.access_key_id;
    assert_eq!(fixture.permission(&id).await, Some(Permission::Read), "no key does more than at its making");
}

#[tokio::test]
async fn the_holder_of_a_suspended_token_may_nothing_until_it_is_resumed() {
    let fixture = Fixture::new().await;
    let (info, token) = fixture.create_token(Permission::Admin).await;
    fixture.keys.suspend_principal(&info.principal).await.unwrap();
    assert!(matches!(fixture.keys.login(&token).await, Err(KeysError::Suspended(of)) if of == info.principal));
    assert_eq!(fixture.keys.show_token(&info.token_id).await.unwrap().unwrap().status, TokenStatus::Suspended);
    // Only who holds it is told.
    assert!(fixture.keys.login(&ApiToken::generate(&mut random())).await.unwrap().is_none());
    fixture.keys.resume_principal(&info.principal).await.unwrap();
    assert!(fixture.keys.login(&token).await.unwrap().is_some());
}

#[tokio::test]
async fn a_token_is_renamed_and_changed_and_another_is_not() {
    let fixture = Fixture::new().await;
    let (one, _) = fixture.create_token(Permission::Write).await;
    let (two, _) = fixture.create_token(Permission::Write).await;
    let update =
        TokenUpdate { name: Some("new".into()), permission: Some(Permission::Admin), ..TokenUpdate::default() };
    let updated = fixture.keys.update_token(&one.token_id, update).await.unwrap().unwrap();
    assert_eq!((updated.name.as_str(), updated.permission), ("new", Permission::Admin));
    assert_eq!(fixture.keys.show_token(&two.token_id).await.unwrap().unwrap(), two);
    let nothing = TokenUpdate { permission: Some(Permission::None), ..TokenUpdate::default() };
    assert!(matches!(fixture.keys.update_token(&one.token_id, nothing).await, Err(KeysError::Invalid(_))));
    let nobody = TokenId::parse("abcdefghijklmnop").unwrap();
    assert!(fixture.keys.update_token(&nobody, TokenUpdate::default()).await.unwrap().is_none());
    assert!(fixture.keys.revoke_token(&nobody, KeysOfToken::Revoke).await.unwrap().is_none());
}

#[tokio::test]
async fn tokens_are_listed_in_pages_with_their_last_use() {
    let fixture = Fixture::new().await;
    let mut tokens = Vec::new();
    for _ in 0..7 {
        tokens.push(fixture.create_token(Permission::Read).await);
    }
    tokens.sort_by(|(one, _), (two, _)| one.token_id.cmp(&two.token_id));
    fixture.keys.login(&tokens[5].1).await.unwrap().unwrap();
    fixture.keys.last_uses.write().await.unwrap();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = fixture.keys.list_tokens(after.as_ref(), 3).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 3);
        after = Some(last.token_id.clone());
        listed.extend(page);
    }
    let ids = |infos: &[TokenInfo]| infos.iter().map(|info| info.token_id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&listed), tokens.iter().map(|(info, _)| info.token_id.clone()).collect::<Vec<_>>());
    let used: Vec<_> = (0..7).filter(|&position| listed[position].last_used.is_some()).collect();
    assert_eq!(used, [5]);
    assert_eq!(listed[5].last_used, "2026-05-06T07:08:00Z".parse().ok());
}

#[tokio::test]
async fn nobody_logs_in_while_the_store_cannot_be_followed() {
    let fixture = Fixture::new().await;
    let (_, token) = fixture.create_token(Permission::Read).await;
    fixture.store.set_deaf(true);
    let deaf = fixture.another_node().await;
    fixture.store.set_deaf(false);
    let holder = deaf.login(&token).await.unwrap().unwrap();
    fixture.store.set_failing(true);
    fixture.store.ears.lock().unwrap().clear();
    eventually("it refuses logins", async || matches!(deaf.login(&token).await, Err(KeysError::NotCurrent))).await;
    let grant = Grant::from_token(&holder, Permission::Admin, an_hour());
    assert!(matches!(deaf.issue(grant, &mut random()).await, Err(KeysError::NotCurrent)));
    fixture.store.set_failing(false);
    eventually("it recovers", async || deaf.login(&token).await.is_ok_and(|holder| holder.is_some())).await;
}

#[tokio::test]
async fn news_of_a_token_may_come_late_and_twice() {
    let fixture = Fixture::new().await;
    let (info, token) = fixture.create_token(Permission::Read).await;
    let (old, stored) = fixture.keys.tokens.load(&info.token_id).await.unwrap().unwrap();
    fixture.keys.revoke_token(&info.token_id, KeysOfToken::Revoke).await.unwrap().unwrap();
    for _ in 0..2 {
        fixture.keys.tokens.learn(stored.revision, old.clone());
        assert!(fixture.keys.login(&token).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_token_whose_record_was_removed_is_nobodys_and_so_are_its_keys() {
    for lagged in [false, true] {
        let fixture = Fixture::new().await;
        let (info, token) = fixture.create_token(Permission::Write).await;
        fixture.store.set_deaf(lagged);
        let node = fixture.another_node().await;
        fixture.store.set_deaf(false);
        let holder = node.login(&token).await.unwrap().unwrap();
        let grant = Grant::from_token(&holder, Permission::Admin, an_hour());
        let id = node.issue(grant, &mut random()).await.unwrap().info.access_key_id;
        assert!(is_known(&node.find(&id).await));
        let key = crate::store::RecordKey::for_token(&info.token_id);
        fixture.store.delete(key, crate::store::Expected::Any).await.unwrap();
        if lagged {
            fixture.store.ears.lock().unwrap()[2].send(crate::store::WatchEvent::Lagged).unwrap();
        }
        eventually("nobody's", async || node.login(&token).await.unwrap().is_none()).await;
        assert!(is_unknown(&node.find(&id).await), "{lagged}");
    }
}
