//! Keys that follow the token they were made from: narrowed, widened, ended with it or kept.

use super::*;

async fn set_permission(keys: &Keys, token: &TokenId, permission: Permission) {
    let update = TokenUpdate { permission: Some(permission), ..TokenUpdate::default() };
    keys.update_token(token, update).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_key_follows_its_token_down_and_up_again_but_never_beyond_its_making() {
    use Permission::{Admin, Read, Write};
    let fixture = Fixture::new().await;
    let other = fixture.another_node().await;
    let holder = fixture.new_holder(Write).await;
    let id = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    for (of_token, of_key) in [(Write, Write), (Read, Read), (Admin, Write), (Read, Read), (Write, Write)] {
        set_permission(&fixture.keys, holder.token(), of_token).await;
        // On this node from the acknowledgement on, in the very next request.
        assert_eq!(fixture.permission(&id).await, Some(of_key));
        assert_eq!(fixture.keys.show(&id).await.unwrap().unwrap().permission, of_key, "and so it is told");
        eventually("on the other node soon", async || {
            let Ok(Lookup::Known(key)) = other.find(&id).await else { panic!("not found") };
            other.permission_of(&key) == of_key
        })
        .await;
    }
}

#[tokio::test]
async fn j01_a_revoked_token_ends_its_keys_and_no_others_everywhere() {
    let fixture = Fixture::new().await;
    let other = fixture.another_node().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(fixture.issue_to(&holder).await.unwrap().info.access_key_id);
    }
    let bystander = fixture.issue_to(&fixture.new_holder(Permission::Write).await).await.unwrap().info.access_key_id;
    for id in ids.iter().chain([&bystander]) {
        // Warm on both nodes.
        assert!(is_known(&fixture.keys.find(id).await) && is_known(&other.find(id).await));
    }
    fixture.keys.revoke_token(holder.token(), KeysOfToken::Revoke).await.unwrap().unwrap();
    for id in &ids {
        assert!(is_unknown(&fixture.keys.find(id).await));
        eventually("refused there", async || is_unknown(&other.find(id).await)).await;
        let info = fixture.keys.show(id).await.unwrap().unwrap();
        assert_eq!(info.status, KeyStatus::Revoked);
        let record = fixture.store.load(&crate::store::RecordKey::for_access_key(id)).await.unwrap().unwrap();
        assert!(!String::from_utf8_lossy(&record.value).contains("secret"), "its secret is destroyed");
    }
    assert!(is_known(&fixture.keys.find(&bystander).await) && is_known(&other.find(&bystander).await));
}

#[tokio::test]
async fn a_token_revoked_with_its_keys_kept_lets_them_go_on_as_they_were() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let id = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    fixture.keys.revoke_token(holder.token(), KeysOfToken::Keep).await.unwrap().unwrap();
    assert_eq!(fixture.permission(&id).await, Some(Permission::Write));
    let fixture = fixture.reopened().await;
    assert_eq!(fixture.permission(&id).await, Some(Permission::Write));
    // Ending them later is possible; taking that back is not.
    for end in [KeysOfToken::Revoke, KeysOfToken::Keep, KeysOfToken::Revoke] {
        fixture.keys.revoke_token(holder.token(), end).await.unwrap().unwrap();
        assert_eq!(fixture.permission(&id).await, None, "{end:?}");
    }
}

#[tokio::test]
async fn j02_a_key_whose_commit_was_under_way_ends_with_its_token_all_the_same() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    fixture.store.stop_next_commit();
    let issuing = {
        let (keys, grant) = (Arc::clone(&fixture.keys), Grant::from_token(&holder, Permission::Admin, an_hour()));
        tokio::spawn(async move { keys.issue(grant, &mut random()).await })
    };
    fixture.store.stopped.acquire().await.unwrap().forget();
    fixture.keys.revoke_token(holder.token(), KeysOfToken::Revoke).await.unwrap().unwrap();
    fixture.store.go_on.add_permits(1);
    let issued = issuing.await.unwrap().unwrap();
    let id = issued.info.access_key_id;
    assert!(is_unknown(&fixture.keys.find(&id).await));
    assert!(is_unknown(&fixture.another_node().await.find(&id).await));
    let info = fixture.keys.show(&id).await.unwrap().unwrap();
    assert_eq!(
        (info.status, info.revoked_at),
        (KeyStatus::Revoked, Some(fixture.clock.now())),
        "nobody is told it works"
    );
    // Revoking the token once more finishes what the race left.
    fixture.keys.revoke_token(holder.token(), KeysOfToken::Revoke).await.unwrap().unwrap();
    let record = fixture.store.load(&crate::store::RecordKey::for_access_key(&id)).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&record.value).contains("secret"));
}

#[tokio::test]
async fn a_key_that_is_being_loaded_while_its_token_is_revoked_is_not_found() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let id = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    fixture.store.stop_next_load();
    let finding = {
        let (keys, id) = (Arc::clone(&fixture.keys), id.clone());
        tokio::spawn(async move { keys.find(&id).await })
    };
    fixture.store.stopped.acquire().await.unwrap().forget();
    fixture.keys.revoke_token(holder.token(), KeysOfToken::Revoke).await.unwrap().unwrap();
    fixture.store.go_on.add_permits(1);
    assert!(is_unknown(&finding.await.unwrap()));
}

#[tokio::test]
async fn revoking_a_principal_ends_the_keys_it_has_and_says_how_many() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(fixture.issue_to(&holder).await.unwrap().info.access_key_id);
    }
    let alike = Principal::parse(&format!("{}2", holder.principal())).unwrap();
    assert_eq!(fixture.keys.revoke_principal(&alike).await.unwrap(), 0, "whole values are compared");
    fixture.keys.revoke(&ids[0]).await.unwrap().unwrap();
    assert_eq!(fixture.keys.revoke_principal(holder.principal()).await.unwrap(), 4);
    assert_eq!(fixture.keys.revoke_principal(holder.principal()).await.unwrap(), 0);
    for id in &ids {
        assert_eq!(fixture.permission(id).await, None);
    }
    // The token itself lives, and makes keys.
    let later = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    assert_eq!(fixture.permission(&later).await, Some(Permission::Write));
}

#[tokio::test]
async fn keys_that_come_while_their_principal_is_revoked_harm_nobody() {
    let fixture = Fixture::new().await;
    let holder = fixture.new_holder(Permission::Write).await;
    let mut before = Vec::new();
    for _ in 0..20 {
        before.push(fixture.issue_to(&holder).await.unwrap().info.access_key_id);
    }
    let issuing = {
        let (keys, holder) = (Arc::clone(&fixture.keys), holder.clone());
        tokio::spawn(async move {
            let mut made = Vec::new();
            for _ in 0..20 {
                let grant = Grant::from_token(&holder, Permission::Admin, an_hour());
                made.push(keys.issue(grant, &mut random()).await.unwrap().info.access_key_id);
            }
            made
        })
    };
    let ended = fixture.keys.revoke_principal(holder.principal()).await.unwrap();
    let made = issuing.await.unwrap();
    assert!((20..=40).contains(&ended), "{ended}");
    for id in &before {
        assert_eq!(fixture.permission(id).await, None);
    }
    let mut alive = 0;
    for id in &made {
        alive += usize::from(fixture.permission(id).await.is_some());
    }
    assert_eq!(alive + ended, 40, "each key was ended or goes on");
    assert_eq!(fixture.keys.revoke_principal(holder.principal()).await.unwrap(), alive);
}

#[tokio::test]
async fn keys_are_listed_by_principal_status_and_part() {
    let fixture = Fixture::new().await;
    let (one, two) = (fixture.new_holder(Permission::Write).await, fixture.new_holder(Permission::Write).await);
    let mut of_one = Vec::new();
    for _ in 0..6 {
        of_one.push(fixture.issue_to(&one).await.unwrap().info.access_key_id);
        fixture.issue_to(&two).await.unwrap();
    }
    let short = Grant::from_token(&one, Permission::Admin, KeyLife::Seconds(seconds(60)));
    let short = fixture.issue(short).await.unwrap().info.access_key_id;
    fixture.clock.advance(SignedDuration::from_secs(60));
    of_one.sort();
    let revoked = of_one.remove(2);
    fixture.keys.revoke(&revoked).await.unwrap().unwrap();

    let list = async |principal, status, offset, limit| {
        let filter = KeyFilter { principal, status, offset, limit };
        let infos = fixture.keys.list_filtered(filter).await.unwrap();
        infos.into_iter().map(|info| info.access_key_id).collect::<Vec<_>>()
    };
    let whose = Some(one.principal());
    assert_eq!(list(whose, Some(KeyStatus::Active), 0, 100).await, of_one);
    assert_eq!(list(whose, Some(KeyStatus::Active), 1, 2).await, of_one[1..3]);
    assert_eq!(list(whose, Some(KeyStatus::Active), 4, 10).await, of_one[4..]);
    assert!(list(whose, Some(KeyStatus::Active), 5, 10).await.is_empty());
    assert!(list(whose, Some(KeyStatus::Active), usize::MAX, 10).await.is_empty());
    assert!(list(whose, None, 0, 0).await.is_empty());
    assert_eq!(list(whose, Some(KeyStatus::Revoked), 0, 10).await, std::slice::from_ref(&revoked));
    assert_eq!(list(whose, Some(KeyStatus::Expired), 0, 10).await, std::slice::from_ref(&short));
    assert!(list(whose, Some(KeyStatus::Suspended), 0, 10).await.is_empty());
    let mut unrevoked = of_one.clone();
    unrevoked.push(short);
    unrevoked.sort();
    assert_eq!(list(whose, None, 0, 100).await, unrevoked, "revoked keys only if they are asked for");
    assert_eq!(list(None, Some(KeyStatus::Active), 0, 100).await.len(), 11);
    // Parts fit together.
    let mut together = Vec::new();
    for offset in (0..12).step_by(5) {
        together.extend(list(None, Some(KeyStatus::Active), offset, 5).await);
    }
    assert_eq!(together, list(None, Some(KeyStatus::Active), 0, 100).await);
    let nobody = Principal::parse("saml/Nobody").unwrap();
    assert!(list(Some(&nobody), None, 0, 10).await.is_empty());

    fixture.keys.suspend_principal(one.principal()).await.unwrap();
    assert_eq!(list(whose, Some(KeyStatus::Suspended), 0, 100).await, of_one);
    assert!(list(whose, Some(KeyStatus::Active), 0, 100).await.is_empty());
    fixture.keys.revoke_token(two.token(), KeysOfToken::Keep).await.unwrap().unwrap();
    assert_eq!(list(Some(two.principal()), None, 0, 100).await.len(), 6, "kept keys are alive");
}
