//! Verdicts written by hand, `tests/vectors/policy/*.toml`: each names the sentence that decides it. Asked
//! of the engine and, so that it stays an authority, of the reference evaluator.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use portcullis::policy::{BucketPolicy, OrganizationPolicies, OrganizationPolicy};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::asked::{Asked, Known, On, organization};
use crate::coverage::Coverage;
use crate::differential::said;
use crate::reference::{self, Said};

/// A file of cases about one rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What decides: by a short name that the cases use.
    sentences: BTreeMap<String, Sentence>,
    /// What a case has that does not say otherwise.
    #[serde(default)]
    defaults: Given,
    case: Vec<Case>,
}

/// A sentence of a specification.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentence {
    /// Word for word.
    says: Option<String>,
    /// In our words, where the page has no one sentence.
    paraphrased: Option<String>,
    page: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(flatten)]
    given: Given,
    expect: Expect,
    /// For `refused`: what the error has to name.
    #[serde(default)]
    naming: Vec<String>,
    because: String,
}

/// A question and the documents in force.
#[derive(Clone, Debug, Default, Deserialize)]
struct Given {
    /// Whole documents.
    organization_policies: Option<Vec<String>>,
    bucket_policy: Option<String>,
    /// Statements of one document, JSON each.
    organization_statements: Option<Vec<String>>,
    bucket_statements: Option<Vec<String>>,
    /// A `Condition` element: of a statement that allows everybody everything else.
    condition: Option<String>,
    /// `Version` of a document made of statements; `none` for none.
    version: Option<String>,
    /// The bucket of the bucket policy.
    bucket: Option<String>,
    /// A principal, or `anonymous`.
    who: Option<String>,
    action: Option<String>,
    on: Option<String>,
    #[serde(default)]
    known: BTreeMap<String, KnownValue>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum KnownValue {
    One(String),
    Many(Vec<String>),
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Expect {
    Allowed,
    Denied,
    Refused,
    Silent,
}

/// Documents of one layer.
enum Documents {
    Bucket(String),
    Organization(Vec<String>),
}

#[test]
fn there_are_many_cases_and_each_has_its_own_name_and_sentence() {
    let mut names = BTreeSet::new();
    for (file, cases) in files() {
        let mut unused: BTreeSet<_> = cases.sentences.keys().cloned().collect();
        for case in &cases.case {
            assert!(names.insert(case.name.clone()), "{file}: two cases are called {}", case.name);
            assert!(cases.sentences.contains_key(&case.because), "{file}: {}: no sentence {}", case.name, case.because);
            unused.remove(&case.because);
        }
        assert!(unused.is_empty(), "{file}: nothing is decided by {unused:?}");
        for (name, sentence) in &cases.sentences {
            let words = [&sentence.says, &sentence.paraphrased].into_iter().flatten().count();
            assert!(words == 1 && !sentence.page.is_empty(), "{file}: {name}: one wording and a page");
        }
    }
    assert!(names.len() >= 150, "{} cases", names.len());
}

/// A test for each file of cases.
macro_rules! files {
    ($($(#[$about:meta])* $name:ident,)*) => {
        $($(#[$about])* #[test] fn $name() { check(|file, _| file == stringify!($name)); })*

        #[test]
        fn every_file_has_its_test() {
            let tested = BTreeSet::from([$(stringify!($name)),*].map(str::to_owned));
            assert_eq!(files().into_iter().map(|(file, _)| file).collect::<BTreeSet<_>>(), tested);
        }
    };
}

files! {
    actions,
    arn_operators,
    bool_binary_and_ip_operators,
    bucket_principals,
    evaluation,
    listing,
    missing_keys,
    not_forms,
    numeric_and_date_operators,
    organization_principals,
    refused_bucket_policies,
    refused_organization_policies,
    resources,
    set_operators,
    string_operators,
    variables,
    versions,
}

#[test]
fn e16_buckets_objects_wildcards_and_case_are_told_apart() {
    check(|_, name| name.starts_with("e16_"));
}

#[test]
fn e17_an_explicit_deny_wins_in_each_layer() {
    check(|_, name| name.starts_with("e17_"));
}

#[test]
fn e18_negated_and_set_conditions_agree_with_the_documentation() {
    check(|_, name| name.starts_with("e18_"));
}

#[test]
fn e20_the_value_of_a_variable_is_literal() {
    check(|_, name| name.starts_with("e20_"));
}

#[test]
fn e21_a_document_with_an_unknown_part_is_refused() {
    check(|_, name| name.starts_with("e21_"));
}

/// Runs the cases that `which` chooses by file and name, and reports all that fail at once.
fn check(which: impl Fn(&str, &str) -> bool) {
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for (file, cases) in files() {
        for case in cases.case.iter().filter(|case| which(&file, &case.name)) {
            checked += 1;
            let sentence = &cases.sentences[&case.because];
            if let Err(problem) = case.check(&cases.defaults) {
                let says = sentence.says.as_ref().or(sentence.paraphrased.as_ref()).unwrap();
                wrong.push(format!("{file}: {}: {problem}\n    because {says:?}\n    ({})", case.name, sentence.page));
            }
        }
    }
    assert!(checked > 0, "no case was chosen");
    assert!(wrong.is_empty(), "{} of {checked} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn files() -> Vec<(String, File)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/policy");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    files.iter().map(read).collect()
}

impl Case {
    fn check(&self, defaults: &Given) -> Result<(), String> {
        let given = self.given.with(defaults);
        let bucket = given.bucket.as_deref().unwrap_or("media");
        let documents = given.documents(bucket);
        let compiled = match &documents {
            Documents::Bucket(document) => {
                BucketPolicy::parse(document.as_bytes(), bucket, &organization()).map(|policy| {
                    Box::new(move |asked: &Asked| asked.put(|question| said(&policy.judge(question)))) as Judge
                })
            }
            Documents::Organization(documents) => {
                let parsed = documents.iter().map(|document| OrganizationPolicy::parse(document.as_bytes()));
                parsed.collect::<Result<Vec<_>, _>>().map(|policies| {
                    let policies = OrganizationPolicies::compile(&policies);
                    Box::new(move |asked: &Asked| asked.put(|question| said(&policies.judge(question)))) as Judge
                })
            }
        };
        let judge = match (compiled, self.expect) {
            (Ok(_), Expect::Refused) => return Err("the document is accepted".to_owned()),
            (Ok(judge), _) => judge,
            (Err(error), Expect::Refused) => return self.names_all(&error.to_string()),
            (Err(error), _) => return Err(format!("the document is refused: {error}")),
        };
        let asked = given.asked();
        let expected = match self.expect {
            Expect::Allowed => Said::Allowed,
            Expect::Denied => Said::Denied,
            Expect::Refused | Expect::Silent => Said::Silent,
        };
        let of_reference = match &documents {
            Documents::Bucket(document) => {
                reference::bucket(&serde_json::from_str(document).unwrap(), &asked, &mut Coverage::default())
            }
            Documents::Organization(documents) => {
                let documents: Vec<_> = documents.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
                reference::organization(&documents, &asked)
            }
        };
        match (judge(&asked), of_reference) {
            (engine, _) if engine != expected => Err(format!("expected {expected:?}, the engine says {engine:?}")),
            (_, other) if other != expected => Err(format!("expected {expected:?}, the reference says {other:?}")),
            _ => Ok(()),
        }
    }

    fn names_all(&self, error: &str) -> Result<(), String> {
        match self.naming.iter().find(|part| !error.contains(part.as_str())) {
            Some(part) => Err(format!("the error does not name {part:?}: {error}")),
            None if self.naming.is_empty() => Err("a refused document's error has to be described".to_owned()),
            None => Ok(()),
        }
    }
}

type Judge = Box<dyn Fn(&Asked) -> Said>;

impl Given {
    fn with(&self, defaults: &Self) -> Self {
        let own_documents = self.bucket_policy.is_some()
            || self.organization_policies.is_some()
            || self.bucket_statements.is_some()
            || self.organization_statements.is_some()
            || self.condition.is_some();
        let documents = if own_documents { self } else { defaults };
        let or = |own: &Option<String>, default: &Option<String>| own.clone().or_else(|| default.clone());
        let mut known = defaults.known.clone();
        known.extend(self.known.clone());
        Self {
            organization_policies: documents.organization_policies.clone(),
            bucket_policy: documents.bucket_policy.clone(),
            organization_statements: documents.organization_statements.clone(),
            bucket_statements: documents.bucket_statements.clone(),
            condition: documents.condition.clone(),
            version: or(&self.version, &defaults.version),
            bucket: or(&self.bucket, &defaults.bucket),
            who: or(&self.who, &defaults.who),
            action: or(&self.action, &defaults.action),
            on: or(&self.on, &defaults.on),
            known,
        }
    }

    fn documents(&self, bucket: &str) -> Documents {
        let parse = |text: &String| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        if let Some(documents) = &self.organization_policies {
            return Documents::Organization(documents.clone());
        }
        if let Some(statements) = &self.organization_statements {
            let named = |(number, text): (usize, &String)| {
                let mut statement: Value = parse(text);
                statement["name"] = json!(format!("s{number}"));
                statement
            };
            let statements: Vec<_> = statements.iter().enumerate().map(named).collect();
            let document = json!({ "version": "v1alpha1", "name": "case", "statements": statements });
            return Documents::Organization(vec![document.to_string()]);
        }
        if let Some(document) = &self.bucket_policy {
            return Documents::Bucket(document.clone());
        }
        let statements: Vec<Value> = match (&self.bucket_statements, &self.condition) {
            (Some(statements), _) => statements.iter().map(parse).collect(),
            (None, Some(condition)) => vec![json!({
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
                "Condition": parse(condition),
            })],
            (None, None) => panic!("a case without documents"),
        };
        let document = match self.version.as_deref() {
            Some("none") => json!({ "Statement": statements }),
            version => json!({ "Version": version.unwrap_or("2012-10-17"), "Statement": statements }),
        };
        Documents::Bucket(document.to_string())
    }

    fn asked(&self) -> Asked {
        let known = |(key, value): (&String, &KnownValue)| {
            let value = match value {
                KnownValue::One(text) => Known::One(text.clone()),
                KnownValue::Many(texts) => Known::Many(texts.clone()),
            };
            (key.clone(), value)
        };
        Asked {
            who: self.who.clone().filter(|who| who != "anonymous"),
            action: self.action.clone().expect("a case says which action"),
            on: On::parse(self.on.as_deref().expect("a case says on what")),
            known: self.known.iter().map(known).collect(),
        }
    }
}
