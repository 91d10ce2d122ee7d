//! What is known of a request, as text: as the request log writes it and as `explain` and `simulate` are
//! told it. Reading back what was written gives the same values.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;

use super::variable::write_value;
use super::{ConditionKey, Context, FixedKey, KeyKind, Value, literal};
use crate::identity::{Attributes, OrganizationId};
use crate::json_text::JsonText;
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
    /// Every key that has a value, with its values as text, for the request log: a JSON object of lists, in ASCII.
    /// `organization` stands in the name of the key of groups. `shown` says what of a text is written; a key of
    /// which nothing is shown is left out.
    #[must_use]
    pub fn to_json(
        &self,
        organization: &OrganizationId,
        shown: impl for<'t> Fn(FixedKey, &'t str) -> Option<&'t str>,
    ) -> String {
        let mut object = JsonObject(JsonText::with_capacity(USUAL_LENGTH));
        let mut text = String::new();
        for (key, value) in self.known() {
            if let Value::Texts(texts) = value {
                let list = texts.iter().filter_map(|text| shown(key, text));
                match key {
                    FixedKey::Groups => object.add(&format!("iam:{organization}:groups"), list),
                    key => object.add(key.name(), list),
                }
                continue;
            }
            text.clear();
            // Writing to a `String` does not fail.
            let _ = write_value(&mut text, &key.into(), value);
            if let Some(text) = shown(key, &text) {
                object.add(key.name(), [text]);
            }
        }
        for (key, value) in self.tags() {
            object.add(&key.to_string(), [value]);
        }
        object.finish()
    }
}

/// What the context of an object's request comes to.
const USUAL_LENGTH: usize = 1024;

/// A JSON object of lists of strings.
struct JsonObject(JsonText);

impl JsonObject {
    fn add<'t>(&mut self, name: &str, texts: impl IntoIterator<Item = &'t str>) {
        let before = if self.0.is_empty() { "{" } else { "," };
        self.0.json(before).text(name).json(":[");
        for (index, text) in texts.into_iter().enumerate() {
            if index > 0 {
                self.0.json(",");
            }
            self.0.text(text);
        }
        self.0.json("]");
    }

    fn finish(mut self) -> String {
        if self.0.is_empty() {
            self.0.json("{");
        }
        self.0.json("}");
        self.0.finish()
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
