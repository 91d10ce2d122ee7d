//! Keys for SAML responses: what they get, and what is said of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::client::{Answer, FROM_SAML, Plane, json as request};
use crate::federated::with_saml;
use crate::keys::{ATTACKER, TRUSTED};
use crate::responses::{ISSUER, NOW, sign_assertion, unsigned};
use crate::support::request::Request;

async fn plane() -> Plane {
    let plane = Plane::with(with_saml).await;
    plane.app.clock.set(NOW.parse().unwrap());
    plane
}

async fn configure(plane: &Plane, name: &str) -> String {
    let certificate = TRUSTED.certificate_pem.clone();
    let body = json!({"name": name, "entityId": ISSUER, "certificates": [certificate]});
    let created = plane.post("/v1/admin/federation/saml", &plane.admin, &body).await;
    created.succeeded()["config"]["uid"].as_str().unwrap().to_owned()
}

pub(crate) async fn exchange(plane: &Plane, config: Option<&str>, organization: &str, xml: &str) -> Answer {
    let mut body = json!({"durationSeconds": 600, "orgId": organization, "samlResponse": STANDARD.encode(xml)});
    if let Some(config) = config {
        body["configId"] = Value::String(config.to_owned());
    }
    plane.send(&request("POST", FROM_SAML, &body)).await
}

#[tokio::test]
async fn a_saml_response_gets_a_key_for_its_role() {
    let plane = plane().await;
    configure(&plane, "company").await;
    let made = exchange(&plane, None, "ab1cd2", &sign_assertion(&unsigned(), &TRUSTED)).await;
    assert_eq!(made.succeeded()["principalName"], "saml/researcher");
    assert_eq!(made.json["expiry"], "2026-03-01T12:10:00Z");
    let now = NOW.parse().unwrap();
    plane.app.accepts(Request::put("/bucket/object").body("x").sign(&made.key(), now)).await;
}

#[tokio::test]
async fn i12_an_assertion_makes_one_key_also_if_many_show_it_at_once() {
    let plane = plane().await;
    let uid = configure(&plane, "company").await;
    let good = sign_assertion(&unsigned(), &TRUSTED);
    let before = plane.keys_in_all().await;
    let (a, b, c) = tokio::join!(
        exchange(&plane, None, "ab1cd2", &good),
        exchange(&plane, Some(&uid), "ab1cd2", &good),
        exchange(&plane, None, "ab1cd2", &good),
    );
    let statuses = [a.status, b.status, c.status];
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 2, "{statuses:?}");
    let (log, _guard) = crate::log_lines::Log::start();
    exchange(&plane, None, "ab1cd2", &good).await.refused(403, 7);
    assert_eq!(plane.keys_in_all().await, before + 1);
    let text = log.text();
    let said = text.lines().any(|line| line.contains("issued no access key") && line.contains("saml/researcher"));
    assert!(said, "{text}");
}

#[tokio::test]
async fn h20_whatever_is_wrong_with_an_assertion_the_answer_is_the_same() {
    let plane = plane().await;
    let uid = configure(&plane, "company").await;
    let good = sign_assertion(&unsigned(), &TRUSTED);
    let attackers = sign_assertion(&unsigned(), &ATTACKER);
    let mut answers = Vec::new();
    for (config, organization, xml) in [
        (Some(uid.as_str()), "other", good.as_str()),
        (Some("unknown"), "ab1cd2", &good),
        (Some("unknown"), "other", &good),
        (Some(&uid), "ab1cd2", &attackers),
        (None, "ab1cd2", &attackers),
        (Some(&uid), "ab1cd2", "no XML"),
        (Some(&uid), "ab1cd2", &unsigned()),
    ] {
        answers.push(exchange(&plane, config, organization, xml).await);
    }
    for answer in &answers {
        answer.refused(401, 16);
        assert_eq!(answer.response.body, answers[0].response.body);
    }
    // Nothing of this used the assertion up.
    exchange(&plane, Some(&uid), "ab1cd2", &good).await.succeeded();
}

#[tokio::test]
async fn h20_without_a_config_id_nobody_learns_which_organization_it_is() {
    let plane = plane().await;
    for more in [&[][..], &["company", "university"]] {
        for name in more {
            configure(&plane, name).await;
        }
        let ours = exchange(&plane, None, "ab1cd2", "no XML").await;
        let other = exchange(&plane, None, "other", "no XML").await;
        ours.refused(400, 3);
        assert_eq!((ours.status, &ours.response.body), (other.status, &other.response.body));
    }
}

#[tokio::test]
async fn without_a_config_id_there_has_to_be_exactly_one() {
    let plane = plane().await;
    let good = sign_assertion(&unsigned(), &TRUSTED);
    assert!(exchange(&plane, None, "ab1cd2", &good).await.refused(400, 3).contains("configId"));
    let uid = configure(&plane, "company").await;
    configure(&plane, "university").await;
    assert!(exchange(&plane, None, "ab1cd2", &good).await.refused(400, 3).contains("configId"));
    exchange(&plane, Some(&uid), "ab1cd2", &good).await.succeeded();
}
