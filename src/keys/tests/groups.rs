//! Groups: a key made from a token has those of its token today, a federated key those it was made with.

use super::*;

fn groups(names: &[&str]) -> Groups {
    Groups::parse(names.iter().map(|&name| name.to_owned())).unwrap()
}

async fn holder_in(fixture: &Fixture, names: &[&str]) -> TokenHolder {
    let new =
        NewToken { name: "a".into(), permission: Permission::Write, groups: groups(names), ..NewToken::default() };
    let (info, token) = fixture.keys.create_token(new, &mut random()).await.unwrap();
    assert_eq!(info.groups, groups(names));
    fixture.keys.login(&token).await.unwrap().unwrap()
}

async fn set(keys: &Keys, token: &TokenId, names: &[&str]) -> Result<Option<TokenInfo>, KeysError> {
    keys.update_token(token, TokenUpdate { groups: Some(groups(names)), ..TokenUpdate::default() }).await
}

async fn found(keys: &Keys, id: &AccessKeyId) -> Arc<LiveKey> {
    let Ok(Lookup::Known(key)) = keys.find(id).await else { panic!("{id} is not found") };
    key
}

#[tokio::test]
async fn a_group_taken_from_a_token_is_gone_at_the_next_request_of_its_keys() {
    let fixture = Fixture::new().await;
    let other = fixture.another_node().await;
    let holder = holder_in(&fixture, &["b", "a"]).await;
    assert_eq!(holder.groups(), &groups(&["a", "b"]));
    let with_session = Grant::from_token(&holder, Permission::Admin, an_hour()).with_session_token();
    for issued in [fixture.issue_to(&holder).await.unwrap(), fixture.issue(with_session).await.unwrap()] {
        let id = issued.info.access_key_id;
        set(&fixture.keys, holder.token(), &["a", "b"]).await.unwrap().unwrap();
        assert_eq!(fixture.keys.groups_of(&*found(&fixture.keys, &id).await), groups(&["a", "b"]));
        for names in [&["b"][..], &["c", "b"], &[]] {
            // A request may hold the key from before.
            let held = found(&fixture.keys, &id).await;
            set(&fixture.keys, holder.token(), names).await.unwrap().unwrap();
            assert_eq!(fixture.keys.groups_of(&held), groups(names));
            let standing = fixture.keys.standing_of(&*found(&fixture.keys, &id).await);
            assert_eq!(standing, Standing { permission: Permission::Write, groups: groups(names) });
            assert_eq!(fixture.keys.show(&id).await.unwrap().unwrap().groups, groups(names), "and so it is told");
            eventually("on the other node soon", async || other.groups_of(&*found(&other, &id).await) == groups(names))
                .await;
        }
    }
}

#[tokio::test]
async fn a_change_of_something_else_leaves_the_groups_and_none_are_taken_back_from_the_dead() {
    let fixture = Fixture::new().await;
    let holder = holder_in(&fixture, &["a"]).await;
    let key = fixture.issue_to(&holder).await.unwrap().info.access_key_id;
    let update = TokenUpdate { name: Some("b".into()), ..TokenUpdate::default() };
    assert_eq!(fixture.keys.update_token(holder.token(), update).await.unwrap().unwrap().groups, groups(&["a"]));
    fixture.keys.revoke_token(holder.token(), KeysOfToken::Keep).await.unwrap().unwrap();
    assert!(matches!(set(&fixture.keys, holder.token(), &["b"]).await, Err(KeysError::TokenRevoked(_))));
    let fixture = fixture.reopened().await;
    assert_eq!(fixture.keys.groups_of(&*found(&fixture.keys, &key).await), groups(&["a"]));
}

#[tokio::test]
async fn a_federated_key_keeps_the_groups_and_a_static_key_has_none() {
    let fixture = Fixture::new().await;
    let evidence = oidc("c1", "somebody").in_groups(groups(&["physics"]));
    let attributes = Attributes::parse([("team".to_owned(), "blue".to_owned())].into()).unwrap();
    let grant = Grant::from_evidence(&evidence, Permission::Admin, seconds(60)).with_attributes(attributes.clone());
    let issued = fixture.issue(grant).await.unwrap().info;
    assert_eq!(issued.groups, groups(&["physics"]));
    // A later login in other groups is another key's.
    let later = oidc("c1", "somebody").in_groups(groups(&["chemistry"]));
    fixture.issue(Grant::from_evidence(&later, Permission::Admin, seconds(60))).await.unwrap();
    let of_static = fixture.create().await;
    let fixture = fixture.reopened().await;
    let key = found(&fixture.keys, &issued.access_key_id).await;
    assert_eq!(fixture.keys.groups_of(&key), groups(&["physics"]));
    assert_eq!(key.attributes, attributes, "lent to conditions too");
    let key = found(&fixture.keys, &of_static).await;
    assert!(fixture.keys.groups_of(&key).is_empty() && key.attributes.is_empty());
}

#[tokio::test]
async fn the_groups_of_single_sign_on_are_those_of_the_last_login() {
    let fixture = Fixture::new().await;
    let login = async |names: &[&str]| {
        let evidence = oidc("c1", "somebody").in_groups(groups(names));
        fixture.keys.login_single_sign_on(&evidence, Permission::Write, false, &mut random()).await.unwrap().unwrap()
    };
    let first = login(&["a"]).await;
    assert_eq!(first.groups(), &groups(&["a"]));
    let id = fixture.issue_to(&first).await.unwrap().info.access_key_id;
    for names in [&["a", "b"][..], &["b"], &[]] {
        assert_eq!(login(names).await.groups(), &groups(names));
        assert_eq!(fixture.keys.groups_of(&*found(&fixture.keys, &id).await), groups(names));
    }
    let refused = set(&fixture.keys, first.token(), &["c"]).await;
    assert!(matches!(refused, Err(KeysError::Invalid(_))), "the next login would undo it: {refused:?}");
    assert!(fixture.keys.show_token(first.token()).await.unwrap().unwrap().groups.is_empty());
}
