//! Groups over the API: on tokens, on the keys they make, and on keys for the word of an identity provider.

use serde_json::{Value, json};

use crate::client::{ACCESS_KEY, Answer, FROM_API_TOKEN, Plane, Token};
use crate::federated::{exchange, issuer};

async fn token_in(plane: &Plane, groups: &Value) -> Token {
    let body = json!({"name": "a test", "permission": "write", "groups": groups});
    let created = plane.post("/v1/admin/tokens", &plane.admin, &body).await;
    assert_eq!(created.status, 201, "{created:?}");
    Token::from(&created.json)
}

async fn change(plane: &Plane, token: &Token, body: &Value) -> Answer {
    plane.call("PATCH", &format!("/v1/admin/tokens/{}", token.id), &plane.admin, body).await
}

/// What is told of a key: by the protocol's route, and to administrators.
async fn of_key(plane: &Plane, id: &str) -> (Value, Value) {
    let shown = plane.get(&format!("{ACCESS_KEY}/{id}"), &plane.admin).await;
    let info = plane.get(&format!("/v1/admin/keys/{id}"), &plane.admin).await;
    (shown.succeeded()["info"]["multiAttributes"].clone(), info.succeeded()["groups"].clone())
}

#[tokio::test]
async fn the_groups_of_a_token_are_told_changed_and_those_of_its_keys() {
    let plane = Plane::start().await;
    let token = token_in(&plane, &json!(["physics", "Domain Admins", "physics"])).await;
    let groups = json!(["Domain Admins", "physics"]);
    let shown = plane.get(&format!("/v1/admin/tokens/{}", token.id), &plane.admin).await;
    assert_eq!(shown.succeeded()["groups"], groups);
    let listed = plane.get("/v1/admin/tokens", &plane.admin).await;
    assert!(listed.succeeded()["tokens"].as_array().unwrap().iter().any(|token| token["groups"] == groups));
    assert_eq!(plane.get("/v1beta1/auth/whoami", &token).await.succeeded()["groups"], groups);
    let fetched = plane.get(FROM_API_TOKEN, &token).await;
    assert_eq!(fetched.succeeded()["multiAttributes"], json!({"groups": groups}));
    let minted = plane.mint(&token, 60).await;
    for key in [fetched.json["AccessKeyId"].as_str().unwrap(), &minted.id] {
        assert_eq!(of_key(&plane, key).await, (json!({"groups": groups}), groups.clone()));
    }

    assert_eq!(change(&plane, &token, &json!({"name": "b"})).await.succeeded()["groups"], groups);
    assert_eq!(
        change(&plane, &token, &json!({"groups": ["chemistry"]})).await.succeeded()["groups"],
        json!(["chemistry"])
    );
    assert_eq!(of_key(&plane, &minted.id).await, (json!({"groups": ["chemistry"]}), json!(["chemistry"])));
    assert_eq!(change(&plane, &token, &json!({"groups": []})).await.succeeded()["groups"], json!([]));
    assert_eq!(of_key(&plane, &minted.id).await, (json!({}), json!([])));
    assert_eq!(plane.get("/v1beta1/auth/whoami", &token).await.succeeded()["groups"], json!([]));
    // Only an administrator says who is in which group.
    let own = plane.call("PATCH", &format!("/v1/admin/tokens/{}", token.id), &token, &json!({"groups": ["x"]})).await;
    own.refused(403, 7);
}

#[tokio::test]
async fn groups_of_the_wrong_form_are_refused() {
    let plane = Plane::start().await;
    let token = token_in(&plane, &json!(["physics"])).await;
    let too_many: Vec<String> = (0..101).map(|number| number.to_string()).collect();
    for groups in [json!("physics"), json!([""]), json!(["a\n"]), json!([" a"]), json!([7]), json!(too_many)] {
        let body = json!({"name": "a", "permission": "read", "groups": groups});
        let refused = plane.post("/v1/admin/tokens", &plane.admin, &body).await;
        assert!(refused.refused(400, 3).contains("groups"), "{refused:?}");
        change(&plane, &token, &json!({"groups": groups})).await.refused(400, 3);
    }
    assert_eq!(plane.get("/v1beta1/auth/whoami", &token).await.succeeded()["groups"], json!(["physics"]));
}

#[tokio::test]
async fn a_federated_key_has_the_groups_that_its_token_names() {
    let plane = Plane::start().await;
    let issuer = issuer(&plane, &json!({"groupsClaim": "teams"})).await;
    assert_eq!(plane.get(&issuer.path, &plane.admin).await.succeeded()["config"]["groupsClaim"], "teams");
    let made = exchange(&plane, "ab1cd2", &issuer.token(&plane, &json!({"teams": ["b", "a"]}))).await;
    let id = made.succeeded()["accessKeyId"].as_str().unwrap().to_owned();
    assert_eq!(of_key(&plane, &id).await, (json!({"groups": ["a", "b"]}), json!(["a", "b"])));
    let before = plane.keys_in_all().await;
    let (log, _guard) = crate::log_lines::Log::start();
    exchange(&plane, "ab1cd2", &issuer.token(&plane, &json!({"teams": 7}))).await.refused(401, 16);
    assert!(log.text().contains("claim with groups is neither a text nor a list of texts"), "{}", log.text());
    assert_eq!(plane.keys_in_all().await, before);

    let clear = json!({"updateMask": "groupsClaim"});
    let cleared = plane.call("PATCH", &issuer.path, &plane.admin, &clear).await;
    assert!(cleared.succeeded()["config"].get("groupsClaim").is_none());
    let made = exchange(&plane, "ab1cd2", &issuer.token(&plane, &json!({"teams": ["a"]}))).await;
    assert_eq!(of_key(&plane, made.succeeded()["accessKeyId"].as_str().unwrap()).await, (json!({}), json!([])));
    for body in [
        json!({"updateMask": "groupsClaim", "groupsClaim": ""}),
        json!({"updateMask": "name", "name": "x", "groupsClaim": "teams"}),
    ] {
        plane.call("PATCH", &issuer.path, &plane.admin, &body).await.refused(400, 3);
    }
}

#[tokio::test]
async fn a_single_sign_on_takes_its_groups_along_and_nobody_else_sets_them() {
    let plane = Plane::start().await;
    let more = json!({"groupsClaim": "teams", "apiAccess": {"permissionClaim": "storage"}});
    let issuer = issuer(&plane, &more).await;
    let login = |teams: Value| {
        let secret = issuer.token(&plane, &json!({"storage": "write", "teams": teams}));
        Token { id: String::new(), secret, principal: String::new() }
    };
    let who = plane.get("/v1beta1/auth/whoami", &login(json!(["a", "b"]))).await;
    assert_eq!(who.succeeded()["groups"], json!(["a", "b"]));
    let key = plane.mint(&login(json!(["a", "b"])), 60).await;
    assert_eq!(of_key(&plane, &key.id).await.1, json!(["a", "b"]));
    assert_eq!(plane.get("/v1beta1/auth/whoami", &login(json!("b"))).await.succeeded()["groups"], json!(["b"]));
    assert_eq!(of_key(&plane, &key.id).await.1, json!(["b"]));
    plane.get("/v1beta1/auth/whoami", &login(json!({}))).await.refused(401, 16);
    let uid = who.json["principal"]["uid"].as_str().unwrap();
    let refused =
        plane.call("PATCH", &format!("/v1/admin/tokens/{uid}"), &plane.admin, &json!({"groups": ["c"]})).await;
    assert!(refused.refused(400, 3).contains("identity provider"));
}

#[cfg(feature = "saml")]
#[tokio::test]
async fn a_saml_configuration_names_the_attribute_with_groups() {
    use crate::responses::{ISSUER, NOW, sign_assertion, unsigned};
    let plane = Plane::with(crate::federated::with_saml).await;
    plane.app.clock.set(NOW.parse().unwrap());
    let certificate = crate::keys::TRUSTED.certificate_pem.clone();
    let body = json!({"name": "a", "entityId": ISSUER, "certificates": [certificate], "groupsAttribute": "memberOf"});
    let created = plane.post("/v1/admin/federation/saml", &plane.admin, &body).await;
    assert_eq!(created.succeeded()["config"]["groupsAttribute"], "memberOf");
    let path = format!("/v1/admin/federation/saml/{}", created.json["config"]["uid"].as_str().unwrap());
    let change = json!({"updateMask": "groupsAttribute", "groupsAttribute": "groups"});
    plane.call("PATCH", &path, &plane.admin, &change).await.succeeded();
    let made =
        crate::federated_saml::exchange(&plane, None, "ab1cd2", &sign_assertion(&unsigned(), &crate::keys::TRUSTED))
            .await;
    let id = made.succeeded()["accessKeyId"].as_str().unwrap();
    assert_eq!(of_key(&plane, id).await, (json!({"groups": ["physics"]}), json!(["physics"])));
    let cleared = plane.call("PATCH", &path, &plane.admin, &json!({"updateMask": "groupsAttribute"})).await;
    assert!(cleared.succeeded()["config"].get("groupsAttribute").is_none());
    for wrong in ["", "a\nb"] {
        let body = json!({"updateMask": "groupsAttribute", "groupsAttribute": wrong});
        plane.call("PATCH", &path, &plane.admin, &body).await.refused(400, 3);
    }
}
