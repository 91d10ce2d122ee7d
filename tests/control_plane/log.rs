//! What the log says of requests, and what it never says.

use portcullis::identity::Permission;
use serde_json::{Value, json};

use crate::client::{ACCESS_KEY, FROM_API_TOKEN, FROM_OIDC, REVOKE_KEY, bearer, json as request};
use crate::server::{Server, first_token};
use crate::support::request::Request;
use crate::support::wire::{Connection, Response};

#[tokio::test]
async fn every_request_is_on_record_under_its_id_and_no_secret_is() {
    let folder = tempfile::tempdir().unwrap();
    let token = first_token(folder.path(), Permission::Admin).await;
    let backend = crate::server::free_address();
    let mut server = Server::start(folder.path(), backend).await;
    let send = async |request: Request| -> Response { Connection::open(server.api).await.exchange(&request).await };
    let id = |response: &Response| response.header("x-request-id").unwrap().to_owned();

    let made = send(bearer(request("POST", ACCESS_KEY, &json!({"durationSeconds": 60})), &token)).await;
    assert_eq!(made.status, 200, "{made:?}");
    let key: Value = serde_json::from_slice(&made.body).unwrap();
    let revoke = json!({"accessKey": key["accessKeyId"]});
    let revoked = send(bearer(request("POST", REVOKE_KEY, &revoke), &token)).await;
    let container = send(bearer(Request::get(FROM_API_TOKEN), &token)).await;
    let credentials: Value = serde_json::from_slice(&container.body).unwrap();
    let invented = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5LWNhbmFyeQ";
    let exchange = json!({"durationSeconds": 60, "orgId": "ab1cd2", "oidcToken": invented});
    let refused = send(request("POST", FROM_OIDC, &exchange)).await;
    let wrong = format!("CW-SECRET-{}", "canary".repeat(8).split_at(43).0);
    let stranger = send(Request::get("/v1beta1/auth/whoami").header("Authorization", format!("Bearer {wrong}"))).await;
    let in_query = send(Request::get(&format!("{ACCESS_KEY}?access_token={}", token.secret))).await;
    let created = json!({"name": "another", "permission": "read"});
    let another = send(bearer(request("POST", "/v1/admin/tokens", &created), &token)).await;
    let another_token: Value = serde_json::from_slice(&another.body).unwrap();

    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |response: &Response| {
        let id = id(response);
        lines.iter().filter(|line| line["span"]["request"] == json!(id)).cloned().collect::<Vec<_>>()
    };
    for (response, method, route, principal) in [
        (&made, "POST", ACCESS_KEY, token.principal.as_str()),
        (&revoked, "POST", REVOKE_KEY, &token.principal),
        (&container, "GET", FROM_API_TOKEN, &token.principal),
        (&refused, "POST", FROM_OIDC, "-"),
        (&stranger, "GET", "/v1beta1/auth/whoami", "-"),
        (&in_query, "GET", ACCESS_KEY, "-"),
        (&another, "POST", "/v1/admin/tokens", &token.principal),
    ] {
        let records: Vec<_> = of(response).into_iter().filter(|line| line["target"] == "portcullis::audit").collect();
        let [record] = &records[..] else { panic!("one line for {route}: {records:?}") };
        let expected = [
            ("method", json!(method)),
            ("route", json!(route)),
            ("principal", json!(principal)),
            ("status", json!(response.status)),
            ("peer", json!("127.0.0.1")),
        ];
        for (field, value) in expected {
            assert_eq!(record[field], value, "{record}");
        }
    }
    let says = |response: &Response, message: &str| {
        let lines = of(response);
        let found = lines.iter().find(|line| line["message"].as_str().is_some_and(|text| text.contains(message)));
        found.unwrap_or_else(|| panic!("{message:?} in {lines:?}")).clone()
    };
    let issued = says(&made, "issued an access key");
    assert_eq!(issued["access_key"], key["accessKeyId"]);
    assert!(issued["minted_from"].as_str().unwrap().contains(&token.id), "{issued}");
    assert!(issued["expires_at"].as_str().unwrap().contains('Z'), "{issued}");
    says(&revoked, "revoked an access key");
    says(&another, "created an API token");
    assert!(says(&refused, "refused a token or assertion")["reason"].is_string());
    says(&stranger, "API token that nobody has");

    let secrets = [
        token.secret.as_str(),
        key["secretKey"].as_str().unwrap(),
        credentials["SecretAccessKey"].as_str().unwrap(),
        credentials["Token"].as_str().unwrap(),
        another_token["token"].as_str().unwrap(),
        invented,
        "Y2FuYXJ5LWNhbmFyeQ",
        "canarycanary",
    ];
    for secret in secrets {
        assert!(!log.contains(secret), "{secret}");
    }
}
