//! The engine against the reference evaluator: random documents, random questions, no difference.
//!
//! Everyday: 100,000 pairs of a policy set and a question. With `PORTCULLIS_LONG_TESTS`, as `tests/run
//! --long` sets it, 10 million. A difference is printed with its seed and the least document that shows it.

use std::collections::BTreeMap;

use portcullis::policy::{BucketPolicy, OrganizationPolicies, OrganizationPolicy, Verdict};
use serde_json::{Value, json};

use crate::asked::{Asked, On, organization};
use crate::coverage::Coverage;
use crate::dice::Dice;
use crate::generate::{self, PolicySet};
use crate::reference::{self, Said};
use crate::shrink::shrink;

const EVERYDAY: u64 = 100_000;
const LONG: u64 = 10_000_000;
/// Questions to one policy set.
const QUESTIONS: u64 = 100;

#[test]
fn engine_and_reference_agree() {
    let long = std::env::var_os("PORTCULLIS_LONG_TESTS").is_some();
    let pairs = if long { LONG } else { EVERYDAY };
    let sets = pairs / QUESTIONS;
    // Two workers, as many as the smallest machine has; each has its own half of the seeds.
    let workers: u64 = 2;
    let (mut coverage, mut refused, mut said) = (Coverage::default(), BTreeMap::new(), BTreeMap::new());
    std::thread::scope(|scope| {
        let work = |worker: u64| {
            scope.spawn(move || {
                let mut round = Round::default();
                (worker..sets).step_by(usize::try_from(workers).unwrap()).for_each(|seed| round.play(seed));
                round
            })
        };
        for worker in (0..workers).map(work).collect::<Vec<_>>() {
            let round = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            coverage.add(&round.coverage);
            add(&mut refused, round.refused);
            add(&mut said, round.said);
        }
    });
    println!("{pairs} pairs; {}", coverage.summary());
    println!("answers: {said:?}");
    println!("statements made anew because they were refused: {refused:#?}");
    assert_eq!(coverage.missing(), [""; 0], "cells that were never met");
    assert!(said.values().all(|count| *count > pairs / 50), "one answer hardly ever occurs: {said:?}");
}

fn add<K: Ord>(sum: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *sum.entry(key).or_default() += count;
    }
}

#[derive(Default)]
struct Round {
    coverage: Coverage,
    /// Why statements that the generator made were refused.
    refused: BTreeMap<String, u64>,
    said: BTreeMap<String, u64>,
}

impl Round {
    fn play(&mut self, seed: u64) {
        let mut dice = Dice::new(seed);
        let set = self.policy_set(&mut dice, seed);
        let compiled = compile_organization(&set.organization).unwrap();
        let policy = compile_bucket(&set.bucket_policy, set.bucket).unwrap();
        for _ in 0..QUESTIONS {
            let asked = generate::asked(&mut dice, set.bucket);
            let expected = reference::organization(&set.organization, &asked);
            self.count("organization", expected);
            if said_by(&compiled, &asked) != expected {
                complain_organization(seed, &set, &asked);
            }
            // Nobody asks a bucket's policy about anything else.
            if matches!(&asked.on, On::Bucket(bucket) | On::Object(bucket, _) if bucket == set.bucket) {
                let expected = reference::bucket(&set.bucket_policy, &asked, &mut self.coverage);
                self.count("bucket", expected);
                if said(&asked.put(|question| policy.judge(question))) != expected {
                    complain_bucket(seed, &set, &asked);
                }
            }
        }
    }

    fn count(&mut self, layer: &str, said: Said) {
        *self.said.entry(format!("{layer} {said:?}")).or_default() += 1;
    }

    /// Documents that the engine takes. What it refuses is made anew, and counted.
    fn policy_set(&mut self, dice: &mut Dice, seed: u64) -> PolicySet {
        let mut number = 0;
        let mut statement_number = 0;
        let organization = dice.several(1, 4, |dice| {
            number += 1;
            loop {
                let policy = generate::organization_policy(dice, number);
                match parse_organization(&policy) {
                    Ok(_) => return policy,
                    Err(error) => self.refuse(&error),
                }
            }
        });
        let bucket = generate::bucket(dice);
        let (version, variables) = generate::version(dice);
        let document = |statements: Vec<Value>| match version {
            Some(version) => json!({ "Version": version, "Statement": statements }),
            None => json!({ "Statement": statements }),
        };
        let statements = dice.several(1, 5, |dice| {
            loop {
                statement_number += 1;
                let statement = match statement_number {
                    1 => generate::conditional_statement(dice, bucket, variables, usize::try_from(seed).unwrap()),
                    _ => generate::bucket_statement(dice, bucket, variables),
                };
                match compile_bucket(&document(vec![statement.clone()]), bucket) {
                    Ok(_) => return statement,
                    Err(error) => self.refuse(&error),
                }
            }
        });
        PolicySet { organization, bucket, bucket_policy: document(unique_sids(statements)) }
    }

    fn refuse(&mut self, error: &str) {
        // Where, without the numbers.
        let place: String = error.split(": ").next().unwrap().chars().filter(|c| !c.is_ascii_digit()).collect();
        *self.refused.entry(place.split(['.', '[']).next_back().unwrap_or_default().to_owned()).or_default() += 1;
    }
}

fn unique_sids(mut statements: Vec<Value>) -> Vec<Value> {
    for (number, statement) in statements.iter_mut().enumerate() {
        if let Some(sid) = statement.get_mut("Sid") {
            *sid = json!(format!("S{number}"));
        }
    }
    statements
}

fn parse_organization(policy: &Value) -> Result<OrganizationPolicy, String> {
    OrganizationPolicy::parse(policy.to_string().as_bytes()).map_err(|error| error.to_string())
}

fn compile_organization(policies: &[Value]) -> Result<OrganizationPolicies, String> {
    let parsed: Vec<_> = policies.iter().map(parse_organization).collect::<Result<_, _>>()?;
    Ok(OrganizationPolicies::compile(&parsed))
}

pub(crate) fn compile_bucket(policy: &Value, bucket: &str) -> Result<BucketPolicy, String> {
    BucketPolicy::parse(policy.to_string().as_bytes(), bucket, &organization()).map_err(|error| error.to_string())
}

fn said_by(policies: &OrganizationPolicies, asked: &Asked) -> Said {
    said(&asked.put(|question| policies.judge(question)))
}

pub(crate) fn said(verdict: &Verdict) -> Said {
    match verdict {
        Verdict::Allowed(_) => Said::Allowed,
        Verdict::Denied(_) => Said::Denied,
        Verdict::Silent => Said::Silent,
    }
}

fn complain_organization(seed: u64, set: &PolicySet, asked: &Asked) -> ! {
    let answers = |policies: &Value| {
        let policies = policies.as_array()?;
        let engine = said_by(&compile_organization(policies).ok()?, asked);
        Some((engine, reference::organization(policies, asked)))
    };
    complain(seed, asked, &Value::from(set.organization.clone()), &answers)
}

fn complain_bucket(seed: u64, set: &PolicySet, asked: &Asked) -> ! {
    let answers = |policy: &Value| {
        let compiled = compile_bucket(policy, set.bucket).ok()?;
        let engine = said(&asked.put(|question| compiled.judge(question)));
        Some((engine, reference::bucket(policy, asked, &mut Coverage::default())))
    };
    complain(seed, asked, &set.bucket_policy, &answers)
}

fn complain(seed: u64, asked: &Asked, document: &Value, answers: &dyn Fn(&Value) -> Option<(Said, Said)>) -> ! {
    let differs = |document: &Value| answers(document).is_some_and(|(engine, expected)| engine != expected);
    let least = shrink(document, &differs);
    let (engine, expected) = answers(&least).unwrap();
    panic!("seed {seed}: the engine says {engine:?}, the reference {expected:?}\n{}\n{least:#}", asked.describe());
}
