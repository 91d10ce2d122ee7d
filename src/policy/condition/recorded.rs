//! What is known of a request, as text: as the request log writes it and as `explain` and `simulate` are
//! told it. Reading back what was written gives the same values.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::variable::write_value;
use super::{ConditionKey, Context, FixedKey, KeyKind, Value, literal};
use crate::identity::{Attributes, OrganizationId};
use crate::policy::PolicyError;

/// What is known of a request, read from text. Lends the [`Context`] that a question needs.
#[derive(Clone, Debug, Default)]
pub struct OwnedContext {
    fixed: Vec<(FixedKey, OwnedValue)>,
    principal_tags: Attributes,
    request_tags: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
enum OwnedValue {
    Address(IpAddr),
    Flag(bool),
    Number(f64),
    Text(String),
    Texts(Vec<String>),
    Time(Timestamp),
}

impl OwnedContext {
    /// Reads the values of each key. `organization` is the one whose groups are known.
    ///
    /// Whoever names tags with `s3:RequestObjectTag/` need not repeat their keys in `s3:RequestObjectTagKeys`.
    ///
    /// # Errors
    /// [`PolicyError::Part`], naming the key, for one that is unknown or has values that it cannot have.
    pub fn parse(values: &BTreeMap<String, Vec<String>>, organization: &OrganizationId) -> Result<Self, PolicyError> {
        let mut parsed = Self::default();
        let mut attributes = BTreeMap::new();
        for (name, values) in values {
            let refused = |problem: String| PolicyError::Part { place: name.clone(), problem };
            let one = || match &**values {
                [value] => Ok(value.clone()),
                other => Err(refused(format!("has one value, not {}", other.len()))),
            };
            match ConditionKey::named(name, organization).map_err(refused)? {
                ConditionKey::Fixed(key) if parsed.fixed.iter().any(|(other, _)| *other == key) => {
                    return Err(refused("is given twice".to_owned()));
                }
                ConditionKey::Fixed(key) if key.kind() == KeyKind::Texts => {
                    parsed.fixed.push((key, OwnedValue::Texts(values.clone())));
                }
                ConditionKey::Fixed(key) => {
                    parsed.fixed.push((key, OwnedValue::parse(key.kind(), one()?).map_err(refused)?));
                }
                ConditionKey::PrincipalTag(tag) => {
                    if attributes.insert(tag.to_ascii_lowercase(), one()?).is_some() {
                        return Err(refused("is given twice".to_owned()));
                    }
                }
                ConditionKey::RequestObjectTag(tag) => {
                    if parsed.request_tags.iter().any(|(other, _)| **other == *tag) {
                        return Err(refused("is given twice".to_owned()));
                    }
                    parsed.request_tags.push((tag.into(), one()?));
                }
            }
        }
        parsed.principal_tags = Attributes::parse(attributes)
            .map_err(|error| PolicyError::Part { place: "aws:PrincipalTag".to_owned(), problem: error.to_string() })?;
        let keys_are_given = parsed.fixed.iter().any(|(key, _)| *key == FixedKey::RequestObjectTagKeys);
        if !parsed.request_tags.is_empty() && !keys_are_given {
            let keys = parsed.request_tags.iter().map(|(key, _)| key.clone()).collect();
            parsed.fixed.push((FixedKey::RequestObjectTagKeys, OwnedValue::Texts(keys)));
        }
        Ok(parsed)
    }

    /// What was read, for a question.
    #[must_use]
    pub fn lend(&self) -> Context<'_> {
        let mut context = Context::new();
        for (key, value) in &self.fixed {
            context.set(*key, value.lend());
        }
        context.set_principal_tags(&self.principal_tags);
        context.set_request_tags(&self.request_tags);
        context
    }
}

impl Context<'_> {
    /// Every key that has a value, with its values as text, as an object of JSON for the request log.
    /// `organization` stands in the name of the key of groups.
    #[must_use]
    pub fn to_json(&self, organization: &OrganizationId) -> String {
        let mut json = Vec::with_capacity(1024);
        // It is written on the way of every request: straight from the values, without a map of texts between.
        let written = serde_json::to_writer(&mut json, &Texts { context: self, organization });
        written.ok().and_then(|()| String::from_utf8(json).ok()).unwrap_or_else(|| "{}".to_owned())
    }
}

/// What is known, as text.
struct Texts<'a> {
    context: &'a Context<'a>,
    organization: &'a OrganizationId,
}

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.context.known() {
            match (key, value) {
                (FixedKey::Groups, value) => {
                    let name = format_args!("iam:{}:groups", self.organization);
                    map.serialize_entry(&name, &TextsOf(key, value))?;
                }
                (key, value) => map.serialize_entry(key.name(), &TextsOf(key, value))?,
            }
        }
        for (key, value) in self.context.tags() {
            map.serialize_entry(&format_args!("{key}"), &[value])?;
        }
        map.end()
    }
}

/// The values of one key.
struct TextsOf<'a>(FixedKey, Value<'a>);

impl Serialize for TextsOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.1 {
            Value::Text(text) => [text].serialize(serializer),
            Value::Texts(texts) => texts.serialize(serializer),
            value => [format_args!("{}", Written(self.0, value))].serialize(serializer),
        }
    }
}

/// A value as documents write it.
struct Written<'a>(FixedKey, Value<'a>);

impl fmt::Display for Written<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(formatter, &self.0.into(), self.1)
    }
}

impl OwnedValue {
    fn parse(kind: KeyKind, text: String) -> Result<Self, String> {
        let expected = |what: &str| format!("{text:?} is not {what}");
        Ok(match kind {
            KeyKind::Address => Self::Address(text.parse().map_err(|_| expected("an IP address"))?),
            KeyKind::Flag => Self::Flag(literal::flag(&text).ok_or_else(|| expected("true or false"))?),
            KeyKind::Number => Self::Number(literal::number(&text).ok_or_else(|| expected("a number"))?),
            KeyKind::Time => {
                Self::Time(literal::moment(&text).ok_or_else(|| expected("a moment such as 2026-01-31T12:00:00Z"))?)
            }
            KeyKind::Arn | KeyKind::Text | KeyKind::Texts => Self::Text(text),
        })
    }

    fn lend(&self) -> Value<'_> {
        match self {
            Self::Address(address) => Value::Address(*address),
            Self::Flag(flag) => Value::Flag(*flag),
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::Text(text),
            Self::Texts(texts) => Value::Texts(texts),
            Self::Time(time) => Value::Time(*time),
        }
    }
}
