//! Broken documents: whatever is done to a valid one, reading it never panics, and what is still accepted
//! means to the engine what it means to the reference evaluator.

use std::cell::Cell;

use portcullis::policy::{BucketPolicy, OrganizationPolicies, OrganizationPolicy};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::asked::{Asked, On, organization};
use crate::coverage::Coverage;
use crate::dice::Dice;
use crate::differential::said;
use crate::generate;
use crate::reference;

/// What is done to the bytes of a document.
#[derive(Clone, Debug)]
enum Mutation {
    Cut(usize),
    Insert(usize, String),
    Remove(usize, usize),
    Repeat(usize, usize),
    Replace(usize, String),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<usize>;
    let piece = prop_oneof![
        "[\\x20-\\x7e]{1,3}",
        prop::sample::select(PIECES).prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop_oneof![
        1 => at().prop_map(Mutation::Cut),
        4 => (at(), piece.clone()).prop_map(|(at, text)| Mutation::Insert(at, text)),
        3 => (at(), 1..12_usize).prop_map(|(at, length)| Mutation::Remove(at, length)),
        2 => (at(), 1..60_usize).prop_map(|(at, length)| Mutation::Repeat(at, length)),
        4 => (at(), piece).prop_map(|(at, text)| Mutation::Replace(at, text)),
    ]
}

const PIECES: &[&str] = &[
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "1e999",
    "-0",
    "\\u0000",
    "\\ud800",
    "*",
    "?",
    "**",
    "${",
    "${*}",
    "}",
    "${aws:username}",
    "arn:aws:s3:::",
    "Not",
    "IfExists",
    "ForAnyValue:",
    "s3:*",
    "é",
    "/",
    "$",
];

impl Mutation {
    fn apply(&self, document: &str) -> String {
        let characters: Vec<char> = document.chars().collect();
        let place = |at: usize| at % (characters.len() + 1);
        let text =
            |range: std::ops::Range<usize>| -> String { characters.iter().take(range.end).skip(range.start).collect() };
        let end = characters.len();
        match self {
            Self::Cut(at) => text(0..place(*at)),
            Self::Insert(at, new) => format!("{}{new}{}", text(0..place(*at)), text(place(*at)..end)),
            Self::Remove(at, length) => format!("{}{}", text(0..place(*at)), text(place(*at) + length..end)),
            Self::Repeat(at, length) => {
                format!("{}{}", text(0..place(*at) + length), text(place(*at)..end))
            }
            Self::Replace(at, new) => format!("{}{new}{}", text(0..place(*at)), text(place(*at) + 1..end)),
        }
    }
}

/// The questions that an accepted document is asked.
fn questions(dice: &mut Dice, bucket: &str) -> Vec<Asked> {
    dice.several(12, 12, |dice| generate::asked(dice, bucket))
}

/// Runs `judge` on broken documents, made from a seed, and wants a fair part of them to be accepted: if
/// none were, nothing would be compared. `judge` says whether its document was.
fn run(judge: impl Fn(u64, &Damage) -> Result<bool, TestCaseError>) {
    let accepted = Cell::new(0);
    let config = ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() };
    let texts = prop::collection::vec((any::<usize>(), mutation()), 0..3);
    // Bytes outside of texts are hardly ever right once they are changed.
    let bytes = prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(mutation(), 1..3)];
    let outcome = TestRunner::new(config).run(&(any::<u64>(), texts, bytes), |(seed, texts, bytes)| {
        accepted.set(accepted.get() + u32::from(judge(seed, &Damage { texts, bytes })?));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    println!("{} of {} broken documents were accepted", accepted.get(), cases());
    assert!(accepted.get() > cases() / 10, "only {} of {} were accepted", accepted.get(), cases());
}

/// What is done to a document: to some of its texts, and to it as a whole.
struct Damage {
    texts: Vec<(usize, Mutation)>,
    bytes: Vec<Mutation>,
}

impl Damage {
    fn apply(&self, document: &Value) -> String {
        let mut document = document.clone();
        for (which, mutation) in &self.texts {
            let count = texts_of(&mut document).len();
            if let Some(text) = texts_of(&mut document).into_iter().nth(which % count.max(1)) {
                *text = mutation.apply(text);
            }
        }
        self.bytes.iter().fold(document.to_string(), |text, mutation| mutation.apply(&text))
    }
}

/// Every text in a document but the names of members.
fn texts_of(value: &mut Value) -> Vec<&mut String> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter_mut().flat_map(texts_of).collect(),
        Value::Object(members) => members.values_mut().flat_map(texts_of).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_broken_bucket_policy_is_refused_or_means_what_it_says() {
    run(|seed, damage| {
        let mut dice = Dice::new(seed);
        let bucket = generate::bucket(&mut dice);
        let (version, variables) = generate::version(&mut dice);
        let statements = dice.several(1, 2, |dice| generate::bucket_statement(dice, bucket, variables));
        let document = match version {
            Some(version) => json!({ "Version": version, "Statement": statements }),
            None => json!({ "Statement": statements }),
        };
        let broken = damage.apply(&document);
        let Ok(policy) = BucketPolicy::parse(broken.as_bytes(), bucket, &organization()) else { return Ok(false) };
        let document: Value = serde_json::from_str(&broken).unwrap();
        for asked in questions(&mut dice, bucket) {
            if matches!(&asked.on, On::Bucket(on) | On::Object(on, _) if on == bucket) {
                let engine = said(&asked.put(|question| policy.judge(question)));
                let expected = reference::bucket(&document, &asked, &mut Coverage::default());
                prop_assert_eq!(engine, expected, "{}\n{}", asked.describe(), broken);
            }
        }
        Ok(true)
    });
}

#[test]
fn a_broken_organization_policy_is_refused_or_means_what_it_says() {
    run(|seed, damage| {
        let mut dice = Dice::new(seed);
        let broken = damage.apply(&generate::organization_policy(&mut dice, 1));
        let Ok(policy) = OrganizationPolicy::parse(broken.as_bytes()) else { return Ok(false) };
        let document: Value = serde_json::from_str(&broken).unwrap();
        let policies = OrganizationPolicies::compile([&policy]);
        for asked in questions(&mut dice, "b") {
            let engine = said(&asked.put(|question| policies.judge(question)));
            let expected = reference::organization(std::slice::from_ref(&document), &asked);
            prop_assert_eq!(engine, expected, "{}\n{}", asked.describe(), broken);
        }
        Ok(true)
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_bytes_are_no_policy_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(BucketPolicy::parse(&bytes, "b", &organization()).is_err());
        prop_assert!(OrganizationPolicy::parse(&bytes).is_err());
    }
}

fn cases() -> u32 {
    if std::env::var_os("PORTCULLIS_LONG_TESTS").is_some() { 200_000 } else { 3_000 }
}
