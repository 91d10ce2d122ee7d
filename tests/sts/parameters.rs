//! Parameters that are refused, each by name, before anything else is judged.

use crate::client::{Sts, VERSION, action, form, is_refusal, query};
use crate::support::request::Request;
use crate::support::wire::Connection;

const ROLE: (&str, &str) = ("RoleArn", "arn:aws:iam::000000000000:role/any");
const NAME: (&str, &str) = ("RoleSessionName", "a-session");
const JWT: (&str, &str) = ("WebIdentityToken", "not.a.token");
const PRINCIPAL: (&str, &str) = ("PrincipalArn", "arn:aws:iam::ab1cd2:saml-provider/any");
const ASSERTION: (&str, &str) = ("SAMLAssertion", "bm90IGFuIGFzc2VydGlvbg==");
const WEB_IDENTITY: [(&str, &str); 3] = [ROLE, NAME, JWT];
const SAML: [(&str, &str); 3] = [ROLE, PRINCIPAL, ASSERTION];

/// Both actions, each with parameters that go as far as the proof, which is none.
fn complete() -> [(&'static str, Vec<(&'static str, &'static str)>); 2] {
    [("AssumeRoleWithWebIdentity", WEB_IDENTITY.to_vec()), ("AssumeRoleWithSAML", SAML.to_vec())]
}

async fn names(sts: &Sts, request: &Request, name: &str) {
    let refusal = sts.refuses(request, 400, "ValidationError").await;
    let message = refusal.element("Message").expect("a refusal has a message");
    assert!(message.contains(name), "{name}: {message}");
}

#[tokio::test]
async fn a_proof_that_is_none_is_refused_once_the_parameters_are_right() {
    let sts = Sts::start().await;
    for (name, parameters) in complete() {
        let code = if name == "AssumeRoleWithSAML" { None } else { Some("InvalidIdentityToken") };
        let response = sts.send(&action(name, &parameters)).await;
        assert_eq!(response.status, 400, "{response:?}");
        assert!(code.is_none_or(|code| response.code().as_deref() == Some(code)), "{response:?}");
    }
}

#[tokio::test]
async fn what_would_have_no_effect_is_refused_by_name() {
    let sts = Sts::start().await;
    for (name, parameters) in complete() {
        for (parameter, named) in [
            ("Policy", "Policy"),
            ("PolicyArns.member.1.arn", "PolicyArns"),
            ("Tags.member.1.Key", "Tags"),
            ("TransitiveTagKeys.member.1", "TransitiveTagKeys"),
            ("ProviderId", "ProviderId"),
            ("SourceIdentity", "SourceIdentity"),
            ("ExternalId", "ExternalId"),
            ("roleArn", "roleArn"),
            ("Durationseconds", "Durationseconds"),
        ] {
            let mut all = parameters.clone();
            all.push((parameter, "x"));
            names(&sts, &action(name, &all), named).await;
        }
    }
}

#[tokio::test]
async fn each_parameter_is_needed_and_stands_once() {
    let sts = Sts::start().await;
    for (name, parameters) in complete() {
        for index in 0..parameters.len() {
            let parameter = parameters[index];
            let mut without = parameters.clone();
            without.remove(index);
            names(&sts, &action(name, &without), parameter.0).await;
            let mut empty = parameters.clone();
            empty[index].1 = "";
            names(&sts, &action(name, &empty), parameter.0).await;
            let mut twice = parameters.clone();
            twice.push(parameter);
            names(&sts, &action(name, &twice), parameter.0).await;
        }
    }
    // Once in the query and once in the body is twice, too.
    let request = action("AssumeRoleWithWebIdentity", &WEB_IDENTITY).append_query("RoleSessionName=other");
    names(&sts, &request, "RoleSessionName").await;
}

#[tokio::test]
async fn g05_a_duration_is_a_whole_number_from_900_to_43200() {
    let sts = Sts::start().await;
    for (name, parameters) in complete() {
        for duration in
            ["899", "43201", "0", "-1", "900.0", "9e2", " 900", "900 ", "+900", "0900", "", "1h", "4294968196", "null"]
        {
            let mut all = parameters.clone();
            all.push(("DurationSeconds", duration));
            names(&sts, &action(name, &all), "DurationSeconds").await;
        }
        for duration in ["900", "43200"] {
            let mut all = parameters.clone();
            all.push(("DurationSeconds", duration));
            let response = sts.send(&action(name, &all)).await;
            let message = response.element("Message").expect("the proof is none");
            assert!(!message.contains("DurationSeconds"), "{response:?}");
        }
    }
}

#[tokio::test]
async fn arns_and_session_names_have_the_form_of_aws() {
    let sts = Sts::start().await;
    let long = format!("arn:aws:iam::000000000000:role/{}", "r".repeat(2048));
    for arn in [
        "role",
        "arn:aws:iam::1:role/",
        "arn:aws:s3:::bucket/aaaaaaaaaaaaaaa",
        "arn:aws:iam:us-east-1:000000000000:role/any",
        "arn:aws:iam::000000000000:user/any",
        "arn:aws:iam::000000000000:role/any name",
        "arn:aws:iam::000000000000:role/*",
        "ARN:aws:iam::000000000000:role/any",
        &long,
    ] {
        let parameters = [("RoleArn", arn), NAME, JWT];
        names(&sts, &action("AssumeRoleWithWebIdentity", &parameters), "RoleArn").await;
        let parameters = [ROLE, ("PrincipalArn", arn), ASSERTION];
        names(&sts, &action("AssumeRoleWithSAML", &parameters), "PrincipalArn").await;
    }
    let long = "n".repeat(65);
    for name in ["a", "a b", "a/b", "a:b", "ä-session", "a*", &long] {
        let parameters = [ROLE, ("RoleSessionName", name), JWT];
        names(&sts, &action("AssumeRoleWithWebIdentity", &parameters), "RoleSessionName").await;
    }
    let accepted = [
        ("arn:aws:iam::000000000000:role/path/name", "a+b=c,d.e@f-g_h"),
        ("arn:aws-cn:iam::ab1cd2:role/any", "ab"),
        ("arn:portcullis:iam:::role/any", "a-session"),
    ];
    for (arn, name) in accepted {
        let parameters = [("RoleArn", arn), ("RoleSessionName", name), JWT];
        sts.refuses(&action("AssumeRoleWithWebIdentity", &parameters), 400, "InvalidIdentityToken").await;
    }
}

#[tokio::test]
async fn only_the_actions_that_there_are_answer() {
    let sts = Sts::start().await;
    let refused = |name| action(name, &[]);
    for name in ["AssumeRole", "GetSessionToken", "GetFederationToken", "AssumeRoot", "DecodeAuthorizationMessage"] {
        let refusal = sts.refuses(&refused(name), 400, "InvalidAction").await;
        assert!(refusal.element("Message").unwrap().contains("not available here"), "{refusal:?}");
    }
    for name in ["ListBuckets", "getcalleridentity", "GetCallerIdentity ", "<x>"] {
        sts.refuses(&refused(name), 400, "InvalidAction").await;
    }
    for version in [None, Some("2011-06-16"), Some(""), Some("2006-03-01")] {
        let mut parameters = vec![("Action", "GetCallerIdentity")];
        parameters.extend(version.map(|version| ("Version", version)));
        sts.refuses(&form(&parameters), 400, "InvalidAction").await;
    }
    sts.refuses(&form(&[("Version", VERSION)]), 400, "MissingAction").await;
    sts.refuses(&Request::get("/"), 400, "MissingAction").await;
    sts.refuses(&Request::post("/"), 400, "MissingAction").await;
}

#[tokio::test]
async fn g13_a_token_in_the_url_is_refused() {
    let sts = Sts::start().await;
    let all = |parameters: &[(&'static str, &'static str)], name: &'static str| {
        let mut all = vec![("Action", name), ("Version", VERSION)];
        all.extend_from_slice(parameters);
        all
    };
    names(&sts, &query(&all(&WEB_IDENTITY, "AssumeRoleWithWebIdentity")), "WebIdentityToken").await;
    names(&sts, &query(&all(&SAML, "AssumeRoleWithSAML")), "SAMLAssertion").await;
    let split = action("AssumeRoleWithWebIdentity", &[ROLE, NAME]).append_query("WebIdentityToken=not.a.token");
    names(&sts, &split, "WebIdentityToken").await;
}

#[tokio::test]
async fn g10_a_body_that_is_no_form_is_refused() {
    let sts = Sts::start().await;
    let whole = action("AssumeRoleWithWebIdentity", &WEB_IDENTITY);
    sts.refuses(&whole, 400, "InvalidIdentityToken").await;
    for content_type in ["application/json", "text/plain", "multipart/form-data", "application/x-amz-json-1.1"] {
        names(&sts, &whole.clone().replace("Content-Type", content_type), "Content-Type").await;
    }
    names(&sts, &whole.clone().without("Content-Type"), "Content-Type").await;
    for body in [&b"Action=%zz"[..], b"Action=%ff", b"Action=\xff", b"%"] {
        let request = form(&[]).body(body);
        names(&sts, &request, "application/x-www-form-urlencoded").await;
    }
    let many = (0..200).map(|index| format!("P{index}=1")).collect::<Vec<_>>().join("&");
    names(&sts, &form(&[]).body(many), "100").await;
    let large = form(&[]).body("a".repeat((384 << 10) + 1));
    sts.refuses(&large, 413, "RequestEntityTooLarge").await;
    let largest = format!("SAMLAssertion={}", "a".repeat((384 << 10) - 14));
    sts.refuses(&form(&[]).body(largest), 400, "MissingAction").await;
}

#[tokio::test]
async fn other_paths_keep_their_own_envelope() {
    let sts = Sts::start().await;
    for (request, status) in [(Request::get("/nowhere"), 404), (Request::put("/"), 405), (Request::delete("/"), 405)] {
        let response = sts.send(&request).await;
        assert_eq!(response.status, status, "{response:?}");
        assert_eq!(response.header("content-type"), Some("application/json"), "{response:?}");
    }
}

#[tokio::test]
async fn g09_a_body_that_does_not_come_is_not_waited_for() {
    let sts = Sts::start().await;
    let mut connection = Connection::open(sts.address).await;
    let whole = action("AssumeRoleWithWebIdentity", &WEB_IDENTITY).bytes();
    connection.send(&whole[..whole.len() - 1]).await;
    is_refusal(&connection.response("POST").await, 400, "RequestTimeout");
}
