//! The `OpenAPI` document says what is there, and what it says is there.

use serde_json::{Value, json};

use crate::client::Plane;
use crate::support::request::Request;

/// Table 1.2 of the protocol.
const OPERATIONS: [(&str, &str, &str); 18] = [
    ("AuthCanI", "post", "/v1/cwobject/auth/can-i"),
    ("CreateAccessKeyFromJWT", "post", "/v1/cwobject/access-key"),
    ("ListAccessKeyInfo", "get", "/v1/cwobject/access-key"),
    ("GetAccessKeyInfo", "get", "/v1/cwobject/access-key/{accessKeyId}"),
    ("UpdateAccessKeyStatus", "put", "/v1/cwobject/access-key-status"),
    ("RevokeAccessKeyByAccessKey", "post", "/v1/cwobject/revoke-access-key/access-key"),
    ("RevokeAccessKeysByPrincipal", "post", "/v1/cwobject/revoke-access-key/principal"),
    ("ListAccessPolicies", "get", "/v1/cwobject/access-policy"),
    ("EnsureAccessPolicy", "post", "/v1/cwobject/access-policy"),
    ("DeleteAccessPolicy", "delete", "/v1/cwobject/access-policy/{name}"),
    ("ListBucketInfo", "get", "/v1/cwobject/bucket-info"),
    ("GetBucketInfo", "get", "/v1/cwobject/bucket-info/{bucketName}"),
    ("SetBucketSettings", "put", "/v1/cwobject/bucket/settings"),
    ("SetOrganizationSettings", "put", "/v1/cwobject/organization/settings"),
    ("CreateAccessKeyFromSAML", "post", "/v1/cwobject/temporary-credentials/saml"),
    ("CreateAccessKeyFromOIDC", "post", "/v1/cwobject/temporary-credentials/oidc"),
    ("CreateAccessKeyFromContainerCreds", "get", "/v1/cwobject/temporary-credentials/oidc/{orgId}"),
    ("CreateAccessKeyFromApiToken", "get", "/v1/cwobject/temporary-credentials/api-token"),
];

#[tokio::test]
async fn every_operation_of_the_protocol_is_documented_with_its_method_and_proof() {
    let plane = Plane::start().await;
    let answer = plane.send(&Request::get("/openapi.json")).await;
    let document = answer.succeeded();
    assert_eq!(answer.response.header("content-type"), Some("application/json"));
    for (operation, method, path) in OPERATIONS {
        let described = &document["paths"][path][method];
        assert_eq!(described["operationId"], format!("CWObject_{operation}"), "{method} {path}: {described}");
        let proof = match operation {
            "CreateAccessKeyFromSAML" | "CreateAccessKeyFromOIDC" => json!([{}]),
            "CreateAccessKeyFromContainerCreds" => json!([{"ContainerCredentialsAuth": []}]),
            _ => json!([{"TokenAuth": []}]),
        };
        assert_eq!(described["security"], proof, "{operation}");
    }
    assert!(document["paths"]["/v1beta1/auth/whoami"]["get"].is_object());
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!((&schemes["TokenAuth"]["type"], &schemes["TokenAuth"]["scheme"]), (&json!("http"), &json!("bearer")));
    let container = &schemes["ContainerCredentialsAuth"];
    let expected = (&json!("apiKey"), &json!("header"), &json!("Authorization"));
    assert_eq!((&container["type"], &container["in"], &container["name"]), expected);
}

#[tokio::test]
async fn every_documented_path_is_there_and_every_reference_leads_somewhere() {
    let plane = Plane::start().await;
    let document = plane.send(&Request::get("/openapi.json")).await;
    let mut operations = 0;
    for (path, methods) in document.succeeded()["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            let target = path.replace("{accessKeyId}", "CWAAAAAAAAAAAAAAAAAA").replace(['{', '}'], "");
            let request = crate::client::json(&method.to_uppercase(), &target, &json!({}));
            let answer = plane.send(&request).await;
            assert!(![404, 405].contains(&answer.status), "without a token: {method} {path}: {answer:?}");
            assert!(described["operationId"].is_string() && described["responses"].is_object(), "{method} {path}");
            operations += 1;
        }
    }
    assert!(operations >= 18 + 1 + 20, "{operations}");
    references_exist(document.succeeded(), document.succeeded());
}

/// Checks that each `$ref` below `part` names a schema of `document`.
fn references_exist(part: &Value, document: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').expect("all references are inside");
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            members.values().for_each(|value| references_exist(value, document));
        }
        Value::Array(elements) => elements.iter().for_each(|value| references_exist(value, document)),
        _ => {}
    }
}
