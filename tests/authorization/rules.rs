//! Policies of the tests, in short, and an app that has them in force.

use portcullis::policy::{BucketPolicy, OrganizationPolicy};
use portcullis::s3::BucketName;

use crate::support::app::{TestApp, now};
use crate::support::request::Request;
use crate::support::wire::Response;

/// A statement of an organization policy about everybody.
pub(crate) fn allow(actions: &[&str], resources: &[&str]) -> String {
    rule("Allow", actions, resources)
}

pub(crate) fn deny(actions: &[&str], resources: &[&str]) -> String {
    rule("Deny", actions, resources)
}

fn rule(effect: &str, actions: &[&str], resources: &[&str]) -> String {
    format!(
        r#"{{"name": "rule", "effect": "{effect}", "actions": {actions:?}, "resources": {resources:?}, "principals": ["*"]}}"#
    )
}

/// An app under one organization policy of these statements.
pub(crate) async fn app_under(rules: &[String]) -> TestApp {
    let document = organization_policy(rules);
    TestApp::with(|setup| setup.policies = vec![("rules.json".to_owned(), document)]).await
}

fn organization_policy(rules: &[String]) -> String {
    // Names are unique in a policy.
    let named =
        rules.iter().enumerate().map(|(n, rule)| rule.replace(r#""name": "rule""#, &format!(r#""name": "rule-{n}""#)));
    let rules: Vec<_> = named.collect();
    format!(r#"{{"version": "v1alpha1", "name": "rules", "statements": [{}]}}"#, rules.join(", "))
}

/// Puts an organization policy of these statements in force, beside the one in the app's folder.
pub(crate) async fn add_policy(app: &TestApp, rules: &[String]) {
    let document = organization_policy(rules).replace(r#""name": "rules""#, r#""name": "added""#);
    let policy = OrganizationPolicy::parse(document.as_bytes()).unwrap();
    app.running().authority.ensure_policy(policy).await.unwrap();
}

/// Puts a policy of these statements in force for `bucket`.
pub(crate) async fn guard(app: &TestApp, bucket: &str, statements: &[String]) {
    let document = format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(", "));
    let policy = BucketPolicy::parse(document.as_bytes(), bucket, app.running().authority.organization()).unwrap();
    app.running().authority.set_bucket_policy(&BucketName::parse(bucket).unwrap(), Some(policy)).await.unwrap();
}

/// A statement of a bucket policy about everybody, the bucket and all of its objects, under `condition`.
pub(crate) fn if_so(effect: &str, action: &str, bucket: &str, condition: &str) -> String {
    about(effect, action, bucket, &format!(r#", "Condition": {condition}"#))
}

/// Everything in `bucket`, unless a statement beside it denies.
pub(crate) fn all_of(bucket: &str) -> String {
    about("Allow", "s3:*", bucket, "")
}

/// One action in `bucket`, without conditions.
pub(crate) fn all_may(action: &str, bucket: &str) -> String {
    about("Allow", action, bucket, "")
}

fn about(effect: &str, action: &str, bucket: &str, rest: &str) -> String {
    let resource = format!(r#"["arn:aws:s3:::{bucket}", "arn:aws:s3:::{bucket}/*"]"#);
    format!(r#"{{"Effect": "{effect}", "Principal": "*", "Action": "{action}", "Resource": {resource}{rest}}}"#)
}

/// The request has to reach the backend, whatever that makes of it.
pub(crate) async fn passes(app: &TestApp, request: Request) -> Response {
    let request = request.sign(&app.admin, now());
    let response = app.send(&request).await;
    assert!((200..300).contains(&response.status), "{request:?} passes: {response:?}");
    app.reached_once().await;
    response
}

/// The request has to be denied, and nothing of it to reach the backend.
pub(crate) async fn denied(app: &TestApp, request: Request) -> Response {
    app.refuses(&request.sign(&app.admin, now()), 403, "AccessDenied").await
}
