//! A question in plain words, as the vectors, the generator and the reference evaluator have it, and how
//! it is put to the engine.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use portcullis::identity::{Attributes, OrganizationId, Principal};
use portcullis::policy::{Asker, Context, FixedKey, KeyKind, PolicyAction, Question, Resource, Value};

/// The organization of every test.
pub(crate) const ORGANIZATION: &str = "ab1cd2";

/// The name of the key of groups in documents.
pub(crate) const GROUPS: &str = "iam:ab1cd2:groups";

/// May `who` do `action` on `on`, with these values known?
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    /// The principal, or nobody.
    pub(crate) who: Option<String>,
    pub(crate) action: String,
    pub(crate) on: On,
    /// By the name of the condition key, as documentation writes it.
    pub(crate) known: BTreeMap<String, Known>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum On {
    Any,
    Bucket(String),
    Object(String, String),
}

/// What is known for a condition key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Known {
    One(String),
    Many(Vec<String>),
}

impl On {
    /// `*`, `bucket` or `bucket/key`.
    pub(crate) fn parse(text: &str) -> Self {
        match text.split_once('/') {
            _ if text == "*" => Self::Any,
            Some((bucket, key)) => Self::Object(bucket.to_owned(), key.to_owned()),
            None => Self::Bucket(text.to_owned()),
        }
    }

    /// The bare name; none for [`On::Any`].
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Self::Any => None,
            Self::Bucket(bucket) => Some(bucket.clone()),
            Self::Object(bucket, key) => Some(format!("{bucket}/{key}")),
        }
    }
}

impl Asked {
    /// Puts the question to the engine through `ask`.
    ///
    /// # Panics
    /// If the question cannot be put: the test is wrong.
    pub(crate) fn put<R>(&self, ask: impl FnOnce(&Question<'_>) -> R) -> R {
        let principal = self.who.as_deref().map(|who| Principal::parse(who).unwrap());
        let (tags, attributes) = (self.tags("s3:RequestObjectTag/"), self.tags("aws:PrincipalTag/"));
        let attributes = Attributes::parse(attributes.into_iter().collect()).unwrap();
        let mut context = Context::new();
        context.set_request_tags(&tags);
        if !attributes.is_empty() {
            context.set_principal_tags(&attributes);
        }
        for (name, known) in &self.known {
            if !name.contains("Tag/") {
                let key = fixed_key(name);
                context.set(key, value(key, known));
            }
        }
        ask(&Question {
            asker: principal.as_ref().map_or(Asker::Anonymous, Asker::Principal),
            action: PolicyAction::named(&self.action).unwrap_or_else(|| panic!("no action {}", self.action)),
            resource: match &self.on {
                On::Any => Resource::Any,
                On::Bucket(bucket) => Resource::Bucket(bucket),
                On::Object(bucket, key) => Resource::Object { bucket, key },
            },
            context: &context,
        })
    }

    fn tags(&self, prefix: &str) -> Vec<(String, String)> {
        let tag = |(name, known): (&String, &Known)| match (name.strip_prefix(prefix), known) {
            (Some(name), Known::One(value)) => Some((name.to_owned(), value.clone())),
            _ => None,
        };
        self.known.iter().filter_map(tag).collect()
    }

    /// The question in one line.
    pub(crate) fn describe(&self) -> String {
        let who = self.who.as_deref().unwrap_or("(anonymous)");
        let mut text = format!("{who} {} on {}", self.action, self.on.name().as_deref().unwrap_or("*"));
        for (name, known) in &self.known {
            write!(text, "\n    {name} = {known:?}").unwrap();
        }
        text
    }
}

/// The engine's organization.
pub(crate) fn organization() -> OrganizationId {
    OrganizationId::parse(ORGANIZATION).unwrap()
}

/// The engine's key of this name.
pub(crate) fn fixed_key(name: &str) -> FixedKey {
    let right = |key: &&FixedKey| key.name() == name || (name == GROUPS && **key == FixedKey::Groups);
    *FixedKey::ALL.iter().find(right).unwrap_or_else(|| panic!("no condition key {name}"))
}

fn value(key: FixedKey, known: &Known) -> Value<'_> {
    match (known, key.kind()) {
        (Known::Many(texts), KeyKind::Texts) => Value::Texts(texts),
        (Known::Many(_), kind) => panic!("{} is {kind:?} and has one value", key.name()),
        (Known::One(text), KeyKind::Address) => Value::Address(text.parse().unwrap()),
        (Known::One(text), KeyKind::Flag) => Value::Flag(text.parse().unwrap()),
        (Known::One(text), KeyKind::Number) => Value::Number(text.parse().unwrap()),
        (Known::One(text), KeyKind::Time) => Value::Time(text.parse::<Timestamp>().unwrap()),
        (Known::One(text), KeyKind::Arn | KeyKind::Text | KeyKind::Texts) => Value::Text(text),
    }
}
