//! Keys that work only together with their session token.

use super::*;
use crate::identity::SessionToken;

async fn issue(fixture: &Fixture, with_session_token: bool) -> (Arc<LiveKey>, Option<SessionToken>) {
    let holder = fixture.new_holder(Permission::Write).await;
    let grant = Grant::from_token(&holder, Permission::Admin, an_hour());
    let issued = fixture.issue(if with_session_token { grant.with_session_token() } else { grant }).await.unwrap();
    assert_eq!(issued.info.has_session_token, with_session_token);
    let Ok(Lookup::Known(key)) = fixture.keys.find(&issued.info.access_key_id).await else { panic!("not found") };
    (key, issued.session_token)
}

#[tokio::test]
async fn a_session_token_goes_with_its_own_key_only() {
    let fixture = Fixture::new().await;
    let ((one, token_of_one), (two, token_of_two)) = (issue(&fixture, true).await, issue(&fixture, true).await);
    let (token_of_one, token_of_two) = (token_of_one.unwrap(), token_of_two.unwrap());
    let right = token_of_one.expose().as_bytes();
    assert_eq!(one.judge_session_token(Some(right)), Ok(()));
    assert_eq!(two.judge_session_token(Some(token_of_two.expose().as_bytes())), Ok(()));
    assert_eq!(two.judge_session_token(Some(right)), Err(SessionTokenError::Wrong));
    let upper = token_of_one.expose().to_uppercase();
    let padded = format!("{} ", token_of_one.expose());
    let digest = token_of_one.digest().to_hex();
    for wrong in [&b""[..], b"cws-", &right[..46], upper.as_bytes(), padded.as_bytes(), digest.as_bytes(), b"\xff"] {
        assert_eq!(one.judge_session_token(Some(wrong)), Err(SessionTokenError::Wrong), "{wrong:?}");
    }
    assert_eq!(one.judge_session_token(None), Err(SessionTokenError::Missing));
}

#[tokio::test]
async fn a_key_without_session_token_accepts_none() {
    let fixture = Fixture::new().await;
    let (key, token) = issue(&fixture, false).await;
    assert!(token.is_none());
    assert_eq!(key.judge_session_token(None), Ok(()));
    let another = SessionToken::generate(&mut random());
    for sent in [&b""[..], another.expose().as_bytes()] {
        assert_eq!(key.judge_session_token(Some(sent)), Err(SessionTokenError::Unwanted));
    }
}

#[tokio::test]
async fn a_session_token_is_known_on_every_node_after_a_restart_and_nowhere_in_the_store() {
    let fixture = Fixture::new().await;
    let (key, token) = issue(&fixture, true).await;
    let token = token.unwrap();
    for (name, stored) in fixture.store.list("", None, 1000).await.unwrap() {
        let text = String::from_utf8_lossy(&stored.value);
        assert!(!text.contains(token.expose()) && !name.as_str().contains(token.expose()), "{name}");
    }
    let id = key.id.clone();
    drop(key);
    let fixture = fixture.reopened().await;
    for node in [&fixture.keys, &fixture.another_node().await] {
        let Ok(Lookup::Known(key)) = node.find(&id).await else { panic!("not found") };
        assert_eq!(key.judge_session_token(Some(token.expose().as_bytes())), Ok(()));
        assert_eq!(key.judge_session_token(None), Err(SessionTokenError::Missing));
    }
}
