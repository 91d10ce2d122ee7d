//! The operations on access keys, one by one, as the protocol writes them.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::client::{ACCESS_KEY, Plane, REVOKE_KEY, REVOKE_PRINCIPAL, STATUS, bearer};
use crate::support::app::now;
use crate::support::request::Request;

#[tokio::test]
async fn a_temporary_key_is_made_shown_and_used() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let body = json!({"durationSeconds": 300, "attributes": {"team": "research", "empty": ""}});
    let made = plane.post(ACCESS_KEY, &token, &body).await;
    let text = made.response.text();
    let order = ["accessKeyId", "secretKey", "principalName", "expiry", "attributes"];
    let places: Vec<_> = order.iter().map(|name| text.find(&format!("\"{name}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "in the documented order: {text}");
    assert_eq!(made.succeeded()["principalName"], token.principal);
    assert_eq!(made.json["expiry"], "2026-11-20T10:05:00Z");
    assert_eq!(made.json["attributes"], body["attributes"]);
    assert!(made.key().id.starts_with("CW") && made.key().secret.starts_with("cwo"));

    let shown = plane.get(&format!("{ACCESS_KEY}/{}", made.key().id), &token).await;
    let expected = json!({
        "accessKeyId": made.key().id, "status": "ACTIVE", "principalName": token.principal,
        "attributes": body["attributes"], "expiry": "2026-11-20T10:05:00Z", "orgId": "ab1cd2", "multiAttributes": {},
    });
    assert_eq!(shown.succeeded()["info"], expected);
    plane.app.accepts(Request::put("/bucket/object").body("x").sign(&made.key(), now())).await;

    plane.app.clock.advance(SignedDuration::from_secs(300));
    let shown = plane.get(&format!("{ACCESS_KEY}/{}", made.key().id), &token).await;
    assert_eq!(shown.succeeded()["info"]["status"], "EXPIRED");
}

#[tokio::test]
async fn zero_seconds_make_a_permanent_key_which_has_no_expiry() {
    let plane = Plane::start().await;
    let token = plane.token("read").await;
    let made = plane.post(ACCESS_KEY, &token, &json!({"durationSeconds": 0})).await;
    assert!(made.succeeded().get("expiry").is_none(), "{made:?}");
    let shown = plane.get(&format!("{ACCESS_KEY}/{}", made.key().id), &token).await;
    assert!(shown.succeeded()["info"].get("expiry").is_none());
    plane.app.clock.advance(SignedDuration::from_hours(24 * 365));
    let later = now().saturating_add(SignedDuration::from_hours(24 * 365)).unwrap();
    plane.app.accepts(Request::get("/bucket/object").sign(&made.key(), later)).await;
}

#[tokio::test]
async fn a_permanent_key_takes_a_configuration_that_allows_it() {
    let plane = Plane::with(|setup| setup.identities.retain(|(prefix, _)| prefix != "coreweave/")).await;
    let token = plane.token("write").await;
    let before = plane.keys_in_all().await;
    // Without an entry, not even a temporary one.
    for seconds in [0, 60] {
        let refused = plane.post(ACCESS_KEY, &token, &json!({"durationSeconds": seconds})).await;
        assert!(refused.refused(403, 7).contains("ceiling of its identity prefix"), "{refused:?}");
    }
    assert_eq!(plane.keys_in_all().await, before);
}

#[tokio::test]
async fn lists_come_in_parts_and_by_status() {
    let plane = Plane::start().await;
    let (token, other) = (plane.token("write").await, plane.token("write").await);
    // With the keys of others: who may list them may list them all.
    let mut ids: Vec<_> = [&plane.app.admin, &plane.app.write, &plane.app.read].map(|key| key.id.clone()).into();
    let mut own = Vec::new();
    for _ in 0..5 {
        own.push(plane.mint(&token, 600).await.id);
    }
    ids.extend(own.clone());
    ids.push(plane.mint(&other, 600).await.id);
    ids.sort();
    let page = |query: &str| {
        let path = format!("{ACCESS_KEY}{query}");
        let (plane, token) = (&plane, &token);
        async move {
            let answer = plane.get(&path, token).await;
            let listed = answer.succeeded()["info"].as_array().unwrap().clone();
            listed.iter().map(|key| key["accessKeyId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    assert_eq!(page("").await, ids);
    assert_eq!(page("?limit=2").await, ids[..2]);
    assert_eq!(page("?offset=2&limit=2").await, ids[2..4]);
    assert_eq!(page("?offset=8&limit=2").await, ids[8..]);
    assert_eq!(page("?offset=9").await, Vec::<String>::new());
    assert_eq!(page("?status=ACCESS_KEY_STATUS_ACTIVE").await, ids);
    assert_eq!(page("?status=ACCESS_KEY_STATUS_SUSPENDED").await, Vec::<String>::new());

    plane.post(REVOKE_KEY, &token, &json!({"accessKey": own[0]})).await.succeeded();
    ids.retain(|id| *id != own[0]);
    assert_eq!(page("").await, ids, "revoked keys are not listed");

    let status = json!({"principalName": token.principal, "status": "ACCESS_KEY_STATUS_SUSPENDED"});
    plane.call("PUT", STATUS, &plane.admin, &status).await.succeeded();
    let path = format!("{ACCESS_KEY}?status=ACCESS_KEY_STATUS_SUSPENDED");
    let suspended = plane.get(&path, &plane.admin).await;
    let suspended = suspended.succeeded()["info"].as_array().unwrap();
    assert_eq!(suspended.len(), 4);
    assert!(suspended.iter().all(|key| key["status"] == "FULL_SUSPENDED"), "{suspended:?}");

    for wrong in ["limit=0", "limit=1001", "limit=x", "offset=-1", "status=FOO", "page=1", "limit=1&limit=2"] {
        plane.get(&format!("{ACCESS_KEY}?{wrong}"), &other).await.refused(400, 3);
    }
}

#[tokio::test]
async fn a_key_is_revoked_for_good_and_shown_as_deleted() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let (key, kept) = (plane.mint(&token, 0).await, plane.mint(&token, 0).await);
    plane.app.accepts(Request::get("/bucket/object").sign(&key, now())).await;
    for _ in 0..2 {
        let revoked = plane.post(REVOKE_KEY, &token, &json!({"accessKey": key.id})).await;
        assert_eq!(revoked.succeeded(), &json!({}), "as often as one likes");
    }
    let shown = plane.get(&format!("{ACCESS_KEY}/{}", key.id), &token).await;
    assert_eq!(shown.succeeded()["info"]["status"], "DELETED");
    plane.app.refuses(&Request::get("/bucket/object").sign(&key, now()), 403, "InvalidAccessKeyId").await;
    plane.app.accepts(Request::get("/bucket/object").sign(&kept, now())).await;
    let unknown = plane.post(REVOKE_KEY, &token, &json!({"accessKey": "CWAAAAAAAAAAAAAAAAAA"})).await;
    unknown.refused(404, 5);
    plane.get(&format!("{ACCESS_KEY}/CWAAAAAAAAAAAAAAAAAA"), &token).await.refused(404, 5);
    plane.get(&format!("{ACCESS_KEY}/short"), &token).await.refused(400, 3);
}

#[tokio::test]
async fn all_keys_of_a_principal_are_revoked_at_once_and_new_ones_work() {
    let plane = Plane::start().await;
    let (token, other) = (plane.token("write").await, plane.token("write").await);
    let keys = [plane.mint(&token, 0).await, plane.mint(&token, 60).await];
    let others = plane.mint(&other, 0).await;
    let revoked = plane.post(REVOKE_PRINCIPAL, &token, &json!({"principalName": token.principal})).await;
    assert_eq!(revoked.succeeded(), &json!({}));
    for key in &keys {
        plane.app.refuses(&Request::get("/bucket/object").sign(key, now()), 403, "InvalidAccessKeyId").await;
    }
    let new = plane.mint(&token, 60).await;
    plane.app.accepts(Request::get("/bucket/object").sign(&new, now())).await;
    plane.app.accepts(Request::get("/bucket/object").sign(&others, now())).await;
}

#[tokio::test]
async fn a_suspension_rests_every_key_and_is_lifted() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let key = plane.mint(&token, 0).await;
    let request = || Request::get("/bucket/object").sign(&key, now());
    for (suspend, resume) in [("ACCESS_KEY_STATUS_SUSPENDED", "ACCESS_KEY_STATUS_ACTIVE"), ("SUSPENDED", "ACTIVE")] {
        let set = |status: &str| json!({"principalName": token.principal, "status": status});
        let answer = plane.call("PUT", STATUS, &plane.admin, &set(suspend)).await;
        assert_eq!(answer.succeeded(), &json!({}));
        plane.app.refuses(&request(), 403, "InvalidAccessKeyId").await;
        plane.post(ACCESS_KEY, &token, &json!({"durationSeconds": 60})).await.refused(403, 7);
        plane.call("PUT", STATUS, &plane.admin, &set(resume)).await.succeeded();
        plane.app.accepts(request()).await;
        plane.mint(&token, 60).await;
    }
    for wrong in ["", "active", "ACCESS_KEY_STATUS_UNSPECIFIED", "DELETED"] {
        let body = json!({"principalName": token.principal, "status": wrong});
        plane.call("PUT", STATUS, &plane.admin, &body).await.refused(400, 3);
    }
    let body = json!({"principalName": "nobody", "status": "ACTIVE"});
    assert!(plane.call("PUT", STATUS, &plane.admin, &body).await.refused(400, 3).contains("principalName"));
}

#[tokio::test]
async fn whoami_tells_the_caller_who_they_are() {
    let plane = Plane::start().await;
    let token = plane.token("read").await;
    let answer = plane.get("/v1beta1/auth/whoami", &token).await;
    let expected = json!({
        "principal": {"uid": token.id, "orgUid": "ab1cd2"}, "groups": [], "permission": "read",
        "principalName": token.principal, "tokenName": "a test",
    });
    assert_eq!(answer.succeeded(), &expected);
}

#[tokio::test]
async fn g07_a_key_whose_answer_was_lost_is_listed_and_can_be_revoked() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let mint = bearer(crate::client::json("POST", ACCESS_KEY, &json!({"durationSeconds": 0})), &token);
    // The client is gone as soon as it has sent the request.
    for _ in 0..20 {
        let mut connection = crate::support::wire::Connection::open(plane.address).await;
        connection.send(mint.bytes()).await;
        drop(connection);
    }
    let again = plane.mint(&token, 0).await;
    // What was begun is finished; each key is there whole or not at all.
    let mut listed = Vec::new();
    for _ in 0..100 {
        let answer = plane.get(ACCESS_KEY, &token).await;
        assert!(!answer.response.text().contains("cwo"), "no secret is told again");
        let before = listed.len();
        listed = answer.succeeded()["info"].as_array().unwrap().clone();
        if listed.len() > 1 && listed.len() == before {
            break;
        }
    }
    let id = |key: &Value| key["accessKeyId"].as_str().unwrap().to_owned();
    let orphans: Vec<_> = listed.iter().map(id).filter(|id| *id != again.id).collect();
    assert!(!orphans.is_empty(), "otherwise nothing was lost");
    for orphan in orphans {
        plane.post(REVOKE_KEY, &token, &json!({"accessKey": orphan})).await.succeeded();
    }
    plane.app.accepts(Request::get("/bucket/object").sign(&again, now())).await;
}
