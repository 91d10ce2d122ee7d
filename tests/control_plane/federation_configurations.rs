//! Trusted identity providers, managed over the API.

use serde_json::{Value, json};

use crate::client::Plane;

const OIDC: &str = "/v1/admin/federation/oidc";
#[cfg(feature = "saml")]
const SAML: &str = "/v1/admin/federation/saml";

fn new(name: &str) -> Value {
    json!({"name": name, "issuerUrl": "https://issuer.example", "audience": name, "description": "for tests"})
}

#[tokio::test]
async fn an_oidc_configuration_is_created_shown_changed_and_deleted() {
    let plane = Plane::start().await;
    let created = plane.post(OIDC, &plane.admin, &new("build")).await;
    assert_eq!(created.status, 201, "{created:?}");
    let config = created.json["config"].clone();
    for (field, value) in [
        ("name", json!("build")),
        ("orgUid", json!("ab1cd2")),
        ("issuerUrl", json!("https://issuer.example")),
        ("audience", json!("build")),
        ("description", json!("for tests")),
        ("createdAt", json!("2026-11-20T10:00:00Z")),
    ] {
        assert_eq!(config[field], value, "{config}");
    }
    assert!(config.get("deactivatedAt").is_none() && config.get("apiAccess").is_none(), "{config}");
    let path = format!("{OIDC}/{}", config["uid"].as_str().unwrap());
    assert_eq!(plane.get(&path, &plane.admin).await.succeeded()["config"], config);
    assert_eq!(plane.get(OIDC, &plane.admin).await.succeeded(), &json!({"configs": [config]}));

    let change = json!({"updateMask": "name,description,active", "name": "ci", "active": false});
    let changed = plane.call("PATCH", &path, &plane.admin, &change).await;
    let config = &changed.succeeded()["config"];
    assert_eq!((&config["name"], &config["audience"]), (&json!("ci"), &json!("build")));
    assert!(config.get("description").is_none(), "named and absent: cleared");
    assert!(config["deactivatedAt"].is_string());
    let change = json!({"updateMask": "active, apiAccess", "active": true, "apiAccess": {"permissionClaim": "role"}});
    let changed = plane.call("PATCH", &path, &plane.admin, &change).await;
    assert!(changed.succeeded()["config"].get("deactivatedAt").is_none());
    assert_eq!(changed.json["config"]["apiAccess"], json!({"permissionClaim": "role", "permanentKeys": false}));

    assert_eq!(plane.call("DELETE", &path, &plane.admin, &json!({})).await.succeeded(), &json!({}));
    plane.call("DELETE", &path, &plane.admin, &json!({})).await.refused(404, 5);
    plane.get(&path, &plane.admin).await.refused(404, 5);
    plane.call("PATCH", &path, &plane.admin, &json!({"updateMask": "name", "name": "x"})).await.refused(404, 5);
}

#[tokio::test]
async fn a_change_says_what_it_changes() {
    let plane = Plane::start().await;
    let created = plane.post(OIDC, &plane.admin, &new("build")).await;
    let path = format!("{OIDC}/{}", created.succeeded()["config"]["uid"].as_str().unwrap());
    for body in [
        json!({}),
        json!({"name": "x"}),
        json!({"updateMask": "", "name": "x"}),
        json!({"updateMask": "*", "name": "x"}),
        json!({"updateMask": "uid", "uid": "x"}),
        json!({"updateMask": "uid"}),
        json!({"updateMask": "name"}),
        json!({"updateMask": "audience"}),
        json!({"updateMask": "active"}),
        json!({"updateMask": "name", "name": "x", "audience": "y"}),
        json!({"updateMask": "name,name", "name": "x"}),
        json!({"updateMask": "name", "name": "not a name"}),
        json!({"updateMask": "issuerUrl", "issuerUrl": "http://issuer.example"}),
    ] {
        plane.call("PATCH", &path, &plane.admin, &body).await.refused(400, 3);
    }
    assert_eq!(plane.get(&path, &plane.admin).await.succeeded(), &created.json, "nothing was changed");
}

#[tokio::test]
async fn configurations_that_make_no_sense_are_refused() {
    let plane = Plane::start().await;
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("a b")),
        ("issuerUrl", json!("http://issuer.example")),
        ("issuerUrl", json!("issuer")),
        ("audience", json!("")),
        ("algorithms", json!(["HS256"])),
        ("algorithms", json!(["none"])),
        ("orgUid", json!("other")),
        ("uid", json!("chosen-by-me")),
    ] {
        let mut body = new("build");
        body[field] = value;
        plane.post(OIDC, &plane.admin, &body).await.refused(400, 3);
    }
    plane.post(OIDC, &plane.admin, &new("build")).await.succeeded();
    plane.post(OIDC, &plane.admin, &new("build")).await.refused(409, 6);
}

#[cfg(feature = "saml")]
#[tokio::test]
async fn a_saml_configuration_is_created_shown_and_deleted() {
    let plane = Plane::with(crate::federated::with_saml).await;
    let certificate = crate::keys::TRUSTED.certificate_pem.clone();
    let body = json!({"name": "company", "entityId": "https://idp.example.test", "certificates": [certificate]});
    let created = plane.post(SAML, &plane.admin, &body).await;
    assert_eq!(created.status, 201, "{created:?}");
    let config = created.json["config"].clone();
    assert_eq!((&config["name"], &config["entityId"]), (&json!("company"), &json!("https://idp.example.test")));
    assert_eq!((&config["signsResponse"], &config["acceptsEcdsaAndPss"]), (&json!(false), &json!(false)));
    let path = format!("{SAML}/{}", config["uid"].as_str().unwrap());
    assert_eq!(plane.get(&path, &plane.admin).await.succeeded()["config"], config);
    assert_eq!(plane.get(SAML, &plane.admin).await.succeeded(), &json!({"configs": [config]}));
    plane.post(SAML, &plane.admin, &body).await.refused(409, 6);
    plane.post(SAML, &plane.admin, &json!({"name": "empty"})).await.refused(400, 3);
    plane.call("DELETE", &path, &plane.admin, &json!({})).await.succeeded();
    plane.get(&path, &plane.admin).await.refused(404, 5);
}

#[cfg(feature = "saml")]
#[tokio::test]
async fn a_saml_configuration_is_changed_where_the_mask_says_so() {
    let plane = Plane::with(crate::federated::with_saml).await;
    let [old, new] = [&crate::keys::TRUSTED, &crate::keys::SECOND].map(|signer| signer.certificate_pem.clone());
    let body = json!({"name": "company", "description": "people", "entityId": "https://idp.example.test", "certificates": [old]});
    let created = plane.post(SAML, &plane.admin, &body).await;
    let path = format!("{SAML}/{}", created.json["config"]["uid"].as_str().unwrap());
    for body in [
        json!({}),
        json!({"certificates": [new]}),
        json!({"updateMask": "", "certificates": [new]}),
        json!({"updateMask": "entityId", "entityId": "https://other.example.test"}),
        json!({"updateMask": "entityId"}),
        json!({"updateMask": "name"}),
        json!({"updateMask": "certificates"}),
        json!({"updateMask": "metadata"}),
        json!({"updateMask": "signsResponse"}),
        json!({"updateMask": "acceptsEcdsaAndPss"}),
        json!({"updateMask": "certificates", "certificates": []}),
        json!({"updateMask": "certificates", "certificates": [new, "no certificate"]}),
        json!({"updateMask": "name", "name": "x", "certificates": [new]}),
        json!({"updateMask": "metadata", "metadata": "<a/>"}),
        json!({"updateMask": "certificates,metadata", "certificates": [new], "metadata": "<a/>"}),
    ] {
        plane.call("PATCH", &path, &plane.admin, &body).await.refused(400, 3);
    }
    assert_eq!(plane.get(&path, &plane.admin).await.succeeded(), &created.json, "nothing was changed");

    let change = json!({"updateMask": "certificates", "certificates": [old, new]});
    let changed = plane.call("PATCH", &path, &plane.admin, &change).await;
    let mut expected = created.json.clone();
    expected["config"]["certificates"] = json!([old, new]);
    assert_eq!(changed.succeeded(), &expected, "and nothing else");
    let change = json!({"updateMask": "name, description,signsResponse,acceptsEcdsaAndPss", "name": "firm",
        "signsResponse": true, "acceptsEcdsaAndPss": true});
    let changed = plane.call("PATCH", &path, &plane.admin, &change).await;
    expected["config"].as_object_mut().unwrap().remove("description");
    for (field, value) in [("name", json!("firm")), ("signsResponse", json!(true)), ("acceptsEcdsaAndPss", json!(true))]
    {
        expected["config"][field] = value;
    }
    assert_eq!(changed.succeeded(), &expected);
    assert_eq!(plane.get(&path, &plane.admin).await.succeeded(), &expected);
    let other = json!({"name": "other", "entityId": "https://idp.example.test", "certificates": [old]});
    plane.post(SAML, &plane.admin, &other).await.succeeded();
    plane.call("PATCH", &path, &plane.admin, &json!({"updateMask": "name", "name": "other"})).await.refused(409, 6);
    plane.call("PATCH", &format!("{SAML}/unknown"), &plane.admin, &change).await.refused(404, 5);
}
