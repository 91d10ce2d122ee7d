//! Whoever an identity provider vouches for gets a key only if a policy lets their principal make one.

use serde_json::json;

use crate::client::{Answer, FROM_OIDC, Plane};
use crate::federated::{exchange, issuer};
use crate::log_lines::Log;
use crate::support::request::Request;

async fn bare() -> Plane {
    Plane::with(|setup| setup.policies.clear()).await
}

fn denied(answer: &Answer, who: &str, action: &str) {
    let because = format!("because no organization policy allows the cwobject:{action} action");
    assert_eq!(answer.refused(403, 7), format!("{who} is not authorized to perform: cwobject:{action} {because}"));
}

#[tokio::test]
async fn g02_a_valid_oidc_token_alone_makes_no_key() {
    let plane = bare().await;
    let issuer = issuer(&plane, &json!({})).await;
    let token = issuer.token(&plane, &json!({}));
    let (principal, url) = (issuer.principal(), issuer.stub.url());
    let before = plane.keys_in_all().await;
    let container =
        async || plane.send(&Request::get(&format!("{FROM_OIDC}/ab1cd2")).header("Authorization", &token)).await;
    let (log, _guard) = Log::start();
    for (principal_in_policy, action, allowed) in [
        ("saml/nobody", "cwobject:CreateAccessKeyOIDC", false),
        // An issuer is not a prefix of what it vouches for, unless somebody writes so.
        (&*format!("role/{url}"), "cwobject:CreateAccessKeyOIDC", false),
        (&format!("role/{url}/*"), "cwobject:CreateAccessKeyOIDC", false),
        (&format!("role/{url}:alic"), "cwobject:CreateAccessKeyOIDC", false),
        (&principal, "cwobject:CreateAccessKey", false),
        (&principal, "cwobject:CreateAccessKeySAML", false),
        (&principal, "s3:*", false),
        (&principal, "cwobject:CreateAccessKeyOIDC", true),
        (&principal, "cwobject:CreateAccessKey*", true),
        (&format!("role/{url}*"), "cwobject:CreateAccessKeyOIDC", true),
        ("role/*", "cwobject:*", true),
        ("*", "*", true),
    ] {
        plane.allow("mint", principal_in_policy, &[action]).await;
        for answer in [exchange(&plane, "ab1cd2", &token).await, container().await] {
            if allowed {
                answer.succeeded();
            } else {
                denied(&answer, &principal, "CreateAccessKeyOIDC");
            }
        }
    }
    assert_eq!(plane.keys_in_all().await, before + 2 * 5);
    // Who proves nothing learns nothing about policies, and neither does who speaks to another organization.
    plane.disallow("mint").await;
    exchange(&plane, "other", &token).await.refused(401, 16);
    exchange(&plane, "ab1cd2", &issuer.token(&plane, &json!({"aud": "other"}))).await.refused(401, 16);
    let said = |line: &str| line.contains("issued no access key") && line.contains(&principal);
    assert!(log.text().lines().any(said), "{}", log.text());
}

#[tokio::test]
async fn a_token_whose_claim_says_admin_is_no_admin_token_here() {
    let plane = bare().await;
    let issuer = issuer(&plane, &json!({"apiAccess": {"permissionClaim": "storage"}})).await;
    let token = issuer.token(&plane, &json!({"storage": "admin"}));
    denied(&exchange(&plane, "ab1cd2", &token).await, &issuer.principal(), "CreateAccessKeyOIDC");
    // As an API token, it is one.
    let bearer = crate::client::json("POST", crate::client::ACCESS_KEY, &json!({"durationSeconds": 60}));
    plane.send(&bearer.header("Authorization", format!("Bearer {token}"))).await.succeeded();
}

#[cfg(feature = "saml")]
#[tokio::test]
async fn g02_a_refused_saml_response_is_not_used_up() {
    use crate::federated_saml::exchange;
    use crate::keys::TRUSTED;
    use crate::responses::{ISSUER, NOW, sign_assertion_with, unsigned, usual_template};
    let plane = Plane::with(|setup| {
        setup.policies.clear();
        crate::federated::with_saml(setup);
    })
    .await;
    plane.app.clock.set(NOW.parse().unwrap());
    let body = json!({"name": "a", "entityId": ISSUER, "certificates": [TRUSTED.certificate_pem.clone()]});
    plane.post("/v1/admin/federation/saml", &plane.admin, &body).await.succeeded();
    for (principal, allowed) in [
        ("saml/other", false),
        ("role/research", false),
        ("role/https://issuer.example:researcher", false),
        ("saml/researcher", true),
        ("role/researcher", true),
        ("role/res*", true),
    ] {
        let named = |text: &str| text.replace("_assertion-1", &format!("_{}", principal.replace(['/', ':', '*'], "-")));
        let response = sign_assertion_with(&named(&unsigned()), &named(&usual_template()), &TRUSTED);
        plane.allow("mint", "saml/nobody", &["*"]).await;
        denied(&exchange(&plane, None, "ab1cd2", &response).await, "saml/researcher", "CreateAccessKeySAML");
        plane.allow("mint", principal, &["cwobject:CreateAccessKeySAML"]).await;
        let answer = exchange(&plane, None, "ab1cd2", &response).await;
        if allowed {
            assert_eq!(answer.succeeded()["principalName"], "saml/researcher");
            // It is now.
            assert!(!exchange(&plane, None, "ab1cd2", &response).await.refused(403, 7).contains("policy"));
        } else {
            denied(&answer, "saml/researcher", "CreateAccessKeySAML");
        }
    }
}
