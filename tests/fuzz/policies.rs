//! Policy documents: what is accepted means the same each time, to the engine as to the reference evaluator.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use portcullis::policy::{
    Asker, BucketPolicy, Context, Effect, OrganizationPolicies, OrganizationPolicy, Outcome, OwnedContext, Question,
    Verdict,
};
use serde_json::Value;

use crate::asked::{Asked, Known, On, organization};
use crate::coverage::Coverage;
use crate::reference::{self, Said};

#[test]
fn bucket_policy() {
    crate::engine::run("bucket_policy", |input| {
        let Ok(policy) = BucketPolicy::parse(input, "media", &organization()) else { return };
        assert_eq!(policy.text().as_bytes(), input);
        let again = BucketPolicy::parse(policy.text().as_bytes(), "media", &organization()).unwrap();
        let document: Value = serde_json::from_slice(input).unwrap();
        for asked in QUESTIONS.iter().filter(|asked| asked.on != On::Any) {
            let verdict = asked.put(|question| policy.judge(question));
            assert_eq!(verdict, asked.put(|question| again.judge(question)));
            if is_for_the_reference(&document) {
                let expected = reference::bucket(&document, asked, &mut Coverage::default());
                assert_eq!(said(&verdict), expected, "{}", asked.describe());
            }
            let considered = asked.put(|question| policy.explain(question));
            let deciding =
                |effect| considered.iter().any(|one| one.effect == effect && one.outcome == Outcome::Matches);
            assert_eq!(said(&verdict) == Said::Denied, deciding(Effect::Deny));
            if said(&verdict) == Said::Allowed {
                assert!(deciding(Effect::Allow));
            }
        }
        // A stranger who is allowed anything is let in by a public policy, or by one with conditions.
        let stranger = &QUESTIONS[0];
        assert_eq!(stranger.who, None);
        if !document.to_string().contains("Condition") {
            let allowed = said(&stranger.put(|question| policy.judge(question))) == Said::Allowed;
            assert!(policy.is_public() || !allowed, "it lets in a stranger and is not public");
            assert!(policy.may_show(Asker::Anonymous) || !allowed);
        }
    });
}

#[test]
fn organization_policy() {
    crate::engine::run("organization_policy", |input| {
        let Ok(policy) = OrganizationPolicy::parse(input) else { return };
        // Its serialized form says again exactly what was written.
        let written = serde_json::to_vec(&policy).unwrap();
        assert_eq!(OrganizationPolicy::parse(&written).unwrap(), policy);
        assert!(!policy.statements().is_empty());
        let compiled = OrganizationPolicies::compile([&policy]);
        let document: Value = serde_json::from_slice(&written).unwrap();
        for asked in QUESTIONS.iter() {
            let verdict = asked.put(|question| compiled.judge(question));
            if is_for_the_reference(&document) {
                assert_eq!(said(&verdict), reference::organization(std::slice::from_ref(&document), asked));
            }
            let considered = asked.put(|question| compiled.explain(question));
            assert_eq!(considered.len(), policy.statements().len());
        }
    });
}

fn as_texts(context: &Context<'_>) -> BTreeMap<String, Vec<String>> {
    serde_json::from_str(&context.to_json(&organization(), |_, text| Some(text))).unwrap()
}

#[test]
fn known_values() {
    // `key=value` lines, as `portcullis policy explain` and its API take them.
    crate::engine::run("known_values", |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
            values.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        let Ok(owned) = OwnedContext::parse(&values, &organization()) else { return };
        let texts = as_texts(&owned.lend());
        // Seconds before 1970, or so few that they look like a year, are written for nobody to read: no request
        // was made then.
        let epoch = texts.get("aws:EpochTime").map(|seconds| seconds[0].as_str());
        if epoch.is_some_and(|seconds| seconds.starts_with('-') || seconds.len() < 5) {
            return;
        }
        let again = OwnedContext::parse(&texts, &organization()).unwrap();
        assert_eq!(as_texts(&again.lend()), texts);
        let context: Context<'_> = owned.lend();
        let asked = QUESTIONS[1].clone();
        let verdict = asked.put(|question| POLICY.judge(&Question { context: &context, ..*question }));
        assert_eq!(verdict, asked.put(|question| POLICY.judge(&Question { context: &again.lend(), ..*question })));
    });
}

/// The reference tries every way to match a pattern; with many stars that takes years.
fn is_for_the_reference(document: &Value) -> bool {
    document.to_string().split('"').all(|text| text.matches('*').count() <= 4)
}

fn said(verdict: &Verdict) -> Said {
    match verdict {
        Verdict::Allowed(_) => Said::Allowed,
        Verdict::Denied(_) => Said::Denied,
        Verdict::Silent => Said::Silent,
    }
}

/// A policy with conditions of every kind.
static POLICY: LazyLock<BucketPolicy> = LazyLock::new(|| {
    let document = include_bytes!("corpus/bucket_policy/every_kind_of_condition");
    BucketPolicy::parse(document, "media", &organization()).unwrap()
});

static QUESTIONS: LazyLock<Vec<Asked>> = LazyLock::new(|| {
    let known = |pairs: &[(&str, &str)]| -> BTreeMap<String, Known> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Known::One((*value).to_owned()))).collect()
    };
    let ask = |who: &str, action: &str, on: &str, known: BTreeMap<String, Known>| Asked {
        who: (!who.is_empty()).then(|| who.to_owned()),
        action: action.to_owned(),
        on: On::parse(on),
        known,
    };
    let ann = known(&[
        ("aws:username", "ann"),
        ("aws:SourceIp", "192.0.2.7"),
        ("aws:SecureTransport", "true"),
        ("aws:CurrentTime", "2026-01-02T03:04:05Z"),
        ("aws:PrincipalArn", "arn:aws:iam::ab1cd2:coreweave/ann"),
        ("aws:userid", "coreweave/ann"),
        ("s3:prefix", "home/ann/"),
        ("s3:max-keys", "100"),
        ("s3:x-amz-acl", "private"),
        ("aws:PrincipalTag/team", "physics"),
        ("s3:RequestObjectTag/Team", "x"),
    ]);
    let mut grouped = known(&[("aws:SourceIp", "2001:db8::1"), ("aws:PrincipalOrgID", "ab1cd2")]);
    grouped.insert("iam:ab1cd2:groups".to_owned(), Known::Many(vec!["physics".to_owned(), "a/b".to_owned()]));
    vec![
        ask("", "s3:GetObject", "media/a", BTreeMap::new()),
        ask("coreweave/ann", "s3:GetObject", "media/home/ann/a", ann.clone()),
        ask("coreweave/ann", "s3:ListBucket", "media", ann),
        ask("saml/Admin", "s3:PutObject", "media/a?b*c", grouped.clone()),
        ask("role/https://issuer.example:bob", "s3:DeleteObjectVersion", "media/\u{e4}/..//x", grouped),
        ask("static/CWABCDEFGHIJKLMNOPQR", "s3:PutBucketPolicy", "media", BTreeMap::new()),
        ask("coreweave/ann", "cwobject:CreateAccessKey", "*", BTreeMap::new()),
        ask("", "s3:ListAllMyBuckets", "*", BTreeMap::new()),
    ]
});
