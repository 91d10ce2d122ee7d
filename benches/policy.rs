//! What a decision costs: statements without and with conditions, and a thousand organization policies in
//! force, found by principal, by bucket and by beginning.
//!
//! Goals: 10 statements without conditions under 1 µs; 50 statements of which 5 have conditions under 3 µs;
//! 1,000 policies in force at most 5 µs.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use portcullis::identity::{OrganizationId, Principal};
use portcullis::policy::{
    Asker, BucketPolicy, Context, FixedKey, OrganizationPolicies, OrganizationPolicy, PolicyAction, Question, Resource,
    Value, Verdict,
};
use portcullis::s3::operation::Action;
use serde_json::json;

fn policy(criterion: &mut Criterion) {
    bucket_policies(criterion);
    organization_policies(criterion);
}

/// Every statement but the last is about something else, in its resource or in its principal.
fn bucket_policies(criterion: &mut Criterion) {
    let context = context();
    let question = question(&context, "photos/2026/11/20/a-photo.jpg");
    let plain = bucket_policy(10, |_| false);
    criterion.bench_function("10 statements without conditions", |bencher| {
        bencher.iter(|| decide(&plain.judge(black_box(&question))));
    });
    let with_conditions = bucket_policy(50, |number| number % 10 == 9);
    criterion.bench_function("50 statements, 5 with conditions", |bencher| {
        bencher.iter(|| decide(&with_conditions.judge(black_box(&question))));
    });
    // Nothing is left out because it is about somebody else: every statement is looked at to the end.
    let all_matching = matching_bucket_policy(50, |number| number % 10 == 9);
    criterion.bench_function("50 statements that all match, 5 with conditions", |bencher| {
        bencher.iter(|| decide(&all_matching.judge(black_box(&question))));
    });
}

/// A name, and the principal and the resource of the policy with a number.
type Shape<'a> = (&'a str, &'a dyn Fn(usize) -> (String, String));

fn organization_policies(criterion: &mut Criterion) {
    let context = Context::new();
    let question = question(&context, "photos/2026/11/20/a-photo.jpg");
    let by_principal = |number: usize| (format!("saml/role-{number}"), "*".to_owned());
    let by_bucket = |number: usize| ("*".to_owned(), format!("bucket-{number}/*"));
    let by_beginning = |number: usize| (format!("saml/team-{number}-*"), format!("bucket-{number}-*"));
    // Nothing tells these apart before their patterns are tried.
    let by_end = |number: usize| ("*".to_owned(), format!("*/{number}.txt"));
    let shapes: [Shape<'_>; 4] = [
        ("different principals on every bucket", &by_principal),
        ("different buckets for everybody", &by_bucket),
        ("beginnings of principals and buckets", &by_beginning),
        ("ends of keys", &by_end),
    ];
    for (name, shape) in shapes {
        let mut policies: Vec<_> = (0..999).map(|number| organization_policy(number, shape(number))).collect();
        let none = OrganizationPolicies::compile(&policies);
        criterion.bench_function(&format!("1,000 policies, {name}: none matches"), |bencher| {
            bencher.iter(|| assert_eq!(none.judge(black_box(&question)), Verdict::Silent));
        });
        policies.push(organization_policy(999, ("saml/Editors".to_owned(), "media/*".to_owned())));
        let last = OrganizationPolicies::compile(&policies);
        criterion.bench_function(&format!("1,000 policies, {name}: the last matches"), |bencher| {
            bencher.iter(|| decide(&last.judge(black_box(&question))));
        });
    }
}

/// The benches measure decisions that are made, not refusals on the way.
fn decide(verdict: &Verdict) {
    assert!(matches!(verdict, Verdict::Allowed(_)), "{verdict:?}");
}

fn question<'a>(context: &'a Context<'a>, key: &'a str) -> Question<'a> {
    let principal: &'static Principal =
        Box::leak(Box::new(Principal::for_saml_role("Editors").expect("a role is a word")));
    Question {
        asker: Asker::Principal(principal),
        action: PolicyAction::S3(Action::GetObject),
        resource: Resource::Object { bucket: "media", key },
        context,
    }
}

fn context() -> Context<'static> {
    let mut context = Context::new();
    context.set(FixedKey::SourceIp, Value::Address([203, 0, 113, 7].into()));
    context.set(FixedKey::SecureTransport, Value::Flag(true));
    context.set(FixedKey::UserAgent, Value::Text("aws-sdk-rust/1.3 os/linux lang/rust/1.95"));
    context.set(FixedKey::Username, Value::Text("ann"));
    context
}

/// Statements of which only the last one matches; `conditional` says which have conditions.
fn bucket_policy(count: usize, conditional: impl Fn(usize) -> bool) -> BucketPolicy {
    let statement = |number: usize| {
        let last = number + 1 == count;
        let principal =
            if last || number.is_multiple_of(2) { "saml/Editors".to_owned() } else { format!("saml/team-{number}") };
        let resource = if last { "media/photos/*".to_owned() } else { format!("media/folder-{number}/*") };
        (principal, resource, conditional(number))
    };
    compile((0..count).map(statement))
}

/// Statements that all match, but for their conditions.
fn matching_bucket_policy(count: usize, conditional: impl Fn(usize) -> bool) -> BucketPolicy {
    compile((0..count).map(|number| ("saml/Editors".to_owned(), "media/photos/*.jpg".to_owned(), conditional(number))))
}

fn compile(statements: impl Iterator<Item = (String, String, bool)>) -> BucketPolicy {
    let statement = |(principal, resource, conditional): (String, String, bool)| {
        let mut statement = json!({
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::ab1cd2:{principal}") },
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": format!("arn:aws:s3:::{resource}"),
        });
        if conditional {
            statement["Condition"] = json!({
                "Bool": { "aws:SecureTransport": "true" },
                "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"] },
                "StringLike": { "aws:UserAgent": ["aws-sdk-*/1.*", "rclone/*"] },
                "StringNotEquals": { "aws:username": "guest-${aws:username}" },
            });
        }
        statement
    };
    let statements: Vec<_> = statements.map(statement).collect();
    let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    let organization = OrganizationId::parse("ab1cd2").expect("it is an id");
    BucketPolicy::parse(document.as_bytes(), "media", &organization).expect("the policy is right")
}

fn organization_policy(number: usize, (principal, resource): (String, String)) -> OrganizationPolicy {
    let document = json!({
        "version": "v1alpha1",
        "name": format!("policy-{number:04}"),
        "statements": [{
            "name": "only",
            "effect": "Allow",
            "actions": ["s3:GetObject", "s3:PutObject"],
            "resources": [resource],
            "principals": [principal],
        }],
    });
    OrganizationPolicy::parse(document.to_string().as_bytes()).expect("the policy is right")
}

criterion_group!(benches, policy);
criterion_main!(benches);
