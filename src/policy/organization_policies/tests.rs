//! What the policies in force say: each rule of matching, and that the index finds what a walk over all
//! statements finds.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::OrganizationPolicies;
use crate::identity::Principal;
use crate::policy::{
    Asker, Context, ControlAction, Effect, OrganizationPolicy, Outcome, PolicyAction, Question, Resource, Verdict,
};
use crate::s3::operation::Action;

fn policy(name: &str, statements: &[Value]) -> OrganizationPolicy {
    let document = json!({ "version": "v1alpha1", "name": name, "statements": statements });
    OrganizationPolicy::parse(document.to_string().as_bytes()).unwrap_or_else(|error| panic!("{document}: {error}"))
}

fn statement(name: &str, effect: &str, actions: &[&str], resources: &[&str], principals: &[&str]) -> Value {
    json!({ "name": name, "effect": effect, "actions": actions, "resources": resources, "principals": principals })
}

/// One policy with one Allow.
fn allow(actions: &[&str], resources: &[&str], principals: &[&str]) -> OrganizationPolicies {
    OrganizationPolicies::compile(&[policy("p", &[statement("s", "Allow", actions, resources, principals)])])
}

fn judge(
    policies: &OrganizationPolicies,
    asker: &str,
    action: impl Into<PolicyAction>,
    resource: Resource<'_>,
) -> Verdict {
    asked(asker, action, resource, |question| policies.judge(question))
}

fn asked<T>(
    asker: &str,
    action: impl Into<PolicyAction>,
    resource: Resource<'_>,
    then: impl FnOnce(&Question<'_>) -> T,
) -> T {
    let principal = Principal::parse(asker);
    let asker = principal.as_ref().map_or(Asker::Anonymous, Asker::Principal);
    then(&Question { asker, action: action.into(), resource, context: &Context::new() })
}

fn is_allowed(
    policies: &OrganizationPolicies,
    asker: &str,
    action: impl Into<PolicyAction>,
    resource: Resource<'_>,
) -> bool {
    matches!(judge(policies, asker, action, resource), Verdict::Allowed(_))
}

fn object(key: &str) -> Resource<'_> {
    Resource::Object { bucket: "b", key }
}

#[test]
fn without_a_policy_nothing_is_said() {
    let none = OrganizationPolicies::compile(&[]);
    assert!(none.is_empty());
    assert_eq!(judge(&none, "saml/Admin", Action::GetObject, object("k")), Verdict::Silent);
    assert_eq!(judge(&OrganizationPolicies::default(), "saml/Admin", Action::GetObject, object("k")), Verdict::Silent);
}

#[test]
fn e17_a_deny_wins_over_every_allow_wherever_it_stands() {
    let allowing = statement("yes", "Allow", &["s3:*"], &["*"], &["*"]);
    let denying = statement("no", "Deny", &["s3:GetObject"], &["b/locked/*"], &["saml/A"]);
    for (first, second) in [(&allowing, &denying), (&denying, &allowing)] {
        let one = [policy("p", &[first.clone(), second.clone()])];
        let two = [policy("p", std::slice::from_ref(first)), policy("q", std::slice::from_ref(second))];
        for policies in [OrganizationPolicies::compile(&one), OrganizationPolicies::compile(&two)] {
            assert!(is_allowed(&policies, "saml/A", Action::GetObject, object("open/k")));
            assert!(is_allowed(&policies, "saml/B", Action::GetObject, object("locked/k")));
            let Verdict::Denied(by) = judge(&policies, "saml/A", Action::GetObject, object("locked/k")) else {
                panic!("the Deny wins")
            };
            assert_eq!(by.statement(), "no");
        }
    }
}

#[test]
fn the_first_statement_that_decides_is_named() {
    let many: Vec<_> =
        (0..70).map(|n| statement(&format!("s{n}"), "Allow", &["s3:PutObject"], &["*"], &["*"])).collect();
    let policies = [
        policy("c", &[statement("last", "Deny", &["s3:GetObject"], &["b/*"], &["*"])]),
        policy("a", &many),
        policy(
            "b",
            &[
                statement("first", "Allow", &["s3:GetObject"], &["b/*"], &["saml/*"]),
                statement("second", "Allow", &["s3:*"], &["*"], &["*"]),
                statement("third", "Deny", &["s3:GetObject"], &["b/x*"], &["*"]),
            ],
        ),
    ];
    let both = OrganizationPolicies::compile(&policies);
    let named = |verdict| match verdict {
        Verdict::Allowed(name) | Verdict::Denied(name) => name.to_string(),
        Verdict::Silent => panic!("silent"),
    };
    assert_eq!(named(judge(&both, "saml/A", Action::GetObject, object("x"))), "b/third");
    assert_eq!(named(judge(&both, "saml/A", Action::GetObject, object("k"))), "c/last");
    assert_eq!(named(judge(&both, "saml/A", Action::PutObject, object("k"))), "a/s0");
    let without_deny = OrganizationPolicies::compile(&policies[1..]);
    assert_eq!(named(judge(&without_deny, "saml/A", Action::GetObject, object("k"))), "b/first");
    assert_eq!(named(judge(&without_deny, "static/K", Action::GetObject, object("k"))), "b/second");
}

#[test]
fn e16_a_bucket_is_no_object_and_the_reverse() {
    let bucket = allow(&["s3:*"], &["b"], &["*"]);
    assert!(is_allowed(&bucket, "saml/A", Action::ListBucket, Resource::Bucket("b")));
    assert!(!is_allowed(&bucket, "saml/A", Action::GetObject, object("k")));
    let objects = allow(&["s3:*"], &["b/*"], &["*"]);
    assert!(!is_allowed(&objects, "saml/A", Action::ListBucket, Resource::Bucket("b")));
    assert!(is_allowed(&objects, "saml/A", Action::GetObject, object("k")));
    assert!(is_allowed(&objects, "saml/A", Action::GetObject, object("a/b/c")));
}

#[test]
fn e16_wildcards_are_those_of_arns_and_letters_are_exact() {
    let prefix = allow(&["s3:*"], &["b*"], &["*"]);
    assert!(is_allowed(&prefix, "saml/A", Action::ListBucket, Resource::Bucket("b-evil")));
    assert!(is_allowed(&prefix, "saml/A", Action::GetObject, object("k")), "a star crosses the slash");
    let middle = allow(&["s3:*"], &["b/a?c/*.jpg"], &["*"]);
    assert!(is_allowed(&middle, "saml/A", Action::GetObject, object("abc/d/e.jpg")));
    assert!(!is_allowed(&middle, "saml/A", Action::GetObject, object("abc/d/e.JPG")));
    assert!(!is_allowed(&middle, "saml/A", Action::GetObject, object("ac/e.jpg")));
    let whole = allow(&["s3:*"], &["b/k"], &["*"]);
    assert!(is_allowed(&whole, "saml/A", Action::GetObject, object("k")));
    for key in ["K", "k/", "kk", "k?"] {
        assert!(!is_allowed(&whole, "saml/A", Action::GetObject, object(key)), "{key}");
    }
}

#[test]
fn only_a_star_covers_what_is_about_no_bucket() {
    let everything = allow(&["*"], &["*"], &["*"]);
    let two_stars = allow(&["*"], &["**"], &["*"]);
    for policies in [everything, two_stars] {
        assert!(is_allowed(&policies, "saml/A", Action::ListAllMyBuckets, Resource::Any));
        assert!(is_allowed(&policies, "saml/A", ControlAction::CreateAccessKey, Resource::Any));
    }
    let others = allow(&["*"], &["?*", "*/*", "b*", "*?"], &["*"]);
    assert!(!is_allowed(&others, "saml/A", Action::ListAllMyBuckets, Resource::Any));
    assert!(!is_allowed(&others, "saml/A", ControlAction::CreateAccessKey, Resource::Any));
    assert!(is_allowed(&others, "saml/A", Action::GetObject, object("k")));
}

#[test]
fn a_star_is_everybody_who_proved_who_they_are() {
    let everybody = allow(&["s3:*"], &["*"], &["*", "role/*"]);
    assert!(is_allowed(&everybody, "static/CWKEY", Action::GetObject, object("k")));
    assert!(!is_allowed(&everybody, "nobody", Action::GetObject, object("k")));
    let anonymous = allow(&["s3:*"], &["*"], &["anonymous"]);
    assert!(is_allowed(&anonymous, "nobody", Action::GetObject, object("k")));
    assert!(!is_allowed(&anonymous, "static/CWKEY", Action::GetObject, object("k")));
}

#[test]
fn what_an_identity_says_is_literal() {
    let policies = allow(&["s3:*"], &["*"], &["role/https://i.example:a"]);
    assert!(!is_allowed(&policies, "role/https://i.example:*", Action::GetObject, object("k")));
    let policies = allow(&["s3:*"], &["b/a*"], &["*"]);
    assert!(!is_allowed(&policies, "saml/A", Action::GetObject, object("*")));
}

#[test]
fn the_role_rule_holds_in_a_deny_too() {
    let policies = OrganizationPolicies::compile(&[policy(
        "p",
        &[
            statement("yes", "Allow", &["s3:*"], &["*"], &["*"]),
            statement("no", "Deny", &["s3:*"], &["*"], &["role/Adm*"]),
        ],
    )]);
    assert!(matches!(judge(&policies, "saml/Admin", Action::GetObject, object("k")), Verdict::Denied(_)));
    assert!(is_allowed(&policies, "saml/User", Action::GetObject, object("k")));
}

#[test]
fn an_explanation_names_the_first_part_that_does_not_match() {
    let policies = OrganizationPolicies::compile(&[policy(
        "p",
        &[
            statement("all", "Deny", &["s3:GetObject"], &["b/*"], &["saml/A"]),
            statement("who", "Allow", &["s3:PutObject"], &["c"], &["saml/B"]),
            statement("action", "Allow", &["s3:PutObject"], &["c"], &["saml/A"]),
            statement("resource", "Allow", &["s3:GetObject"], &["c"], &["saml/A"]),
        ],
    )]);
    let considered = asked("saml/A", Action::GetObject, object("k"), |question| policies.explain(question));
    let outcomes: Vec<_> = considered.iter().map(|one| (one.statement.statement(), one.effect, &one.outcome)).collect();
    assert_eq!(
        outcomes,
        [
            ("all", Effect::Deny, &Outcome::Matches),
            ("who", Effect::Allow, &Outcome::OtherPrincipal),
            ("action", Effect::Allow, &Outcome::OtherAction),
            ("resource", Effect::Allow, &Outcome::OtherResource),
        ]
    );
}

#[test]
fn e15_a_bucket_is_shown_to_whom_an_allow_could_show_something_in_it() {
    let shown = |actions: &[&str], resources: &[&str], asker: &str| {
        let principal = Principal::parse(asker);
        let asker = principal.as_ref().map_or(Asker::Anonymous, Asker::Principal);
        allow(actions, resources, &["saml/A"]).may_show(asker, "b")
    };
    for (actions, resources) in [
        (["s3:ListBucket"], ["b"]),
        (["s3:GetObject"], ["b/x/*"]),
        (["s3:GetObject"], ["b/k"]),
        (["s3:*"], ["*"]),
        (["s3:Get*"], ["?/*"]),
        (["s3:GetBucketLocation"], ["b*"]),
        (["s3:GetObject"], ["b*"]),
    ] {
        assert!(shown(&actions, &resources, "saml/A"), "{actions:?} on {resources:?}");
        assert!(!shown(&actions, &resources, "saml/B"), "others");
        assert!(!shown(&actions, &resources, "nobody"), "anonymous");
    }
    for (actions, resources) in [
        (["s3:PutObject"], ["b/*"]),
        (["s3:GetObject"], ["b"]),
        (["s3:ListBucket"], ["b/*"]),
        (["s3:ListAllMyBuckets"], ["*"]),
        (["cwobject:*"], ["*"]),
        (["s3:ListBucket"], ["b-other"]),
        (["s3:GetObject"], ["bb/*"]),
    ] {
        assert!(!shown(&actions, &resources, "saml/A"), "{actions:?} on {resources:?}");
    }
}

#[test]
fn the_index_finds_what_a_walk_over_all_statements_finds() {
    let principals = ["*", "anonymous", "saml/A", "saml/A*", "role/A", "role/*", "r*", "role/https://i*", "static/K"];
    let resources =
        ["*", "b", "b*", "b/*", "b/a*", "b/?", "*/a", "?/a*b", "bb", "bb/*", "b/a", "*a*", "b/*/c", "b/aa*"];
    let actions = ["*", "s3:*", "s3:Get*", "s3:GetObject", "s3:PutObject", "s3:List*", "s3:ListBucket"];
    let askers = ["nobody", "saml/A", "saml/AB", "role/A", "role/https://i:a", "static/K", "coreweave/t"];
    let asked_for = [Action::GetObject, Action::PutObject, Action::ListBucket, Action::ListAllMyBuckets];
    let keys = ["a", "aa", "aab", "x/c", "c"];
    let mut random = StdRng::seed_from_u64(4);
    let (mut allowed, mut denied, mut silent) = (0, 0, 0);
    for _ in 0..200 {
        let mut pick = |from: &[&'static str]| from[random.random_range(0..from.len())];
        let count = [1, 3, 90][n_of(&mut pick)];
        let statements: Vec<_> = (0..count)
            .map(|n| {
                let effect = pick(&["Allow", "Deny", "Allow"]);
                let (actions, resources) = ([pick(&actions)], [pick(&resources), pick(&resources)]);
                statement(&format!("{n}"), effect, &actions, &resources, &[pick(&principals)])
            })
            .collect();
        let policies = OrganizationPolicies::compile(&[policy("p", &statements)]);
        for asker in askers {
            for action in asked_for {
                for key in keys {
                    for resource in [Resource::Any, Resource::Bucket(&key[..1]), object(key)] {
                        let (verdict, considered) = asked(asker, action, resource, |question| {
                            (policies.judge(question), policies.explain(question))
                        });
                        let first = |effect| {
                            let mut matching = considered.iter().filter(|one| one.outcome == Outcome::Matches);
                            matching.find(|one| one.effect == effect).map(|one| one.statement.clone())
                        };
                        let expected = match (first(Effect::Deny), first(Effect::Allow)) {
                            (Some(name), _) => Verdict::Denied(name),
                            (None, Some(name)) => Verdict::Allowed(name),
                            (None, None) => Verdict::Silent,
                        };
                        match expected {
                            Verdict::Allowed(_) => allowed += 1,
                            Verdict::Denied(_) => denied += 1,
                            Verdict::Silent => silent += 1,
                        }
                        assert_eq!(verdict, expected, "{asker} {action} {resource} {statements:?}");
                    }
                }
            }
        }
    }
    assert!(allowed > 1000 && denied > 1000 && silent > 1000, "{allowed} {denied} {silent}");
}

/// How many statements the next set has, as a choice of three.
fn n_of(pick: &mut impl FnMut(&[&'static str]) -> &'static str) -> usize {
    match pick(&["one", "few", "many"]) {
        "one" => 0,
        "few" => 1,
        _ => 2,
    }
}
