//! `GetCallerIdentity`: the name of whoever signed, whatever kind of key it was and wherever the signature
//! stands.

use std::time::Duration;

use portcullis::identity::Permission;

use crate::client::{Session, Signing, Sts, VERSION, action, encoded, has_the_form_of_aws, query};
use crate::support::request::Request;
use crate::support::wire::Response;

const PARAMETERS: [(&str, &str); 2] = [("Action", "GetCallerIdentity"), ("Version", VERSION)];

fn names(response: &Response, principal: &str) {
    assert_eq!(response.status, 200, "{response:?}");
    has_the_form_of_aws(response, "GetCallerIdentityResponse");
    assert_eq!(response.element("Account").as_deref(), Some("ab1cd2"), "{response:?}");
    assert_eq!(response.element("UserId").as_deref(), Some(principal), "{response:?}");
    assert_eq!(response.element("Arn"), Some(format!("arn:aws:iam::ab1cd2:{principal}")), "{response:?}");
}

#[tokio::test]
async fn a_static_key_is_named_with_the_signature_in_header_or_query() {
    let sts = Sts::start().await;
    let session = Session::of(&sts.app.read);
    let principal = format!("static/{}", session.key.id);
    names(&sts.send(&session.sign(action("GetCallerIdentity", &[]))).await, &principal);
    names(&sts.send(&session.sign(query(&PARAMETERS))).await, &principal);
    // Parameters in the query of a POST are signed, too.
    names(&sts.send(&session.sign(Request::post(&format!("/?{}", encoded(&PARAMETERS))))).await, &principal);
    let presigned = Signing { presigned_for: Some(Duration::from_mins(1)), ..Signing::default() };
    names(&sts.send(&session.sign_as(query(&PARAMETERS), presigned)).await, &principal);
    names(&sts.send(&session.sign_as(action("GetCallerIdentity", &[]), presigned)).await, &principal);
    // As EKS and Vault presign: with a header of their own.
    let request = query(&PARAMETERS).header("x-k8s-aws-id", "cluster");
    names(&sts.send(&session.sign_as(request, presigned)).await, &principal);
}

#[tokio::test]
async fn a_session_key_is_named_with_its_token_in_header_or_query() {
    let sts = Sts::start().await;
    let holder = sts.holder(Permission::Read).await;
    let session = sts.session(&holder, 900).await;
    let principal = holder.principal().as_str();
    names(&sts.send(&session.sign(action("GetCallerIdentity", &[]))).await, principal);
    let presigned = Signing { presigned_for: Some(Duration::from_mins(1)), ..Signing::default() };
    names(&sts.send(&session.sign_as(query(&PARAMETERS), presigned)).await, principal);
}

#[tokio::test]
async fn headers_that_sdks_add_make_no_difference() {
    let sts = Sts::start().await;
    let session = Session::of(&sts.app.write);
    let principal = format!("static/{}", session.key.id);
    let request = action("GetCallerIdentity", &[])
        .header("amz-sdk-invocation-id", "0c7e5b2c-93a5-4a3c-9d5e-000000000000")
        .header("x-amz-user-agent", "aws-sdk-js/3.0.0");
    // The SDK for JavaScript sends the body's hash as S3 wants it.
    let hash = request.payload_hash();
    let signed = session.sign(request.header("x-amz-content-sha256", hash));
    // A trace id is added on the way.
    names(&sts.send(&signed.header("x-amzn-trace-id", "Root=1-2-3")).await, &principal);
}

#[tokio::test]
async fn it_takes_no_other_parameter() {
    let sts = Sts::start().await;
    let session = Session::of(&sts.app.write);
    let request = session.sign(action("GetCallerIdentity", &[("Unknown", "1")]));
    let refusal = sts.refuses(&request, 400, "ValidationError").await;
    assert!(refusal.element("Message").unwrap().contains("Unknown"), "{refusal:?}");
}
